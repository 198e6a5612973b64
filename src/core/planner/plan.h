// What the planner answers: ranked plans with every term of their cost, and why each other offer was not
// taken.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "core/model/offer.h"
#include "core/planner/hazard.h"
#include "core/planner/queue_wait.h"
#include "core/planner/rejection.h"
#include "core/planner/throughput.h"
#include "core/planner/time_model.h"

namespace tradewind::planner {

// The parts of a cost, in the order in which they are shown.
enum class TermKind {
  work,                 // the work itself
  start_up,             // first cold start and setup
  restore,              // reading the checkpoint that there is
  checkpoint_overhead,  // taking checkpoints
  rework,               // work that interruptions destroy
  restarts,             // starting and restoring again after them
  egress,               // bringing checkpoints to the machine
  save_egress,          // sending checkpoints to their store
  storage,              // keeping them
  requests,             // writing them
};
inline constexpr std::size_t term_count = 10;
std::string_view to_text(TermKind kind);

struct Term {
  TermKind kind = TermKind::work;
  double quantity = 0;
  std::string unit;  // "node-hours", "GB", "GB-months", "1000 writes"
  Money unit_price;
  Money amount;             // quantity times unit price, rounded; tiers may make it another product
  std::string explanation;  // one phrase
};

enum class Basis {
  job,   // the cost of the whole remaining job
  hour,  // the cost of one hour: neither work nor duration is known
};

struct Plan {
  std::size_t offer_index = 0;  // into the request's offers
  Offer offer;
  Basis basis = Basis::job;
  Money expected_cost;  // the sum of the terms
  Money p95_cost;       // when the run takes until its p95 finish
  Money time_cost;      // what the time until the expected end is worth; not paid
  std::optional<Duration> p50_finish = std::nullopt;  // from now; nothing by the hour
  std::optional<Duration> p95_finish = std::nullopt;
  double risk = 0;                                        // probability of at least one interruption
  std::optional<double> late_probability = std::nullopt;  // of missing the deadline, where there is one
  std::size_t preference = 0;                             // index into `ordered`; 0 without it
  bool on_front = false;  // no other plan of the first preference is as good in cost, p95 and risk
  Throughput throughput = {};
  std::string throughput_source = {};  // describe(throughput)
  Hazard hazard = {};                  // per node
  QueueWait queue = {};                // before the first start
  RunModel run = {};
  std::vector<Term> terms = {};  // those that are not zero, `work` always
  std::string why = {};          // one sentence
};

// A queue against a machine to be had now, where that is a choice.
struct WaitOrRent {
  std::size_t wait = 0;  // into PlanResult::plans
  std::size_t rent = 0;
  // From what an hour is worth, renting is the better of the two. Nothing: it ends no sooner.
  std::optional<Money> break_even_per_h = std::nullopt;
  std::string text = {};  // "wait 3h for nothing or start now for 41.00 USD …"
};

struct PlanResult {
  // Ranked: preference, then expected cost with the worth of time, then p95 finish. Holds the cheapest
  // `plans_max`, the whole Pareto front, and of each supplier the cheapest spot and the cheapest other offer.
  // The first one is the choice.
  std::vector<Plan> plans;
  std::size_t feasible = 0;  // offers that met all constraints
  std::optional<WaitOrRent> wait_or_rent = std::nullopt;
  std::vector<Rejection> rejections;  // one for every other offer, in the order of offers
  std::string no_choice;              // why there is no plan; empty when there is one
  std::vector<std::string> notes;     // what could not be judged
  double planning_ms = 0;             // for the caller to fill

  const Plan* chosen() const { return plans.empty() ? nullptr : &plans.front(); }
};

}  // namespace tradewind::planner
