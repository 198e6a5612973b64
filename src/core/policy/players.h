// The players that stand beside the default one: what published policies and simple schedulers do. Each keeps
// a reference to the problem, which must outlive it.
#pragma once

#include <limits>
#include <memory>
#include <vector>

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

// The whole job at a zone under one purchase, as a planner expects it.
struct WholeRun {
  double usd = std::numeric_limits<double>::infinity();  // infinite: not sold
  double run_s = 0;                                      // from the start to the end
  double sure_s = 0;                                     // of which 95 of 100 runs stay below
  double queue_s = 0;                                    // the wait before the start, expected
  double queue_sure_s = 0;                               // of which 95 of 100 waits stay below
};
struct WholeRuns {
  WholeRun spot;
  WholeRun on_demand;
};
// Burst: own machines first, where one may have to queue, and rented ones when waiting costs more than
// renting. While it stands in a queue it weighs again at each tick; what runs is held until it is lost.
// `deadline_s` from the job's start: infinite where there is none.
std::unique_ptr<Player> burst_player(const Problem& problem, std::vector<WholeRuns> runs, double deadline_s);

}  // namespace tradewind::policy
