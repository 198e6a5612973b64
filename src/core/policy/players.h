// The players that stand beside the default one: what published policies and simple schedulers do. Each keeps
// a reference to the problem, which must outlive it.
#pragma once

#include <memory>

#include "core/policy/player.h"
#include "core/policy/spot_search.h"

namespace tradewind::policy {

// On-demand from the first tick, in the cheapest zone.
std::unique_ptr<Player> on_demand_player(const Problem& problem);
// Spot whenever it can be had, on-demand at the last moment that keeps the deadline. Over all zones this is
// failover, the cheapest first, blind to what a move costs.
std::unique_ptr<Player> greedy_player(const Problem& problem, Breadth breadth);
// Uniform Progress (Wu et al., "Can't Be Late", NSDI 2024).
std::unique_ptr<Player> uniform_progress_player(const Problem& problem, Breadth breadth);

// Expected cost of the whole job at a zone, USD; infinite where it is not sold.
struct WholeCost {
  double spot = 0;
  double on_demand = 0;
};
// For a job that nothing hurries: at once what costs least in expectation, and held until it is lost. It is
// not among the named players, since it needs what a planner knows.
std::unique_ptr<Player> cheapest_player(const Problem& problem, std::vector<WholeCost> costs);

}  // namespace tradewind::policy
