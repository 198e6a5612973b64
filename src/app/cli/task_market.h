// A task file as a problem for spot policies: the same speed, prices and egress as `tradewind plan` takes.
#pragma once

#include <string>
#include <vector>

#include "app/cli/context.h"
#include "core/policy/player.h"

namespace tradewind::cli {

struct TaskMarket {
  policy::Problem problem;
  std::vector<double> spot_per_h;  // USD, for all nodes, a price to each zone
};

// The zones are the cheapest ones that sell the instance type of the cheapest spot plan both on spot and
// on-demand, at most eight. Capacity is seen as on real clouds: only what is held. `checkpoint_gb`: how much
// a move has to bring along. Errors: those of reading the file; invalid_argument when the file gives no
// deadline or does not say how long the work takes; quota_exceeded when nothing fits.
Result<TaskMarket> market_of_task(const std::string& file, double checkpoint_gb, Context& context);

}  // namespace tradewind::cli
