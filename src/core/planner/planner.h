// The planner: what a job would cost and take on every offer, which one to take and why, and why not the
// others. A pure function of its request. docs/planning.md explains the model to users.
#pragma once

#include <cstddef>

#include "core/planner/plan.h"
#include "core/planner/plan_request.h"

namespace tradewind::planner {

// Constraints are hard: an offer that breaks one is in `rejections`, never in `plans`. The choice is the
// cheapest in expected cost among those of the first preference that is left.
PlanResult make_plan(const PlanRequest& request);

// The plan of one offer, also where budget, share, deadline or a block refuse it. not_found: no plan can be
// worked out for it; the message is the reason.
Result<Plan> plan_of(const PlanRequest& request, std::size_t offer_index);

}  // namespace tradewind::planner
