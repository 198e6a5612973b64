#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

void launch_answered(Step& step, const Offer& offer, const LeaseId& lease) {
  step.working().launching.erase(lease);
  int& launching = step.working().launching_per_offer[offer_key(offer)];
  if (launching > 0) --launching;
}

void observe_launch(Step& step, const LaunchReply& reply) {
  const LeaseRecord* known = step.lease(reply.lease);
  if (known == nullptr) return;
  LeaseRecord lease = *known;
  launch_answered(step, lease.offer, lease.id);
  step.mark_dirty(lease.job);
  if (!reply.error) {
    step.working().health.erase(offer_key(lease.offer));
    if (lease.state == LeaseState::ended) {  // given up in the meantime: nothing may run on
      step.act(Terminate{lease.id, reply.instance});
      return;
    }
    lease.instance = reply.instance;
    lease.launched_at = reply.launched_at;
    step.change(std::move(lease), lifecycle::LeaseChange::launched, "launched " + reply.instance.id.text());
    return;
  }
  if (lease.state != LeaseState::intended) return;
  if (reply.error->code == Code::unavailable || reply.error->code == Code::internal) {
    // Nothing may come of it, and of the next one neither: others are asked first.
    block_offer(step, lease.offer, *reply.error);
    step.working().unresolved_since[lease.id] = step.now();  // judge.cc looks for it in the supplier's list
    step.want_list(step.working().supplier_of(lease.offer.location), step.now());
    lease.reason = describe(*reply.error);
    std::string detail = lease.reason;
    step.put("lease.unanswered", std::move(detail), std::move(lease));
    return;
  }
  block_offer(step, lease.offer, *reply.error);
  lease.refusal = reply.error->code;
  lease.end = LeaseEnd::launch_failed;
  lease.ended_at = step.now();
  step.change(std::move(lease), lifecycle::LeaseChange::never_made, describe(*reply.error));
}

void observe_terminate(Step& step, const TerminateReply& reply) {
  step.working().terminating.erase(reply.instance);
  const bool refused = reply.error.has_value();
  step.working().terminate_due[reply.instance] =
      step.now() + (refused ? step.tempo().terminate_retry : 4 * step.tempo().terminate_retry);
  if (!refused) step.want_list(step.working().supplier_of(reply.instance.location), step.now());
  if (const LeaseRecord* lease = step.lease(reply.lease)) step.mark_dirty(lease->job);
}

void observe_order(Step& step, const OrderWritten& written) {
  step.working().ordering.erase(written.lease);
  const LeaseRecord* known = step.lease(written.lease);
  if (known == nullptr) return;
  step.mark_dirty(known->job);
  if (written.error || !known->pending_order || known->pending_order->number != written.number) return;
  LeaseRecord lease = *known;
  lease.pending_order.reset();
  step.put("lease.order_written", "order " + std::to_string(written.number) + " is in the mailbox",
           std::move(lease));
}

void fold_claim(Step& step, JobRecord& job, const LedgerRecord& record) {
  job.epoch = record.epoch;
  const LeaseRecord* lease = step.lease(record.lease);
  if (lease == nullptr || lease->job != job.id) return;
  step.change(*lease, lifecycle::LeaseChange::reported, "epoch " + std::to_string(record.epoch));
}

void fold_checkpoint(JobRecord& job, const LedgerRecord& record) {
  job.saved = SavedPoint{record.number, record.epoch, record.manifest, record.step, record.at};
}

LeaseEnd end_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::succeeded:
      return LeaseEnd::finished;
    case Outcome::failed:
      return LeaseEnd::failed;
    case Outcome::cancelled:
      return LeaseEnd::cancelled;
  }
  return LeaseEnd::lost;
}

// Whose machine goes right after these words is not lost, though its last status was not read yet.
void note_finisher(Step& step, const LeaseId& id, const ToldEnd& told) {
  const LeaseRecord* known = step.lease(id);
  if (known == nullptr) return;
  if (known->state != LeaseState::ended) {
    step.working().told_ends[id] = told;
  } else if (known->end == LeaseEnd::lost) {
    LeaseRecord lease = *known;
    lease.end = told.end;
    lease.reason = told.reason;
    step.put("lease.told_end", told.reason, std::move(lease));
  }
}

void fold_finish(Step& step, const JobRecord& before, const LedgerRecord& record) {
  JobRecord job = before;
  job.exit_code = record.exit_code;
  const bool ok = record.outcome == Outcome::succeeded;
  if (ok && job.saved) job.step = std::max(job.step, job.saved->step);
  const std::string reason = ok                       ? "finished"
                             : record.message.empty() ? "exit code " + std::to_string(record.exit_code)
                                                      : record.message;
  note_finisher(step, record.lease, {end_of(record.outcome), reason});
  step.change(std::move(job), ok ? lifecycle::JobChange::finished_ok : lifecycle::JobChange::finished_error,
              reason);
}

// Who writes into the ledger lives, even when its statuses do not come through.
void note_heard(Step& step, const LeaseId& id, Time asked_at) {
  const LeaseRecord* known = step.lease(id);
  if (known == nullptr || known->state == LeaseState::ended || known->status_changed_at >= asked_at) return;
  LeaseRecord lease = *known;
  lease.status_changed_at = asked_at;
  if (!lease.first_heard_at) lease.first_heard_at = asked_at;
  step.note(lease);
}

