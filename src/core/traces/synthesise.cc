#include "core/traces/synthesise.h"

#include <cmath>
#include <map>

namespace tradewind::traces {
namespace {

// Calm or scarce in turns, each for an exponential time.
class Factor {
 public:
  Factor(const SyntheticLaw& law, Random& random)
      : calm_s_(law.mean_calm_s),
        scarce_s_(law.mean_scarce_s),
        scarce_(random.chance(scarce_s_ / (calm_s_ + scarce_s_))) {}
  void pass(double seconds, Random& random) {
    const bool was = scarce_;
    if (random.chance(1 - std::exp(-seconds / (scarce_ ? scarce_s_ : calm_s_)))) scarce_ = !scarce_;
    turned_scarce_ = scarce_ && !was;
  }
  bool scarce() const { return scarce_; }
  bool turned_scarce() const { return turned_scarce_; }

 private:
  double calm_s_;
  double scarce_s_;
  bool scarce_;
  bool turned_scarce_ = false;
};

// The chance that a Weibull spell of that mean and shape, now of some age, ends within the next seconds, its
// hazard multiplied by `hurry`.
double ends_within(double age_s, double seconds, double mean_s, double shape, double hurry) {
  const double scale = mean_s / std::tgamma(1 + 1 / shape);
  const double hazard = std::pow((age_s + seconds) / scale, shape) - std::pow(age_s / scale, shape);
  return 1 - std::exp(-hazard * std::pow(hurry, shape));
}

struct ZoneState {
  bool up = false;
  double age_s = 0;
};

struct Means {
  double up_s = 0;
  double down_s = 0;
};

// How much faster a zone is lost, and slower it comes back, than by its own means.
double strain_of(const SyntheticLaw& law, bool region_scarce, bool market_scarce) {
  return (region_scarce ? law.region_strength : 1 / law.region_strength) *
         (market_scarce ? law.market_strength : 1 / law.market_strength);
}

// Mean spells over calm and scarce times of a zone whose own means are these, spells being short beside
// seasons.
Means over_seasons(const Means& own, const SyntheticLaw& law) {
  const double scarce = law.mean_scarce_s / (law.mean_calm_s + law.mean_scarce_s);
  double share_up = 0;
  double losses_per_s = 0;
  for (const bool region : {false, true}) {
    for (const bool market : {false, true}) {
      const double weight = (region ? scarce : 1 - scarce) * (market ? scarce : 1 - scarce);
      const double strain = strain_of(law, region, market);
      const double cycle_s = own.up_s / strain + own.down_s * strain;
      share_up += weight * own.up_s / strain / cycle_s;
      losses_per_s += weight / cycle_s;
    }
  }
  return {share_up / losses_per_s, (1 - share_up) / losses_per_s};
}

// The own means with which a zone has the wanted ones over all seasons.
Means own_means(const SyntheticZone& zone, const SyntheticLaw& law) {
  constexpr int rounds = 60;
  Means own{zone.mean_up_s, zone.mean_down_s};
  for (int i = 0; i < rounds; ++i) {
    const Means now = over_seasons(own, law);
    own.up_s *= std::sqrt(zone.mean_up_s / now.up_s);
    own.down_s *= std::sqrt(zone.mean_down_s / now.down_s);
  }
  return own;
}

}  // namespace

std::vector<Trace> synthesise(const std::vector<SyntheticZone>& zones, const SyntheticLaw& law,
                              std::int64_t ticks, double tick_s, Random& random) {
  Factor market(law, random);
  std::map<std::string, Factor> regions;
  std::vector<Trace> traces;
  std::vector<ZoneState> states;
  std::vector<Means> means;
  for (const SyntheticZone& zone : zones) {
    regions.try_emplace(zone.region, law, random);
    Trace trace;
    trace.id = zone.id;
    trace.kind = "synthetic";
    trace.provider = zone.provider;
    trace.zone = zone.zone;
    trace.nodes = law.nodes;
    trace.tick_s = tick_s;
    trace.source = "made by tradewind traces synthesise";
    traces.push_back(std::move(trace));
    means.push_back(own_means(zone, law));
    // As if it had been going on for long.
    const bool up = random.chance(zone.mean_up_s / (zone.mean_up_s + zone.mean_down_s));
    states.push_back({up, random.exponential(up ? zone.mean_up_s : zone.mean_down_s)});
  }
  for (std::int64_t k = 0; k < ticks; ++k) {
    market.pass(tick_s, random);
    for (auto& [name, factor] : regions) factor.pass(tick_s, random);
    for (std::size_t i = 0; i < zones.size(); ++i) {
      const Factor& region = regions.at(zones[i].region);
      ZoneState& state = states[i];
      const double strain = strain_of(law, region.scarce(), market.scarce());
      const double ends = state.up
                              ? ends_within(state.age_s, tick_s, means[i].up_s, law.shape_up, strain)
                              : ends_within(state.age_s, tick_s, means[i].down_s, law.shape_down, 1 / strain);
      const bool falls = state.up && region.turned_scarce() && random.chance(law.fall_together);
      state.age_s += tick_s;
      if (falls || random.chance(ends)) state = {!state.up, 0};
      append(traces[i].runs,
             state.up ? law.nodes : static_cast<int>(random.below(static_cast<std::uint64_t>(law.nodes))), 1);
    }
  }
  return traces;
}

std::vector<SyntheticZone> synthetic_zones() {
  const auto hours = [](double h) { return h * 3600; };
  return {{"synthetic-east-1a", "synthetic", "east-1", "east-1a", hours(0.8), hours(3.8)},
          {"synthetic-east-1b", "synthetic", "east-1", "east-1b", hours(1.3), hours(1.8)},
          {"synthetic-east-1c", "synthetic", "east-1", "east-1c", hours(1.9), hours(1.9)},
          {"synthetic-east-2a", "synthetic", "east-2", "east-2a", hours(6.9), hours(2.4)},
          {"synthetic-east-2b", "synthetic", "east-2", "east-2b", hours(3.8), hours(1.9)},
          {"synthetic-west-1a", "synthetic", "west-1", "west-1a", hours(4.2), hours(0.9)},
          {"synthetic-west-1b", "synthetic", "west-1", "west-1b", hours(8.6), hours(1.4)},
          {"synthetic-west-1c", "synthetic", "west-1", "west-1c", hours(4.6), hours(0.9)}};
}

}  // namespace tradewind::traces
