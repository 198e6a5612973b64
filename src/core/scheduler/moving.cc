#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

bool is_gone(const LeaseRecord* lease) {
  return lease == nullptr || lease->state == LeaseState::ended || lease->state == LeaseState::releasing;
}

void fail_move(Step& step, const MoveRecord& move, const std::string& reason) {
  if (const LeaseRecord* target = step.lease(move.to))
    release(step, *target, LeaseEnd::surplus, "its move failed: " + reason);
  step.change(move, lifecycle::MoveChange::failed, reason);
}

// The source has ended, by our order or by itself: from here on the target is where the job goes on.
void hand_over(Step& step, MoveRecord move, const LeaseRecord& source, const std::string& reason) {
  const LeaseRecord* target = step.lease(move.to);
  Order start;
  start.kind = OrderKind::start;
  start.reason = reason;
  if (!give_order(step, *target, std::move(start), "go on from the newest checkpoint"))
    return;  // again once it is free
  if (source.status) {
    const AgentStatus& last = *source.status;
    move.step_saved = last.saved_step;
    // Who committed nothing of its own hands on what it began with.
    move.digest_saved = last.saved_digest.empty() ? last.restored_digest : last.saved_digest;
    move.stopped_at = last.program_stopped_at;
  }
  if (!move.stopped_at) move.stopped_at = step.now();
  step.change(std::move(move), lifecycle::MoveChange::source_stopped, reason);
}

// A source that has not begun. By its policy the job goes to whichever starts first. The target is not told
// to start before the source's supplier has shown that nothing of it is left in the queue.
void prepare_from_queue(Step& step, const MoveRecord& move, const LeaseRecord& source,
                        const LeaseRecord& target) {
  if (source.state == LeaseState::ended)
    return hand_over(step, move, source, "withdrawn from the queue: " + source.reason);
  if (source.state == LeaseState::releasing) return;
  if (!target.status || target.status->phase != AgentPhase::standby) return;
  release(step, source, LeaseEnd::surplus,
          "withdrawn from its queue: the job starts at " + to_text(move.target));
}

void prepare(Step& step, const MoveRecord& move, const LeaseRecord& source, const LeaseRecord& target) {
  if (move.from_queue && !source.first_heard_at) return prepare_from_queue(step, move, source, target);
  if (move.from_queue && move.by_policy && !is_gone(&source))
    return fail_move(step, move, "the queue came first: the source has started");
  if (is_gone(&source))
    return hand_over(step, move, source, "the source was lost while the target got ready");
  if (!target.status || target.status->phase != AgentPhase::standby) return;
  Order stop;
  stop.kind = OrderKind::stop;
  stop.reason = "move to " + to_text(move.target);
  if (!give_order(step, source, std::move(stop), "save and stop: the target is ready")) return;
  step.change(move, lifecycle::MoveChange::target_ready, "the target is ready");
}

void save(Step& step, const MoveRecord& move, const LeaseRecord& source) {
  if (is_gone(&source)) return hand_over(step, move, source, "the source has saved and stopped");
  const Time patience = source.stop_ordered_at.value_or(move.requested_at) + step.tempo().stop_patience;
  if (step.now() < patience) return step.wake(move.job, patience);
  release(step, source, LeaseEnd::moved, "it did not stop in time");
  hand_over(step, move, source, "the source did not stop in time");
}

// From its claim on the target is where the job is; the move is done once the program runs there.
void resume(Step& step, MoveRecord move, const LeaseRecord& target) {
  if (!target.status || target.status->epoch == 0) return;
  if (target.role == LeaseRole::target) {
    LeaseRecord primary = target;
    primary.role = LeaseRole::primary;
    primary.pinned = !move.by_policy;
    step.put("lease.promoted", "the job runs here now", std::move(primary));
  }
  if (!target.status->program_started_at) return;
  const AgentStatus& status = *target.status;
  move.step_resumed = status.resumed_step;
  move.digest_restored = status.restored_digest;
  move.bytes_moved = status.bytes_moved;
  move.bytes_reused = status.bytes_reused;
  move.resumed_at = status.program_started_at;
  step.change(std::move(move), lifecycle::MoveChange::target_running, "moved");
}

}  // namespace

void begin_move(Step& step, const JobRecord& job, const LeaseRecord& source, const Offer& target,
                MoveRecord move, const std::string& why) {
  move.job = job.id;
  move.from = source.id;
  move.target = target.location;
  move.from_queue = queued(step, source).has_value();
  move.requested_at = step.now();
  const std::string from = to_text(source.offer.location);
  JobRecord moving = job;
  moving.move = move.id;
  move.to = intend_lease(step, moving, target, LeaseRole::target, "move: " + why).id;
  step.put("move.requested", "from " + from + " to " + to_text(move.target), move);
}

void decide_move(Step& step, const MoveId& id) {
  const MoveRecord* known = step.move(id);
  if (known == nullptr) return;
  const MoveRecord move = *known;
  const LeaseRecord* target = step.lease(move.to);
  const LeaseRecord* source = step.lease(move.from);
  if (is_gone(target)) {
    return fail_move(
        step, move, "the target was lost: " + (target != nullptr ? target->reason : std::string("no lease")));
  }
  if (source == nullptr) return;
  if (source->state == LeaseState::ended && awaits_last_words(step, *step.job(move.job))) return;
  const LeaseRecord source_copy = *source;
  const LeaseRecord target_copy = *target;
  switch (move.state) {
    case MoveState::preparing:
      return prepare(step, move, source_copy, target_copy);
    case MoveState::saving:
      return save(step, move, source_copy);
    case MoveState::resuming:
      return resume(step, move, target_copy);
    case MoveState::done:
    case MoveState::failed:
      return;
  }
}

}  // namespace tradewind::scheduler
