// The cost of a run, term by term. What does not depend on the machine's price is worked out once per run and
// shared by all offers that run alike.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "core/planner/job_facts.h"
#include "core/planner/place_model.h"
#include "core/planner/plan.h"
#include "core/planner/queue_wait.h"

namespace tradewind::planner {

// Terms up to this one are machine time: node-hours times the price per hour.
inline constexpr std::size_t time_terms = static_cast<std::size_t>(TermKind::restarts) + 1;

struct RunCosts {
  RunModel run;
  std::array<double, term_count> quantities = {};         // node-hours, GB, GB-months, thousands of writes
  std::array<std::int64_t, term_count> fixed_nanos = {};  // amounts of the terms after time_terms
};

// What distinguishes one run from another at a place.
struct Conditions {
  double hazard_per_hour = 0;  // of one node
  bool spot = false;
  double cold_start_s = 0;
  double notice_lead_s = 0;
  QueueWait queue = {};
  double limit_s = std::numeric_limits<double>::infinity();  // of one allocation
  bool operator==(const Conditions&) const = default;
};

RunCosts cost_run(const PlanRequest& request, const JobFacts& facts, const PlaceModel& place,
                  const Throughput& throughput, const Conditions& conditions);

// Amount of each term at a price. They sum to the expected cost.
using Amounts = std::array<std::int64_t, term_count>;
Amounts amounts_of(const RunCosts& costs, std::int64_t price_nanos_per_hour);

// What is left of a run when only totals count: small, so that many fit into the processor's cache.
struct RunTotals {
  double mean_s = 0;
  double p95_s = 0;
  double interrupted = 0;
  std::array<double, time_terms> node_hours = {};
  double all_node_hours = 0;
  std::int64_t fixed_nanos = 0;
  bool is_finite = false;
};
RunTotals totals_of(const RunCosts& costs);
// The sum of amounts_of(). Nothing when the run never ends or the sum would not fit.
std::optional<std::int64_t> cost_at(const RunTotals& totals, std::int64_t price_nanos_per_hour);

}  // namespace tradewind::planner
