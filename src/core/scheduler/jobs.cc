#include <algorithm>

#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

// The last lease is gone, and the mailbox was not read since: its agent may have finished the job before it
// went.
bool needs_last_look(Step& step, const JobRecord& job) {
  const LeaseRecord* last = job.leases.empty() ? nullptr : step.lease(job.leases.back());
  if (last == nullptr || last->state != LeaseState::ended || !last->launched_at || !last->ended_at)
    return false;
  const auto read = step.working().read_at.find(job.id);
  if (read == step.working().read_at.end()) return true;
  // The end is told in the supplier's time. Where that runs ahead of ours, a reading after we heard of the
  // end will do; so does any at all when we heard of it before the loop began.
  const auto seen = step.working().end_seen_at.find(job.id);
  return seen != step.working().end_seen_at.end() && read->second < std::min(*last->ended_at, seen->second);
}

void read_mailbox(Step& step, const JobRecord& job, const std::vector<LeaseRecord>& live) {
  Working& working = step.working();
  ReadMailbox read{job.id, job.home, job.ledger_number, {}};
  for (const LeaseRecord& lease : live) {
    if (lease.state != LeaseState::intended) read.leases.push_back(lease.id);
  }
  if (read.leases.empty() && !is_final(job.state) && needs_last_look(step, job))
    read.leases.push_back(job.leases.back());
  if (read.leases.empty() || working.reading.contains(job.id)) return;
  const auto last = working.read_asked_at.find(job.id);
  const Time due =
      last == working.read_asked_at.end() ? step.now() : last->second + step.tempo().mailbox_poll;
  if (due > step.now()) return step.wake(job.id, due);
  working.reading[job.id] = read.leases;
  working.read_asked_at[job.id] = step.now();
  step.act(std::move(read));
}

void end_leases(Step& step, const std::vector<LeaseRecord>& live, LeaseEnd end, const std::string& reason) {
  for (const LeaseRecord& lease : live) {
    if (lease.end == LeaseEnd::none) release(step, lease, end, reason);
  }
}

// The agent gets the chance to end its program in order; what does not report within the patience is ended
// anyway.
void stop_lease(Step& step, const LeaseRecord& lease) {
  if (lease.state != LeaseState::launched && lease.state != LeaseState::active) return;
  if (lease.state == LeaseState::launched && !lease.status) {
    return release(step, lease, LeaseEnd::cancelled, "cancelled before it began");
  }
  if (!lease.stop_ordered_at) {
    Order stop;
    stop.kind = OrderKind::stop;
    stop.reason = "cancelled";
    stop.discard = true;
    give_order(step, lease, std::move(stop), "stop: the job is cancelled");
    return;
  }
  const Time patience = *lease.stop_ordered_at + step.tempo().stop_patience;
  if (step.now() < patience) return step.wake(lease.job, patience);
  release(step, lease, LeaseEnd::cancelled, "it did not stop in time");
}

void decide_cancel(Step& step, const JobRecord& job, const std::vector<LeaseRecord>& live) {
  if (job.move) {
    if (const MoveRecord* move = step.move(*job.move)) {
      step.change(*move, lifecycle::MoveChange::failed, "the job was cancelled");
    }
  }
  if (live.empty()) {
    step.change(*step.job(job.id), lifecycle::JobChange::drained, "cancelled on request");
    return;
  }
  for (const LeaseRecord& lease : live) stop_lease(step, lease);
}

// The job has a lease that runs it, is about to, or will be told to.
bool is_held(const JobRecord& job, const std::vector<LeaseRecord>& live) {
  return std::any_of(live.begin(), live.end(), [&](const LeaseRecord& lease) {
    return lease.end == LeaseEnd::none && (lease.role == LeaseRole::primary || job.move.has_value());
  });
}

void note_beginning(Step& step, const JobRecord& job, const std::vector<LeaseRecord>& live) {
  if (job.state != JobState::starting) return;
  const bool began = std::any_of(live.begin(), live.end(), [](const LeaseRecord& lease) {
    return lease.state == LeaseState::active && lease.end == LeaseEnd::none;
  });
  if (began) step.change(job, lifecycle::JobChange::began, "running");
}

std::string last_reason(Step& step, const JobRecord& job) {
  if (job.leases.empty()) return "waiting for a place";
  const LeaseRecord* last = step.lease(job.leases.back());
  return last == nullptr || last->reason.empty() ? "its place was lost" : last->reason;
}

void note_interruption(Step& step, const JobRecord& job) {
  if (job.state == JobState::starting && job.epoch == 0) {
    step.change(job, lifecycle::JobChange::unplaced, last_reason(step, job));
  } else if (job.state == JobState::starting || job.state == JobState::running) {
    step.change(job, lifecycle::JobChange::interrupted, last_reason(step, job));
  }
}

void fail_move_of_ended_job(Step& step, const JobRecord& job) {
  if (!job.move) return;
  if (const MoveRecord* move = step.move(*job.move)) {
    step.change(*move, lifecycle::MoveChange::failed, "the job ended first");
  }
}

}  // namespace

void decide_job(Step& step, const JobId& id) {
  const JobRecord* known = step.job(id);
  if (known == nullptr) return;
  for (const LeaseRecord& lease : step.live_leases(*known)) judge_lease(step, lease.id);

  if (is_final(step.job(id)->state)) {
    fail_move_of_ended_job(step, *step.job(id));
    const LeaseEnd end = step.job(id)->state == JobState::succeeded ? LeaseEnd::finished
                         : step.job(id)->cancel_requested           ? LeaseEnd::cancelled
                                                                    : LeaseEnd::failed;
    end_leases(step, step.live_leases(*step.job(id)), end, "the job has ended");
  } else if (step.job(id)->cancel_requested) {
    decide_cancel(step, *step.job(id), step.live_leases(*step.job(id)));
  } else {
    if (step.job(id)->move) decide_move(step, *step.job(id)->move);
    const std::vector<LeaseRecord> live = step.live_leases(*step.job(id));
    note_beginning(step, *step.job(id), live);
    if (!is_held(*step.job(id), live) && !needs_last_look(step, *step.job(id))) {
      note_interruption(step, *step.job(id));
      place_job(step, *step.job(id));
    }
  }
  read_mailbox(step, *step.job(id), step.live_leases(*step.job(id)));
}

}  // namespace tradewind::scheduler
