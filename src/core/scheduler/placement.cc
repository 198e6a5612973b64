#include "core/scheduler/placement.h"

#include <algorithm>

#include "core/planner/planner.h"

namespace tradewind::scheduler {
namespace {

std::vector<Offer> offers_in_question(const PlacementQuestion& question) {
  std::vector<Offer> offers;
  for (const Offer& offer : question.offers) {
    if (question.within && !contains(*question.within, offer.location)) continue;
    if (question.except && *question.except == offer.location) continue;
    offers.push_back(offer);
  }
  return offers;
}

planner::PlanRequest request_for(const PlacementQuestion& question, const PlacementRules& rules,
                                 const std::vector<Offer>& offers) {
  planner::PlanRequest request{question.job.spec, offers, question.now};
  request.deadline = question.job.deadline;
  request.deadline_is_hard = false;  // a late job still runs: the policy takes what is least late
  request.progress = {question.job.saved ? question.job.saved->step : 0, question.job.total_steps};
  if (question.checkpoint_at) request.saved = planner::SavedState{*question.checkpoint_at, 0};
  request.egress = rules.egress;
  for (const auto& [provider, facts] : rules.suppliers) {
    request.suppliers.push_back({provider, facts.cold_start, facts.notice_lead});
  }
  return request;
}

policy::View view_of(const PlacementQuestion& question, const planner::PlanResult& plans) {
  policy::View view;
  view.now = question.now;
  view.deadline = question.job.deadline;
  view.preemptions = question.preemptions;
  for (const planner::Plan& plan : plans.plans) {
    policy::Candidate candidate;
    candidate.offer = plan.offer;
    candidate.p95_remaining = plan.p95_finish.value_or(Duration(0));
    candidate.expected_cost = plan.expected_cost;
    if (question.blocked_until) candidate.blocked_until = question.blocked_until(plan.offer);
    view.candidates.push_back(std::move(candidate));
  }
  return view;
}

// Why nothing fits: the planner's own word, and the first few reasons.
std::string why_nothing(const planner::PlanRequest& request, const planner::PlanResult& plans) {
  std::string why =
      plans.no_choice.empty() ? "no supplier that can be launched on sells anything" : plans.no_choice;
  for (std::size_t i = 0; i < plans.rejections.size() && i < 3; ++i) {
    why += (i == 0 ? ": " : "; ") + planner::reason_of(request, plans.rejections[i]);
  }
  return why;
}

PlacementAnswer answer_of(const PlacementQuestion& question, const PlacementRules& rules) {
  const std::vector<Offer> offers = offers_in_question(question);
  const planner::PlanRequest request = request_for(question, rules, offers);
  const planner::PlanResult plans = planner::make_plan(request);
  PlacementAnswer answer;
  if (plans.plans.empty()) {
    answer.why = why_nothing(request, plans);
    return answer;
  }
  const policy::View view = view_of(question, plans);
  const policy::Decision decision = rules.policy->decide(view);
  answer.why = decision.reason;
  if (decision.kind == policy::Decision::Kind::launch) {
    answer.offer = view.candidates[decision.candidate].offer;
  } else {
    answer.ask_again = std::max(decision.until, question.now + Duration(1000));
  }
  return answer;
}

}  // namespace

Place make_place(PlacementRules rules) {
  return [rules = std::move(rules)](const PlacementQuestion& question) { return answer_of(question, rules); };
}

}  // namespace tradewind::scheduler
