#include <algorithm>

#include "base/reversed.h"
#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

// Who waits in a supplier's queue says nothing, and its supplier's list tells when it has begun.
Duration pace_of(Step& step, const std::vector<LeaseRecord>& live) {
  const Working& working = step.working();
  Duration pace = step.tempo().mailbox_poll;
  for (const LeaseRecord& lease : live) {
    if (lease.status_changed_at || !is_listed_waiting(working, lease)) return step.tempo().mailbox_poll;
    const auto all = working.live_leases.find(working.supplier_of(lease.offer.location));
    if (all != working.live_leases.end())
      pace = std::max(pace, step.tempo().queued_poll * static_cast<Duration::rep>(all->second.size()));
  }
  return pace;
}

void read_mailbox(Step& step, const JobRecord& job, const std::vector<LeaseRecord>& live) {
  Working& working = step.working();
  ReadMailbox read{job.id, job.home, job.ledger_number, {}, job.spec.checkpoint.encrypt};
  for (const LeaseRecord& lease : live) {
    if (lease.state != LeaseState::intended) read.leases.push_back(lease.id);
  }
  if (const auto due = working.last_words_due.find(job.id); due != working.last_words_due.end()) {
    for (const auto& [lease, since] : due->second) read.leases.push_back(lease);
  }
  if (read.leases.empty() && awaits_last_words(step, job)) read.leases.push_back(job.leases.back());
  if (read.leases.empty() || working.reading.contains(job.id)) return;
  const auto last = working.read_asked_at.find(job.id);
  const Time due = last == working.read_asked_at.end() ? step.now() : last->second + pace_of(step, live);
  if (due > step.now()) return step.wake(job.id, due);
  working.reading[job.id] = read.leases;
  working.read_asked_at[job.id] = step.now();
  step.act(std::move(read));
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

// The last place that the job had was given back by its policy.
bool was_paused(Step& step, const JobRecord& job) {
  for (const LeaseId& id : reversed(job.leases)) {
    const LeaseRecord* lease = step.lease(id);
    if (lease != nullptr && lease->launched_at && lease->end != LeaseEnd::surplus)
      return lease->end == LeaseEnd::paused;
  }
  return false;
}

void note_interruption(Step& step, const JobRecord& job) {
  if (job.state == JobState::starting && job.epoch == 0) {
    step.change(job, lifecycle::JobChange::unplaced, last_reason(step, job));
  } else if (job.state == JobState::starting || job.state == JobState::running) {
    const bool paused = was_paused(step, job);
    step.change(job, paused ? lifecycle::JobChange::paused : lifecycle::JobChange::interrupted,
                last_reason(step, job));
  }
}

void fail_move_of_ended_job(Step& step, const JobRecord& job) {
  if (!job.move) return;
  if (const MoveRecord* move = step.move(*job.move)) {
    step.change(*move, lifecycle::MoveChange::failed, "the job ended first");
  }
}

// The agent that finished the job is about to say so in its status, behind its last output. It gets the time.
bool is_saying_farewell(Step& step, const JobRecord& job, const LeaseRecord& lease) {
  if (!job.ended_at || job.cancel_requested || !lease.status || lease.status->epoch != job.epoch)
    return false;
  if (is_final(lease.status->phase)) return false;
  const Time until = *job.ended_at + step.tempo().farewell_patience;
  if (step.now() >= until) return false;
  step.wake(job.id, until);
  return true;
}

void wind_up(Step& step, const JobRecord& job) {
  fail_move_of_ended_job(step, job);
  const LeaseEnd end = job.state == JobState::succeeded ? LeaseEnd::finished
                       : job.cancel_requested           ? LeaseEnd::cancelled
                                                        : LeaseEnd::failed;
  for (const LeaseRecord& lease : step.live_leases(job)) {
    if (lease.end == LeaseEnd::none && !is_saying_farewell(step, job, lease)) {
      release(step, lease, end, "the job has ended");
    }
  }
}

}  // namespace

bool awaits_last_words(Step& step, const JobRecord& job) {
  const auto due = step.working().last_words_due.find(job.id);
  if (due != step.working().last_words_due.end()) return true;
  // What ended before this loop began is looked at once.
  if (is_final(job.state) || job.leases.empty() || step.working().read_at.contains(job.id)) return false;
  const LeaseRecord* last = step.lease(job.leases.back());
  return last != nullptr && last->state == LeaseState::ended && last->launched_at.has_value();
}

void decide_job(Step& step, const JobId& id) {
  const JobRecord* known = step.job(id);
  if (known == nullptr) return;
  for (const LeaseRecord& lease : step.live_leases(*known)) judge_lease(step, lease.id);

  if (is_final(step.job(id)->state)) {
    wind_up(step, *step.job(id));
  } else if (step.job(id)->cancel_requested) {
    decide_cancel(step, *step.job(id), step.live_leases(*step.job(id)));
  } else {
    if (step.job(id)->move) decide_move(step, *step.job(id)->move);
    const std::vector<LeaseRecord> live = step.live_leases(*step.job(id));
    note_beginning(step, *step.job(id), live);
    if (!awaits_last_words(step, *step.job(id))) {
      if (!is_held(*step.job(id), live)) note_interruption(step, *step.job(id));
      ask_policy(step, *step.job(id), live);
    }
  }
  read_mailbox(step, *step.job(id), step.live_leases(*step.job(id)));
}

}  // namespace tradewind::scheduler
