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
  const PlacementAnswer answer = step.place()(question_for(step, job));
  if (!answer.offer && !answer.ask_again) {
    step.answer(command.ticket, Error{Code::invalid_argument, "this job cannot be placed: " + answer.why,
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
  PlacementQuestion question = question_for(step, *job);
  question.within = command.target;
  question.except = source->offer.location;
  const PlacementAnswer answer = step.place()(question);
  if (!answer.offer) {
    const bool there = contains(command.target, source->offer.location);
    return step.answer(
        command.ticket,
        Error{there || !answer.ask_again ? Code::invalid_argument : Code::insufficient_capacity,
              there ? "job '" + job->id.text() + "' is at " + to_text(source->offer.location) +
                          " already, and nowhere else within " + to_text(command.target) + " takes it"
                    : "nothing within " + to_text(command.target) + " takes it: " + answer.why});
  }
  MoveRecord move;
  move.id = command.id;
  move.job = job->id;
  move.from = source->id;
  move.target = answer.offer->location;
  move.requested_at = step.now();
  JobRecord moving = *job;
  moving.move = move.id;
  const LeaseRecord target =
      intend_lease(step, moving, *answer.offer, LeaseRole::target, "move: " + answer.why);
  move.to = target.id;
  step.put("move.requested", "from " + to_text(source->offer.location) + " to " + to_text(move.target), move);
  step.answer(command.ticket, command.id.text());
}

}  // namespace tradewind::scheduler
