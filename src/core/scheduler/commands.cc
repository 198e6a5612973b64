#include <algorithm>

#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

Error no_such_job(const JobId& job) {
  return {Code::not_found, "there is no job '" + job.text() + "'", "'tradewind jobs' lists them"};
}

const LeaseRecord* running_lease(Step& step, const JobRecord& job) {
  for (const LeaseId& id : job.leases) {
    const LeaseRecord* lease = step.lease(id);
    if (lease != nullptr && lease->state == LeaseState::active && lease->end == LeaseEnd::none) return lease;
  }
  return nullptr;
}

}  // namespace

void observe_submit(Step& step, const SubmitCommand& command) {
  if (step.job(command.id) != nullptr) {
    step.answer(command.ticket, command.id.text());  // asked again after a lost answer
    return;
  }
  JobRecord job;
  job.id = command.id;
  job.spec = command.spec;
  job.home = command.home;
  job.submitted_at = step.now();
  job.total_steps = command.spec.work.total;
  job.deadline = command.spec.deadline_at;
  if (command.spec.deadline_after) job.deadline = step.now() + *command.spec.deadline_after;
  const Market market = step.survey()(question_for(step, job));
  if (market.offers.empty()) {
    step.answer(command.ticket, Error{Code::invalid_argument, "this job cannot be placed: " + market.why_none,
                                      "'tradewind plan' shows why each offer was rejected"});
    return;
  }
  job.reason = "waiting for a place";
  step.put("job.submitted", "submitted", job);
  step.answer(command.ticket, command.id.text());
}

void observe_cancel(Step& step, const CancelCommand& command) {
  const JobRecord* known = step.job(command.job);
  if (known == nullptr) return step.answer(command.ticket, no_such_job(command.job));
  if (is_final(known->state)) {
    return step.answer(command.ticket,
                       Error{Code::conflict, "job '" + command.job.text() + "' has already ended: it " +
                                                 std::string(to_text(known->state))});
  }
  if (!known->cancel_requested) {
    JobRecord job = *known;
    job.cancel_requested = true;
    step.change(std::move(job), lifecycle::JobChange::cancel_asked, "cancelled on request");
  }
  step.answer(command.ticket, command.job.text());
}

void observe_move(Step& step, const MoveCommand& command) {
  const JobRecord* job = step.job(command.job);
  if (job == nullptr) return step.answer(command.ticket, no_such_job(command.job));
  const LeaseRecord* source = running_lease(step, *job);
  if (job->state != JobState::running || source == nullptr) {
    return step.answer(
        command.ticket,
        Error{Code::conflict, "job '" + job->id.text() + "' is " + std::string(to_text(job->state)) +
                                  ", not running: only a running job can be moved"});
  }
  if (job->move) {
    return step.answer(command.ticket,
                       Error{Code::conflict, "job '" + job->id.text() + "' is being moved already",
                             "wait for move " + job->move->text()});
  }
  SurveyQuestion question = question_for(step, *job);
  question.within = command.target;
  question.except = source->offer.location;
  const Market market = step.survey()(question);
  const auto target = std::ranges::find_if(market.offers, [&](const FeasibleOffer& feasible) {
    return !blocked_until(step, feasible.offer).has_value();
  });
  if (target == market.offers.end()) {
    const bool there = contains(command.target, source->offer.location);
    const std::string why = market.offers.empty() ? market.why_none : "every offer was refused a moment ago";
    return step.answer(
        command.ticket,
        Error{there || market.offers.empty() ? Code::invalid_argument : Code::insufficient_capacity,
              there ? "job '" + job->id.text() + "' is at " + to_text(source->offer.location) +
                          " already, and nowhere else within " + to_text(command.target) + " takes it"
                    : "nothing within " + to_text(command.target) + " takes it: " + why});
  }
  MoveRecord move;
  move.id = command.id;
  begin_move(step, *job, *source, target->offer, move, "asked for");
  step.answer(command.ticket, command.id.text());
}

}  // namespace tradewind::scheduler
