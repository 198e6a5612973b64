// Words for estimates: the terms of a cost one by one, and why a plan was chosen.
#pragma once

#include "core/planner/evaluator.h"

namespace tradewind::planner {

// Everything but `on_front` and `why`.
Plan explain(const PlanRequest& request, const Evaluator& evaluator, const Estimate& estimate);

// Writes `why` of every plan. REQUIRES: plans in rank order, at least one.
void explain_choice(const PlanRequest& request, const JobFacts& facts, PlanResult& result);

}  // namespace tradewind::planner
