#include "core/backtest/testing/tiny_world.h"

#include <algorithm>

namespace tradewind::backtest {

World tiny_world(const std::vector<std::string>& up, const TinyMarket& market) {
  World world;
  policy::Problem& problem = world.problem;
  problem.id = "tiny";
  problem.tick_s = market.tick_s;
  problem.deadline_ticks = static_cast<int>(up.front().size());
  problem.work_s = market.work_s;
  problem.cold_start_s = market.cold_start_s;
  problem.checkpoint_gb = market.checkpoint_gb;
  problem.transfer_s = market.transfer_s;
  problem.checkpoint_interval_s = market.checkpoint_interval_s;
  problem.info = market.info;
  for (std::size_t i = 0; i < up.size(); ++i) {
    const std::string region(1, market.regions.empty() ? 'r' : market.regions[i]);
    const auto found = std::find(problem.regions.begin(), problem.regions.end(), region);
    const auto index = static_cast<int>(found - problem.regions.begin());
    if (found == problem.regions.end()) problem.regions.push_back(region);
    const std::string name = "z" + std::to_string(i);
    problem.zones.push_back({name, "p", region, name, market.on_demand[i % market.on_demand.size()], index});
    std::vector<std::uint8_t> ticks;
    for (const char c : up[i]) ticks.push_back(c == '1' ? 1 : 0);
    world.up.push_back(ticks);
    world.spot_per_h.emplace_back(ticks.size(), market.spot[i % market.spot.size()]);
  }
  const std::size_t regions = problem.regions.size();
  problem.move_usd.assign(regions * regions, market.checkpoint_gb * market.egress_usd_per_gb);
  for (std::size_t i = 0; i < regions; ++i) problem.move_usd[i * regions + i] = 0;
  return world;
}

}  // namespace tradewind::backtest
