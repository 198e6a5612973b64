#include "core/scheduler/survey.h"

#include <algorithm>

#include "core/planner/planner.h"

namespace tradewind::scheduler {
namespace {

constexpr std::size_t plans_max = 400;  // more places than a policy looks at

// Why not, by region: what no offer there can change.
using Unreachable = std::map<std::pair<std::string, std::string>, std::string>;

std::vector<Offer> offers_in_question(const SurveyQuestion& question, const SurveyRules& rules,
                                      Unreachable& unreachable) {
  const auto is_out_of_reach = [&](const Location& location) {
    if (!rules.out_of_reach) return false;
    const auto [known, fresh] = unreachable.try_emplace({location.provider, location.region});
    if (fresh) known->second = rules.out_of_reach(question.job, location);
    return !known->second.empty();
  };
  std::vector<Offer> offers;
  for (const Offer& offer : question.offers) {
    if (question.within && !contains(*question.within, offer.location)) continue;
    if (question.except && *question.except == offer.location) continue;
    if (is_out_of_reach(offer.location)) continue;
    offers.push_back(offer);
  }
  return offers;
}

planner::PlanRequest request_for(const SurveyQuestion& question, const SurveyRules& rules,
                                 const std::vector<Offer>& offers) {
  planner::PlanRequest request{question.job.spec, offers, question.now};
  request.deadline = question.job.deadline;
  request.deadline_is_hard = false;  // a late job still runs
  // With a deadline, a job that cannot be paid for to its end is refused; without one, as much is done as the
  // budget pays for.
  request.budget_is_hard = question.job.deadline.has_value();
  request.plans_max = plans_max;
  request.progress.total_units = question.job.total_steps;
  request.checkpoint_bytes = question.checkpoint_bytes;
  if (!question.whole) {
    request.progress.done_units = question.job.saved ? question.job.saved->step : 0;
    if (question.checkpoint_at) {
      request.saved = planner::SavedState{*question.checkpoint_at, question.checkpoint_bytes};
    }
  }
  request.egress = rules.egress;
  if (question.queue_waits != nullptr) {
    request.queue_history = [waits = question.queue_waits](const Offer& offer) {
      const auto seen = waits->find(offer.location);
      return seen == waits->end() ? std::span<const planner::QueueSample>() : seen->second;
    };
  }
  for (const auto& [provider, facts] : rules.suppliers) {
    request.suppliers.push_back({provider, facts.cold_start, facts.notice_lead});
  }
  return request;
}

FeasibleOffer feasible(const planner::Plan& plan) {
  FeasibleOffer feasible{.offer = plan.offer, .expected_usd = plan.expected_cost.as_double()};
  feasible.start_s = plan.run.start_s;
  feasible.preference = plan.preference;
  feasible.queue = plan.queue;
  if (plan.basis == planner::Basis::hour) return feasible;
  feasible.work_s = plan.run.work_s;
  // The queue's own spread is told apart from the run's: the sum of both 95 % is on the safe side.
  feasible.run_s = plan.run.mean_s - plan.run.queue_s;
  feasible.run_sure_s = std::max(feasible.run_s, plan.run.p95_s - plan.run.queue_s);
  feasible.sure_s = std::max(plan.run.work_s, plan.run.p95_s - plan.run.start_s - plan.run.restore_s);
  return feasible;
}

// Why nothing fits: the planner's own word, and the first few reasons.
std::string why_nothing(const planner::PlanRequest& request, const planner::PlanResult& plans) {
  std::string why =
      plans.no_choice.empty() ? "no supplier that can be launched on sells anything" : plans.no_choice;
  int told = 0;
  for (const planner::Rejection& rejection : plans.rejections) {
    const std::string reason = planner::reason_of(request, rejection);
    if (why.find(reason) != std::string::npos) continue;
    why += "; " + reason;
    if (++told == 3) break;
  }
  return why;
}

Market market_of(const SurveyQuestion& question, const SurveyRules& rules) {
  Unreachable unreachable;
  const std::vector<Offer> offers = offers_in_question(question, rules, unreachable);
  const planner::PlanRequest request = request_for(question, rules, offers);
  const planner::PlanResult plans = planner::make_plan(request);
  Market market;
  if (plans.plans.empty()) {
    market.why_none = offers.empty() ? std::string() : why_nothing(request, plans);
    for (const auto& [region, why] : unreachable) {
      if (!why.empty()) market.why_none += (market.why_none.empty() ? "" : "; ") + why;
    }
    if (market.why_none.empty()) market.why_none = why_nothing(request, plans);
    return market;
  }
  for (const planner::Plan& plan : plans.plans) market.offers.push_back(feasible(plan));
  market.checkpoint_bytes = question.checkpoint_bytes;
  market.far_restore_bytes_per_s = request.assumptions.far_restore_bytes_per_s;
  if (!question.job.spec.checkpoint.path.empty()) market.interval_s = plans.plans.front().run.interval_s;
  if (rules.egress) {
    market.egress_usd = [egress = rules.egress](const Location& from, const Location& to,
                                                std::uint64_t bytes) {
      return egress(from, to, bytes).cost.as_double();
    };
  }
  return market;
}

}  // namespace

Survey make_survey(SurveyRules rules) {
  return [rules = std::move(rules)](const SurveyQuestion& question) { return market_of(question, rules); };
}

}  // namespace tradewind::scheduler
