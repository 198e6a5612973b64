// The documented form of `tradewind plan FILE --json`: docs/planning.md.
#pragma once

#include "core/model/json.h"
#include "core/planner/plan.h"
#include "core/planner/plan_request.h"

namespace tradewind::planner {

json::value to_json(const Plan& plan);
// {"chosen","plans","rejected","planning_ms"} and more. `request` is the one that led to the result.
json::value to_json(const PlanResult& result, const PlanRequest& request);

}  // namespace tradewind::planner
