#include "core/planner/planner.h"

#include <algorithm>
#include <variant>
#include <vector>

#include "core/planner/evaluator.h"
#include "core/planner/explain.h"
#include "core/planner/ranking.h"
#include "core/planner/wait_or_rent.h"

namespace tradewind::planner {
namespace {

// The estimates that are told in full, in rank order.
std::vector<Estimate> select(std::vector<Estimate>& estimates, std::span<const Estimate> front,
                             const RankOrder& order, std::size_t plans_max) {
  std::vector<Estimate> selected = best_of_suppliers(estimates, order);
  selected.insert(selected.end(), front.begin(), front.end());
  const std::vector<Estimate> best = best_ranked(estimates, order, std::max<std::size_t>(plans_max, 1));
  selected.insert(selected.end(), best.begin(), best.end());
  std::ranges::sort(selected, order);
  const auto same_offer = [](const Estimate& a, const Estimate& b) { return a.offer == b.offer; };
  selected.erase(std::unique(selected.begin(), selected.end(), same_offer), selected.end());
  return selected;
}

std::string no_choice(const PlanRequest& request, const std::vector<Rejection>& rejections) {
  if (request.offers.empty()) return "there are no offers";
  const Rejection* nearest = &rejections.front();
  for (const Rejection& rejection : rejections) {
    if (rejection.code > nearest->code) nearest = &rejection;
  }
  return "none of " + std::to_string(request.offers.size()) +
         " offers meets every constraint; the nearest: " + offer_key(request.offers[nearest->offer]) + ": " +
         reason_of(request, *nearest);
}

// How far a budget goes that is not held against offers. REQUIRES: result.plans is not empty
void note_short_budget(const PlanRequest& request, const JobFacts& facts, PlanResult& result) {
  const double cost = std::ranges::min(result.plans, {}, [](const Plan& plan) {
                        return plan.expected_cost.nanos();
                      }).expected_cost.as_double();
  if (!facts.budget_left || facts.basis == Basis::hour || cost <= *facts.budget_left) return;
  const double share = std::max(0.0, *facts.budget_left) / cost;
  result.notes.push_back("the budget of " + request.job.budget->text() + " pays for about " +
                         std::to_string(static_cast<int>(100 * share)) +
                         " % of the work: the run is saved and stopped there");
}

}  // namespace

PlanResult make_plan(const PlanRequest& request) {
  Evaluator evaluator(request);
  PlanResult result;
  result.notes = evaluator.facts().notes;
  std::vector<Estimate> estimates;
  estimates.reserve(request.offers.size());
  result.rejections.reserve(request.offers.size());
  for (std::size_t i = 0; i < request.offers.size(); ++i) {
    const std::variant<Estimate, Rejection> answer = evaluator.judge(i);
    if (const Estimate* estimate = std::get_if<Estimate>(&answer)) {
      estimates.push_back(*estimate);
    } else {
      result.rejections.push_back(std::get<Rejection>(answer));
    }
  }
  result.feasible = estimates.size();
  if (estimates.empty()) {
    result.no_choice = no_choice(request, result.rejections);
    return result;
  }
  const RankOrder order{request.offers};
  const std::vector<Estimate> front = pareto_front(estimates, order);
  for (const Estimate& estimate : select(estimates, front, order, request.plans_max)) {
    Plan plan = explain(request, evaluator, estimate);
    plan.on_front = std::ranges::find(front, estimate.offer, &Estimate::offer) != front.end();
    result.plans.push_back(std::move(plan));
  }
  explain_choice(request, evaluator.facts(), result);
  result.wait_or_rent = weigh_waiting(request.job, result.plans);
  note_short_budget(request, evaluator.facts(), result);
  return result;
}

Result<Plan> plan_of(const PlanRequest& request, std::size_t offer_index) {
  Evaluator evaluator(request);
  const std::variant<Estimate, Rejection> answer = evaluator.estimate(offer_index);
  if (const Rejection* rejection = std::get_if<Rejection>(&answer)) {
    return Error{Code::not_found,
                 offer_key(request.offers[offer_index]) + ": " + reason_of(request, *rejection)};
  }
  Plan plan = explain(request, evaluator, std::get<Estimate>(answer));
  const std::variant<Estimate, Rejection> judged = evaluator.judge(offer_index);
  const Rejection* rejection = std::get_if<Rejection>(&judged);
  plan.why = rejection == nullptr ? "meets every constraint" : "refused: " + reason_of(request, *rejection);
  return plan;
}

}  // namespace tradewind::planner
