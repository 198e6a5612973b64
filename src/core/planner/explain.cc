#include "core/planner/explain.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "core/model/enum_text.h"

namespace tradewind::planner {
namespace {

constexpr std::array<std::string_view, term_count> term_names = {
    "work",        "start_up", "restore", "checkpoint_overhead", "rework", "restarts", "egress",
    "save_egress", "storage",  "requests"};
constexpr std::array<std::string_view, term_count> term_units = {
    "node-hours", "node-hours", "node-hours", "node-hours", "node-hours",
    "node-hours", "GB",         "GB",         "GB-months",  "1000 writes"};

std::string number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.3g", value);
  return buffer;
}

std::string percent(double share) {
  return number(100 * share) + " %";
}

std::string counted(double count, const std::string& noun) {
  return number(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string span(double seconds) {
  return format_duration(duration_of_seconds(seconds));
}

std::string explain_work(const JobFacts& facts, const Plan& plan) {
  if (facts.basis == Basis::hour) return "one hour; neither work nor a rate is known";
  return span(plan.run.work_s) + " of work; rate: " + plan.throughput_source;
}

std::string explain_rework(const Plan& plan) {
  std::string text = counted(plan.run.restarts - plan.run.continued, "interruption") + " expected, at " +
                     number(plan.hazard.per_hour) + " an hour and node (" + std::string(plan.hazard.source) +
                     ")";
  const std::string loss = span(plan.run.interval_s) + " of work";
  if (plan.run.unnoticed == 1) return text + "; each loses up to " + loss;
  return text + "; " + percent(plan.run.unnoticed) + " of them leave no time to save and lose up to " + loss;
}

std::string explain_saves(const JobFacts& facts, const Plan& plan) {
  return counted(std::ceil(plan.run.saves), "checkpoint") + ", " + span(facts.save_s) + " each, one every " +
         span(plan.run.interval_s) + " of work";
}

std::string explain_term(TermKind kind, const PlanRequest& request, const Evaluator& evaluator,
                         const Estimate& estimate, const Plan& plan) {
  const JobFacts& facts = evaluator.facts();
  const PlaceModel& place = evaluator.place_of(estimate);
  const std::string size = format_bytes(facts.checkpoint_bytes);
  switch (kind) {
    case TermKind::work:
      return explain_work(facts, plan);
    case TermKind::start_up:
      return "from the launch to the program's first second, once";
    case TermKind::restore:
      return "reading " + size + " from " + (request.saved ? to_text(request.saved->location) : "the store");
    case TermKind::checkpoint_overhead:
      return explain_saves(facts, plan);
    case TermKind::rework:
      return explain_rework(plan);
    case TermKind::restarts:
      return "starting and restoring again, " + number(plan.run.restarts) + " times expected" +
             (plan.run.continued > 0
                  ? ", " + number(plan.run.continued) + " of them after the time limit of " +
                        format_duration(*plan.offer.time_limit)
                  : "");
    case TermKind::egress:
      return place.first_egress_rule.empty() ? place.restart_egress_rule : place.first_egress_rule;
    case TermKind::save_egress:
      return place.save_egress_rule;
    case TermKind::storage:
      return counted(std::max(request.job.checkpoint.keep, 1), "checkpoint") + " of " + size +
             " while the job runs";
    case TermKind::requests:
      return "writing the chunks of " + counted(std::ceil(plan.run.saves), "checkpoint");
  }
  return {};
}

Money unit_price_of(TermKind kind, const PlanRequest& request, const Plan& plan, double quantity,
                    Money amount) {
  if (static_cast<std::size_t>(kind) < time_terms) return plan.offer.price_per_hour;
  if (kind == TermKind::storage) return request.store.price_per_gb_month;
  if (kind == TermKind::requests) return request.store.price_per_1000_writes;
  return quantity > 0 ? amount.scaled(1 / quantity) : amount;
}

void add_terms(Plan& plan, const RunCosts& costs, const PlanRequest& request, const Evaluator& evaluator,
               const Estimate& estimate) {
  const Amounts amounts = amounts_of(costs, plan.offer.price_per_hour.nanos());
  for (std::size_t i = 0; i < term_count; ++i) {
    const auto kind = static_cast<TermKind>(i);
    if (amounts[i] == 0 && kind != TermKind::work) continue;
    const Money amount(amounts[i], evaluator.facts().currency);
    plan.terms.push_back({kind, costs.quantities[i], std::string(term_units[i]),
                          unit_price_of(kind, request, plan, costs.quantities[i], amount), amount,
                          explain_term(kind, request, evaluator, estimate, plan)});
  }
}

// "$1.20 (8 %) dearer", "as dear".
std::string dearer(const Plan& plan, const Plan& chosen) {
  const Money more = plan.expected_cost - chosen.expected_cost;
  if (more.nanos() == 0) return "as dear as the chosen one";
  const std::string text = Money(std::abs(more.nanos()), more.currency()).text();
  const double share = std::fabs(more.as_double()) / std::max(chosen.expected_cost.as_double(), 1e-9);
  return text + " (" + percent(share) + ") " + (more.nanos() > 0 ? "dearer" : "cheaper") +
         " than the chosen one";
}

std::string why_other(const Plan& plan, const Plan& chosen) {
  std::string why = dearer(plan, chosen);
  if (plan.preference != chosen.preference) return why + ", but of a later preference";
  if (!plan.on_front) return why;
  if (plan.p95_finish && *plan.p95_finish < *chosen.p95_finish) {
    why += ", " + format_duration(*chosen.p95_finish - *plan.p95_finish) + " sooner at p95";
  }
  if (plan.risk < chosen.risk) {
    why +=
        ", interrupted with " + percent(plan.risk) + " instead of " + percent(chosen.risk) + " probability";
  }
  return why;
}

std::string why_chosen(const PlanRequest& request, const JobFacts& facts, const PlanResult& result) {
  const Plan& chosen = result.plans.front();
  std::string why = facts.basis == Basis::hour ? "cheapest by the hour" : "cheapest in expected cost";
  if (facts.basis == Basis::job && facts.hour_nanos > 0)
    why += " and time, an hour being worth " + request.job.waiting_cost->text() + ",";
  why += " of " + std::to_string(result.feasible) +
         (result.feasible == 1 ? " offer that meets" : " offers that meet") + " every constraint";
  if (!request.job.resources.ordered.empty()) why += " within the first preference that can be had";
  if (facts.seconds_left && chosen.p95_finish) {
    const Duration spare = duration_of_seconds(*facts.seconds_left) - *chosen.p95_finish;
    why += spare >= Duration::zero() ? "; done " + format_duration(spare) + " before the deadline at p95"
                                     : "; p95 is " + format_duration(-spare) + " after the deadline";
  }
  if (result.plans.size() > 1) {
    why += "; next is " + offer_key(result.plans[1].offer) + ", " + dearer(result.plans[1], chosen);
  }
  return why;
}

}  // namespace

std::string_view to_text(TermKind kind) {
  return enum_name(term_names, kind);
}

Plan explain(const PlanRequest& request, const Evaluator& evaluator, const Estimate& estimate) {
  const JobFacts& facts = evaluator.facts();
  Plan plan;
  plan.offer_index = estimate.offer;
  plan.offer = request.offers[estimate.offer];
  plan.basis = facts.basis;
  plan.expected_cost = Money(estimate.cost_nanos, facts.currency);
  plan.risk = estimate.risk;
  plan.preference = estimate.preference;
  plan.throughput = evaluator.speed_of(estimate);
  plan.throughput_source = describe(plan.throughput);
  plan.hazard = evaluator.hazard_of(plan.offer);
  plan.queue = evaluator.queue_of(plan.offer);
  plan.time_cost = Money(estimate.time_nanos, facts.currency);
  const RunCosts costs = evaluator.run_of(estimate);
  plan.run = costs.run;
  plan.p95_cost = plan.expected_cost;
  if (facts.basis == Basis::job) {
    plan.p50_finish = duration_of_seconds(plan.run.p50_s);
    plan.p95_finish = duration_of_seconds(plan.run.p95_s);
    const double late_hours = std::max(plan.run.p95_s - plan.run.mean_s, 0.0) / 3600 * facts.nodes;
    plan.p95_cost += plan.offer.price_per_hour.scaled(late_hours);
    if (facts.seconds_left) plan.late_probability = probability_later(plan.run, *facts.seconds_left);
  }
  add_terms(plan, costs, request, evaluator, estimate);
  return plan;
}

void explain_choice(const PlanRequest& request, const JobFacts& facts, PlanResult& result) {
  for (std::size_t i = 1; i < result.plans.size(); ++i) {
    result.plans[i].why = why_other(result.plans[i], result.plans.front());
  }
  result.plans.front().why = why_chosen(request, facts, result);
}

}  // namespace tradewind::planner
