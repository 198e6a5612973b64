#include "core/policy/capacity_belief.h"

#include <algorithm>
#include <cmath>

namespace tradewind::policy {
namespace {

constexpr double neighbour_weight = 0.4;  // of what is seen of the region's other zones
constexpr double memory_h = 48;           // after which evidence counts 1/e: regimes change within days
constexpr double impossible = 1e-9;

double sum(const PhaseMix& mix) {
  return mix[0] + mix[1] + mix[2];
}

double dot(const PhaseMix& a, const PhaseMix& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

PhaseMix times(const PhaseMix& a, const PhaseMix& b) {
  return {a[0] * b[0], a[1] * b[1], a[2] * b[2]};
}

PhaseMix normalised(const PhaseMix& mix) {
  const double total = sum(mix);
  return {mix[0] / total, mix[1] / total, mix[2] / total};
}

void add(PhaseMix& to, double weight, const PhaseMix& mix) {
  for (std::size_t i = 0; i < phases; ++i) to[i] += weight * mix[i];
}

// Moves what does not outlast the tick to the other side, as new spells. Returns how much that is.
double end_spells(PhaseMix& spells, const PhaseMix& lasts) {
  double ended = 0;
  for (std::size_t i = 0; i < phases; ++i) {
    ended += spells[i] * (1 - lasts[i]);
    spells[i] *= lasts[i];
  }
  return ended;
}

}  // namespace

double mean_up_h(const PhaseMix& up) {
  return dot(up, policy::up_mean_h);
}
double mean_down_h(const PhaseMix& down) {
  return dot(down, policy::down_mean_h);
}
double share_up(const SpellMix& spells) {
  const double up = mean_up_h(spells.up);
  return up / (up + mean_down_h(spells.down));
}
double rise_per_h(const PhaseMix& down) {
  return mean_down_h(down) / dot(down, times(down_mean_h, down_mean_h));
}
PhaseMix found_up(const PhaseMix& up) {
  return normalised(times(up, policy::up_mean_h));
}

CapacityBelief::CapacityBelief(const Problem& problem)
    : problem_(problem),
      zones_(problem.zones.size()),
      region_evidence_(problem.regions.size()),
      average_(problem.zones.size()) {
  const double tick_h = problem.tick_s / 3600;
  for (std::size_t i = 0; i < phases; ++i) {
    up_lasts_[i] = std::exp(-tick_h / up_mean_h[i]);
    down_lasts_[i] = std::exp(-tick_h / down_mean_h[i]);
  }
  remembered_ = std::exp(-tick_h / memory_h);
  for (std::size_t g = 0; g < regimes; ++g) log_weights_[g] = std::log(known_regimes[g].weight);
  for (Zone& zone : zones_) {
    for (std::size_t g = 0; g < regimes; ++g) {  // found at a random moment
      const SpellMix& spells = known_regimes[g].spells;
      const double whole = mean_up_h(spells.up) + mean_down_h(spells.down);
      add(zone.spell[g].up, 1 / whole, times(spells.up, up_mean_h));
      add(zone.spell[g].down, 1 / whole, times(spells.down, down_mean_h));
    }
  }
  for (std::size_t zone = 0; zone < zones_.size(); ++zone) average(zone);
}

void CapacityBelief::learn(const Sight& sight) {
  for (int tick = tick_.value_or(sight.tick); tick < sight.tick; ++tick) let_a_tick_pass();
  tick_ = sight.tick;
  for (std::size_t zone = 0; zone < zones_.size(); ++zone) {
    if (sight.capacity[zone] != Seen::unknown) see(zone, sight.capacity[zone] == Seen::up);
  }
  // What is not shown may still have told something: a launch that failed, an instance that was lost.
  const auto saw_down = [&](int zone) {
    const auto index = static_cast<std::size_t>(zone);
    if (sight.capacity[index] == Seen::unknown) see(index, false);
  };
  const std::optional<Attempt>& attempt = sight.last_attempt;
  if (attempt && !attempt->ok && attempt->what.purchase == Purchase::spot) saw_down(attempt->what.zone);
  for (const Attempt& other : sight.heard) {
    const auto index = static_cast<std::size_t>(other.what.zone);
    if (sight.capacity[index] == Seen::unknown) see(index, other.ok);
  }
  if (sight.preempted && held_spot_ >= 0) saw_down(held_spot_);
  held_spot_ = sight.held && sight.held->purchase == Purchase::spot ? sight.held->zone : -1;

  std::fill(region_evidence_.begin(), region_evidence_.end(), RegimeMix{});
  for (std::size_t zone = 0; zone < zones_.size(); ++zone) {
    RegimeMix& all = region_evidence_[static_cast<std::size_t>(problem_.zones[zone].region_index)];
    for (std::size_t g = 0; g < regimes; ++g) all[g] += zones_[zone].evidence[g];
  }
  for (std::size_t zone = 0; zone < zones_.size(); ++zone) average(zone);
}

void CapacityBelief::let_a_tick_pass() {
  for (Zone& zone : zones_) {
    for (std::size_t g = 0; g < regimes; ++g) {
      Spell& spell = zone.spell[g];
      const double fell = end_spells(spell.up, up_lasts_);
      const double rose = end_spells(spell.down, down_lasts_);
      add(spell.up, rose, known_regimes[g].spells.up);
      add(spell.down, fell, known_regimes[g].spells.down);
      zone.evidence[g] *= remembered_;
    }
  }
}

void CapacityBelief::see(std::size_t index, bool up) {
  Zone& zone = zones_[index];
  for (std::size_t g = 0; g < regimes; ++g) {
    PhaseMix& seen = up ? zone.spell[g].up : zone.spell[g].down;
    const double likelihood = sum(seen);
    zone.evidence[g] += std::log(std::max(likelihood, impossible));
    const SpellMix& fresh = known_regimes[g].spells;
    seen = likelihood < impossible ? (up ? fresh.up : fresh.down) : normalised(seen);
    (up ? zone.spell[g].down : zone.spell[g].up) = {};
  }
}

RegimeMix CapacityBelief::regimes_of(std::size_t index) const {
  const RegimeMix& own = zones_[index].evidence;
  const RegimeMix& all = region_evidence_[static_cast<std::size_t>(problem_.zones[index].region_index)];
  RegimeMix belief{};
  for (std::size_t g = 0; g < regimes; ++g) {
    belief[g] = log_weights_[g] + own[g] + neighbour_weight * (all[g] - own[g]);
  }
  const double most = *std::max_element(belief.begin(), belief.end());
  double total = 0;
  for (double& value : belief) total += value = std::exp(value - most);
  for (double& value : belief) value /= total;
  return belief;
}

void CapacityBelief::average(std::size_t index) {
  const RegimeMix belief = regimes_of(index);
  ZoneBelief zone{};
  PhaseMix up{};
  PhaseMix down{};
  for (std::size_t g = 0; g < regimes; ++g) {
    const SpellMix& spells = known_regimes[g].spells;
    add(up, belief[g], zones_[index].spell[g].up);
    add(down, belief[g], zones_[index].spell[g].down);
    add(zone.next.up, belief[g], spells.up);
    add(zone.next.down, belief[g], spells.down);
    zone.share += belief[g] * share_up(spells);
    zone.rise_per_h += belief[g] * policy::rise_per_h(spells.down);
  }
  zone.up = sum(up);
  zone.up_phases = zone.up > impossible ? normalised(up) : zone.next.up;
  zone.down_phases = sum(down) > impossible ? normalised(down) : zone.next.down;
  average_[index] = zone;
}

}  // namespace tradewind::policy
