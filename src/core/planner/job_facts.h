// The job's side of a plan, worked out once: what is left to do, which rates are known, what may be spent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/planner/plan.h"
#include "core/planner/plan_request.h"
#include "core/planner/requirements.h"

namespace tradewind::planner {

struct JobFacts {
  std::vector<Requirement> requirements;  // at least one
  std::vector<KnownRate> rates;           // the request's and the job's own statements
  Basis basis = Basis::job;
  Currency currency;  // the budget's, else US dollars
  int nodes = 1;      // at least 1
  double remaining_units = 0;
  double flop_per_unit = 0;  // 0: the unit says nothing of the arithmetic
  bool saves = false;        // the job takes checkpoints
  std::uint64_t checkpoint_bytes = 0;
  double save_s = 0;
  std::optional<double> interval_s;    // stated; nothing: auto
  std::optional<double> seconds_left;  // to the deadline
  std::optional<double> budget_left;   // in currency units
  double hour_nanos = 0;               // what an hour until the end is worth; 0: nobody says
  double spent_total = 0;              // with all suppliers, in the period of max_share
  std::vector<std::string> notes;      // what cannot be judged, for people
};

JobFacts facts_of_job(const PlanRequest& request);

}  // namespace tradewind::planner