void fold_ledger(Step& step, const JobId& id, const std::vector<LedgerRecord>& records, Time asked_at) {
  for (const LedgerRecord& record : records) {
    const JobRecord* known = step.job(id);
    if (known == nullptr || record.number != known->ledger_number + 1) continue;
    note_heard(step, record.lease, asked_at);
    JobRecord job = *known;
    job.ledger_number = record.number;
    if (record.kind == LedgerKind::claim) fold_claim(step, job, record);
    if (record.kind == LedgerKind::checkpoint) fold_checkpoint(job, record);
    const std::string kind(to_text(record.kind));
    step.put("ledger." + kind, kind + " by epoch " + std::to_string(record.epoch), job);
    if (record.kind == LedgerKind::finish) fold_finish(step, job, record);
  }
}

bool matters(const std::optional<AgentStatus>& before, const AgentStatus& after) {
  return !before || before->phase != after.phase || before->epoch != after.epoch ||
         before->notice != after.notice || before->saved_digest != after.saved_digest ||
         before->program_started_at != after.program_started_at;
}

void take_steps(LeaseRecord& lease, const AgentStatus& status) {
  if (status.epoch == 0) return;
  lease.first_step = status.resumed_step;
  lease.last_step = std::max(status.step, status.resumed_step);
}

// The last words of one whose machine went before they were read: its account is completed, and what looked
// like a loss may have been an end in order.
void fold_late_status(Step& step, LeaseRecord lease, const AgentStatus& status) {
  lease.status = status;
  lease.unseen_since.reset();
  take_steps(lease, status);
  if (lease.end == LeaseEnd::lost && is_final(status.phase)) {
    lease.end = end_told_by(step, lease, status);
    lease.reason = reason_told_by(status);
    if (lease.end == LeaseEnd::preempted) block_preempted_offer(step, lease);
  }
  step.put("lease.last_status", std::string(to_text(status.phase)), lease);
}

void fold_status(Step& step, const AgentStatus& status, Time asked_at) {
  const LeaseRecord* known = step.lease(status.lease);
  if (known == nullptr || (known->status && known->status->sequence >= status.sequence)) return;
  if (known->state == LeaseState::ended) return fold_late_status(step, *known, status);
  LeaseRecord lease = *known;
  const bool durable = matters(lease.status, status) || lease.unseen_since.has_value();
  const bool first_step = (!lease.status || lease.status->epoch == 0) && status.epoch > 0;
  lease.status = status;
  lease.status_changed_at = asked_at;
  if (!lease.first_heard_at) lease.first_heard_at = asked_at;
  lease.unseen_since.reset();
  if (first_step || status.phase == AgentPhase::restoring) lease.first_step = status.resumed_step;
  take_steps(lease, status);
  if (durable) {
    step.put("lease.status", std::string(to_text(status.phase)), lease);
  } else {
    step.note(lease);
  }
  if (status.epoch > 0) {
    step.change(lease, lifecycle::LeaseChange::reported, "epoch " + std::to_string(status.epoch));
  }
}

void fold_progress(Step& step, const JobId& id) {
  const JobRecord* known = step.job(id);
  if (known == nullptr || is_final(known->state) || known->leases.empty()) return;
  JobRecord job = *known;
  for (const LeaseRecord& lease : step.live_leases(job)) {
    if (!lease.status || lease.status->epoch == 0 || lease.status->epoch < job.epoch) continue;
    job.step = std::max(lease.status->step, lease.status->resumed_step);
    if (lease.status->total_steps > 0) job.total_steps = lease.status->total_steps;
    job.metrics = lease.status->metrics;
    if (!job.started_at && lease.status->program_started_at)
      job.started_at = lease.status->program_started_at;
  }
  step.note(job);
}

void forget_last_words(Step& step, const MailboxReading& reading, const std::vector<LeaseId>& asked) {
  const auto due = step.working().last_words_due.find(reading.job);
  if (due == step.working().last_words_due.end()) return;
  for (const LeaseId& lease : asked) {
    const auto since = due->second.find(lease);
    if (since != due->second.end() && since->second <= reading.asked_at) due->second.erase(since);
  }
  if (due->second.empty()) step.working().last_words_due.erase(due);
}

void observe_reading(Step& step, const MailboxReading& reading) {
  const auto asked = step.working().reading.extract(reading.job);
  const JobRecord* job = step.job(reading.job);
  if (job == nullptr) return;
  step.mark_dirty(reading.job);
  if (reading.error) return;
  step.working().read_at[reading.job] = reading.asked_at;
  if (asked) {
    for (const LeaseId& lease : asked.mapped()) step.note_read(lease);
  }
  for (const AgentStatus& status : reading.statuses) fold_status(step, status, reading.asked_at);
  forget_last_words(step, reading, asked ? asked.mapped() : std::vector<LeaseId>());
  fold_progress(step, reading.job);
  fold_ledger(step, reading.job, reading.ledger, reading.asked_at);
}

struct Dispatch {
  Step& step;
  void operator()(const LaunchReply& reply) const { observe_launch(step, reply); }
  void operator()(const TerminateReply& reply) const { observe_terminate(step, reply); }
  void operator()(const Listing& listing) const { observe_listing(step, listing); }
  void operator()(const MailboxReading& reading) const { observe_reading(step, reading); }
  void operator()(const OrderWritten& written) const { observe_order(step, written); }
  void operator()(const SubmitCommand& command) const { observe_submit(step, command); }
  void operator()(const CancelCommand& command) const { observe_cancel(step, command); }
  void operator()(const MoveCommand& command) const { observe_move(step, command); }
};

}  // namespace

void observe(Step& step, const Observation& observation) {
  std::visit(Dispatch{step}, observation);
}

}  // namespace tradewind::scheduler
