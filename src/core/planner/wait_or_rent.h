// "Wait 3 h for free or start now for 41 USD": a place with a queue against one that is to be had now.
#pragma once

#include <optional>
#include <span>

#include "core/planner/plan.h"

namespace tradewind::planner {

// `plans` in rank order; the first is the choice, and one of the two. Nothing where no queue is worth a word:
// shorter than a minute, no cheaper than what is to be had now, or nothing is to be had now.
std::optional<WaitOrRent> weigh_waiting(const JobSpec& job, std::span<const Plan> plans);

}  // namespace tradewind::planner
