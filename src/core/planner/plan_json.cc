#include "core/planner/plan_json.h"

#include <cmath>

namespace tradewind::planner {
namespace {

// Twelve significant digits: what is left of a double differs between machines and compilers.
double steady(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const double scale = std::pow(10.0, 11 - std::floor(std::log10(std::fabs(value))));
  return std::round(value * scale) / scale;
}

json::value terms_to_json(const std::vector<Term>& terms) {
  json::object object;
  for (const Term& term : terms) {
    object[to_text(term.kind)] = json::object{{"quantity", steady(term.quantity)},
                                              {"unit", term.unit},
                                              {"unit_price", tradewind::to_json(term.unit_price)},
                                              {"amount", tradewind::to_json(term.amount)},
                                              {"explanation", term.explanation}};
  }
  return object;
}

json::value throughput_to_json(const Plan& plan) {
  const bool is_known = plan.throughput.units_per_s > 0;
  return json::object{
      {"units_per_s", is_known ? json::value(steady(plan.throughput.units_per_s)) : json::value(nullptr)},
      {"source", to_text(plan.throughput.source)},
      {"explanation", plan.throughput_source}};
}

json::value queue_to_json(const Plan& plan) {
  if (!plan.offer.queue_wait) return nullptr;
  return json::object{{"estimate_s", tradewind::to_json(*plan.offer.queue_wait)},
                      {"p50_s", steady(plan.queue.p50_s())},
                      {"p95_s", steady(plan.queue.p95_s())},
                      {"waits_seen", plan.queue.samples()}};
}

json::value choice_to_json(const PlanResult& result) {
  if (!result.wait_or_rent) return nullptr;
  const WaitOrRent& choice = *result.wait_or_rent;
  return json::object{
      {"wait", offer_key(result.plans[choice.wait].offer)},
      {"rent", offer_key(result.plans[choice.rent].offer)},
      {"break_even_per_h",
       choice.break_even_per_h ? tradewind::to_json(*choice.break_even_per_h) : json::value(nullptr)},
      {"text", choice.text}};
}

// Millionths: finer ones are noise.
double probability(double value) {
  return std::round(value * 1e6) / 1e6;
}

json::value probability_or_null(const std::optional<double>& value) {
  return value ? json::value(probability(*value)) : json::value(nullptr);
}

}  // namespace

json::value to_json(const Plan& plan) {
  return json::object{
      {"offer", offer_key(plan.offer)},
      {"basis", plan.basis == Basis::job ? "job" : "hour"},
      {"expected_cost", tradewind::to_json(plan.expected_cost)},
      {"p95_cost", tradewind::to_json(plan.p95_cost)},
      {"time_cost", tradewind::to_json(plan.time_cost)},
      {"queue", queue_to_json(plan)},
      {"p50_finish_s", tradewind::to_json(plan.p50_finish)},
      {"p95_finish_s", tradewind::to_json(plan.p95_finish)},
      {"risk", probability(plan.risk)},
      {"late_probability", probability_or_null(plan.late_probability)},
      {"on_front", plan.on_front},
      {"preference", plan.preference},
      {"price_per_hour", tradewind::to_json(plan.offer.price_per_hour)},
      {"throughput", throughput_to_json(plan)},
      {"hazard", json::object{{"per_hour", steady(plan.hazard.per_hour)}, {"source", plan.hazard.source}}},
      {"checkpoint_interval_s", plan.run.saves > 0 ? json::value(steady(plan.run.interval_s)) : nullptr},
      {"restarts", steady(plan.run.restarts)},
      {"terms", terms_to_json(plan.terms)},
      {"why", plan.why}};
}

json::value to_json(const PlanResult& result, const PlanRequest& request) {
  json::array plans;
  for (const Plan& plan : result.plans) plans.push_back(to_json(plan));
  json::array rejected;
  for (const Rejection& rejection : result.rejections) {
    rejected.push_back(json::object{{"offer", offer_key(request.offers[rejection.offer])},
                                    {"code", to_text(rejection.code)},
                                    {"reason", reason_of(request, rejection)}});
  }
  json::array notes;
  for (const std::string& note : result.notes) notes.emplace_back(note);
  const Plan* chosen = result.chosen();
  return json::object{{"chosen", chosen == nullptr ? json::value(nullptr) : to_json(*chosen)},
                      {"plans", std::move(plans)},
                      {"wait_or_rent", choice_to_json(result)},
                      {"rejected", std::move(rejected)},
                      {"feasible", result.feasible},
                      {"no_choice", result.no_choice},
                      {"notes", std::move(notes)},
                      {"planning_ms", result.planning_ms}};
}

}  // namespace tradewind::planner
