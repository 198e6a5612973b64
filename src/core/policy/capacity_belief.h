// What is believed of spot capacity: whether it is to be had now in each zone, how long it lasts, and when it
// comes back.
//
// A zone's life alternates between spells with capacity and spells without. The length of a spell is a
// mixture of exponentials of fixed means (its phases): most spells are short and a few are very long, so the
// hazard of a spell falls with its age, by Bayes, without an age being kept. How the phases are mixed is the
// zone's regime, which is not seen either: a zone that had long lives yesterday has them today. Each zone has
// a belief over regimes, to which its own history and, at a discount, that of its region's other zones
// contribute, since zones of one region fall and rise together.
//
// The means and mixtures are maximum-likelihood estimates over the run lengths of 20 traces of V100 and K80
// spot capacity on AWS, 2022-10 to 2023-08 (github.com/skypilot-org/spot-traces, "Can't Be Late", NSDI 2024),
// with days as the unit that has a regime. `tradewind traces stats` shows the same statistics of any trace.
#pragma once

#include <array>
#include <vector>

#include "core/policy/player.h"

namespace tradewind::policy {

inline constexpr std::size_t phases = 3;
inline constexpr std::size_t regimes = 4;
using PhaseMix = std::array<double, phases>;    // probabilities, or weights
using RegimeMix = std::array<double, regimes>;  // probabilities, or logarithms of them

// Mean lengths of the phases of a spell, hours.
inline constexpr PhaseMix up_mean_h = {0.46, 2.8, 16.8};
inline constexpr PhaseMix down_mean_h = {0.42, 2.8, 17.0};

// How the phases of new spells are mixed.
struct SpellMix {
  PhaseMix up{};    // of a spell with capacity
  PhaseMix down{};  // of one without
};
struct Regime {
  double weight = 0;  // before anything is seen
  SpellMix spells;
};
inline constexpr std::array<Regime, regimes> known_regimes = {{
    {0.12, {{0.02, 0.39, 0.59}, {0.90, 0.02, 0.08}}},  // capacity 86 % of the time, lives of 11 hours
    {0.23, {{0.60, 0.30, 0.10}, {0.93, 0.03, 0.04}}},  // 69 %, short outages
    {0.37, {{0.45, 0.44, 0.11}, {0.37, 0.56, 0.07}}},  // 53 %
    {0.28, {{0.94, 0.02, 0.04}, {0.58, 0.33, 0.09}}},  // 29 %, short lives
}};

double mean_up_h(const PhaseMix& up);
double mean_down_h(const PhaseMix& down);
// The share of time with capacity.
double share_up(const SpellMix& spells);
// An hour's chance that capacity comes back, for a zone found without it at a random moment.
double rise_per_h(const PhaseMix& down);
// The phases of a spell that is found at a random moment: long ones are found more often.
PhaseMix found_up(const PhaseMix& up);

// A zone, its regimes averaged.
struct ZoneBelief {
  double up = 0;         // probability that spot is to be had now
  PhaseMix up_phases;    // of the spell that goes on, if it is up
  PhaseMix down_phases;  // if it is down
  SpellMix next;         // of the spells to come
  double share = 0;      // of time with capacity
  double rise_per_h = 0;
};

class CapacityBelief {
 public:
  explicit CapacityBelief(const Problem& problem);
  // In order of ticks, of which the first may be any: time goes on to the sight's, and what it shows is
  // learned.
  void learn(const Sight& sight);
  const ZoneBelief& zone(int index) const { return average_[static_cast<std::size_t>(index)]; }

 private:
  // Given a regime: the phase of the spell that goes on. All six sum to 1.
  struct Spell {
    PhaseMix up{};
    PhaseMix down{};
  };
  struct Zone {
    std::array<Spell, regimes> spell;
    RegimeMix evidence{};  // log likelihood of what was seen of this zone
  };
  void let_a_tick_pass();
  void see(std::size_t zone, bool up);
  RegimeMix regimes_of(std::size_t zone) const;
  void average(std::size_t zone);

  const Problem& problem_;
  PhaseMix up_lasts_{};  // the chance that a phase outlasts a tick
  PhaseMix down_lasts_{};
  RegimeMix log_weights_{};
  double remembered_ = 1;  // of the evidence, after a tick
  std::vector<Zone> zones_;
  std::vector<RegimeMix> region_evidence_;
  std::vector<ZoneBelief> average_;
  std::optional<int> tick_;  // of the last sight
  int held_spot_ = -1;       // the zone of the spot instance held at the last tick
};

}  // namespace tradewind::policy
