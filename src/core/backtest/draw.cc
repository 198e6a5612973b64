#include "core/backtest/draw.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/random.h"

namespace tradewind::backtest {

using policy::Info;
using policy::Problem;

namespace {

constexpr double hour_s = 3600;
constexpr double on_demand_per_h = 3;

struct Kind {
  const char* label;
  std::size_t zones;
  std::array<double, 2> deadline_h;
  Info info = Info::all;
  double checkpoint_gb = 20;
  double transfer_gbps = 8;
  double checkpoint_interval_s = 0;
  int nodes = 1;
  bool one_region = false;
  bool walks = false;
};

constexpr double work_h = 24;
constexpr std::array<Kind, 9> kinds = {{
    {.label = "single", .zones = 1, .deadline_h = {36, 48}},
    {.label = "tight", .zones = 1, .deadline_h = {26, 27}},
    {.label = "multizone", .zones = 3, .deadline_h = {30, 36}, .one_region = true},
    {.label = "multiregion", .zones = 5, .deadline_h = {30, 36}, .checkpoint_gb = 60},
    {.label = "blind", .zones = 5, .deadline_h = {30, 36}, .info = Info::held, .checkpoint_gb = 60},
    {.label = "region-view", .zones = 5, .deadline_h = {36, 48}, .info = Info::region, .checkpoint_gb = 60},
    {.label = "big-checkpoint",
     .zones = 5,
     .deadline_h = {36, 48},
     .checkpoint_gb = 1000,
     .transfer_gbps = 2,
     .checkpoint_interval_s = 1800},
    {.label = "price-walk", .zones = 3, .deadline_h = {36, 48}, .walks = true},
    {.label = "gang",
     .zones = 3,
     .deadline_h = {36, 48},
     .checkpoint_gb = 300,
     .checkpoint_interval_s = 1800,
     .nodes = 4},
}};

// Standard normal, by Box and Muller.
double normal(Random& random) {
  return std::sqrt(-2 * std::log(1 - random.unit())) * std::cos(6.283185307179586 * random.unit());
}

// Hourly steps, the logarithm pulled back to the flat price, capped at on-demand.
std::vector<PriceStretch> walk(double flat, double cap, const Problem& problem, Random& random) {
  std::vector<PriceStretch> prices;
  const auto every = std::max<std::int64_t>(1, std::llround(hour_s / problem.tick_s));
  double x = 0;
  for (std::int64_t k = 0; k < problem.deadline_ticks; k += every) {
    x = 0.93 * x + 0.13 * normal(random);
    prices.push_back({std::min(cap, flat * std::exp(x)), every});
  }
  return prices;
}

std::vector<traces::SyntheticZone> pick_zones(const Kind& kind, Random& random) {
  std::vector<traces::SyntheticZone> pool = traces::synthetic_zones();
  if (kind.one_region) {
    const std::string region = random.chance(0.5) ? "east-1" : "west-1";
    std::erase_if(pool, [&](const traces::SyntheticZone& zone) { return zone.region != region; });
  }
  for (std::size_t i = pool.size(); i > 1; --i) std::swap(pool[i - 1], pool[random.below(i)]);
  pool.resize(std::min(pool.size(), kind.zones));
  return pool;
}

void name_regions(Problem& problem) {
  problem.regions.clear();
  for (policy::Zone& zone : problem.zones) {
    const auto found = std::ranges::find(problem.regions, zone.region);
    zone.region_index = static_cast<int>(found - problem.regions.begin());
    if (found == problem.regions.end()) problem.regions.push_back(zone.region);
  }
}

void price_moves(Problem& problem, double usd_per_gb) {
  const std::size_t count = problem.regions.size();
  problem.move_usd.assign(count * count, problem.checkpoint_gb * usd_per_gb);
  for (std::size_t r = 0; r < count; ++r) problem.move_usd[r * count + r] = 0;
}

void add_traces(Drawn& drawn, const std::vector<traces::SyntheticZone>& zones, Random& random) {
  const Problem& problem = drawn.scenario.problem;
  traces::SyntheticLaw law;
  law.nodes = problem.nodes;
  // Some time more than is needed, so that a scenario can also begin later.
  const std::int64_t ticks = std::int64_t{3} * problem.deadline_ticks;
  for (traces::Trace& trace : traces::synthesise(zones, law, ticks, problem.tick_s, random)) {
    const std::string id = trace.id;
    drawn.traces.insert_or_assign(id, std::move(trace));
  }
}

Drawn draw(const Kind& kind, std::uint64_t seed, Random& random) {
  Drawn drawn;
  Problem& problem = drawn.scenario.problem;
  problem.id = std::string("synthetic-") + kind.label + "-" + std::to_string(seed);
  drawn.scenario.label = kind.label;
  drawn.scenario.transfer_gbps = kind.transfer_gbps;
  problem.tick_s = 300;
  problem.deadline_ticks = static_cast<int>(kind.deadline_h[random.below(2)] * hour_s / problem.tick_s);
  problem.work_s = work_h * hour_s;
  problem.cold_start_s = random.chance(0.5) ? 180 : 720;
  problem.checkpoint_gb = kind.checkpoint_gb;
  problem.transfer_s = kind.checkpoint_gb * 8 / kind.transfer_gbps;
  problem.checkpoint_interval_s = kind.checkpoint_interval_s;
  problem.info = kind.info;
  problem.nodes = kind.nodes;
  const std::vector<traces::SyntheticZone> zones = pick_zones(kind, random);
  for (const traces::SyntheticZone& zone : zones) {
    const double on_demand = on_demand_per_h * kind.nodes * (0.95 + 0.15 * random.unit());
    const double spot = on_demand * (0.15 + 0.3 * random.unit());
    problem.zones.push_back(
        {zone.provider + "/" + zone.zone, zone.provider, zone.region, zone.zone, on_demand, 0});
    drawn.scenario.markets.push_back(
        {kind.walks ? walk(spot, on_demand, problem, random) : std::vector<PriceStretch>{{spot, 1}}, zone.id,
         0});
  }
  name_regions(problem);
  price_moves(problem, 0.02);
  add_traces(drawn, zones, random);
  return drawn;
}

}  // namespace

std::vector<Drawn> draw_scenarios(std::uint64_t seed) {
  std::vector<Drawn> drawn;
  drawn.reserve(kinds.size());
  Random random(seed);
  for (const Kind& kind : kinds) drawn.push_back(draw(kind, seed, random));
  return drawn;
}

Drawn draw_market(Problem problem, const std::vector<double>& spot_per_h, std::uint64_t seed) {
  Drawn drawn;
  Random random(seed);
  problem.id += "-" + std::to_string(seed);
  std::vector<traces::SyntheticZone> zones;
  for (std::size_t i = 0; i < problem.zones.size(); ++i) {
    const policy::Zone& zone = problem.zones[i];
    zones.push_back({zone.name, zone.provider, zone.region, zone.zone});
    drawn.scenario.markets.push_back({{{spot_per_h[i], 1}}, zone.name, 0});
  }
  drawn.scenario.problem = std::move(problem);
  add_traces(drawn, zones, random);
  return drawn;
}

}  // namespace tradewind::backtest
