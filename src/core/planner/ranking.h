// Order and Pareto front of estimates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/planner/evaluator.h"

namespace tradewind::planner {

// Preference, expected cost with what the time until the end is worth, expected cost, p95 finish, then the
// offer's name, so that the order of the offers says nothing.
struct RankOrder {
  std::span<const Offer> offers;
  bool weighs_time = true;  // false: by what is paid alone
  bool operator()(const Estimate& a, const Estimate& b) const;
};

// The first `limit` in rank order; changes the order of `estimates`.
std::vector<Estimate> best_ranked(std::vector<Estimate>& estimates, const RankOrder& order,
                                  std::size_t limit);

// The Pareto front in expected cost, p95 finish and risk among those of the first preference, in rank order:
// no estimate outside it is better in one of the three without being worse in another. Of equal ones the
// first in rank order stands for all.
std::vector<Estimate> pareto_front(std::span<const Estimate> estimates, const RankOrder& order);

// Of each supplier the first spot offer and the first other offer, in rank order.
std::vector<Estimate> best_of_suppliers(std::span<const Estimate> estimates, const RankOrder& order);

}  // namespace tradewind::planner
