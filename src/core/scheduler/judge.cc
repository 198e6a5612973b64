// What one lease's state, status and silence mean. "Lost" needs evidence; silence alone only makes a lease
// unseen.
#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

bool answered_since(const std::map<std::string, Time>& times, const std::string& key, Time since) {
  const auto found = times.find(key);
  return found != times.end() && found->second >= since;
}

bool mailbox_answered_since(Step& step, const JobId& job, Time since) {
  const auto& times = step.working().read_at;
  const auto found = times.find(job);
  return found != times.end() && found->second >= since;
}

// An intended lease without a launch call of ours in flight: after a crash, or after a lost reply. We look;
// we do not launch again.
void resolve_intent(Step& step, const LeaseRecord& lease) {
  Working& working = step.working();
  if (working.launching.contains(lease.id)) return;
  const std::string provider = working.supplier_of(lease.offer.location);
  const auto [since, fresh] = working.unresolved_since.try_emplace(lease.id, step.now());
  if (fresh) step.want_list(provider, step.now());
  const Time settled = since->second + working.suppliers[provider].list_delay;
  if (!answered_since(working.listed_at, provider, settled)) {
    step.want_list(provider, settled);
    return;
  }
  working.unresolved_since.erase(lease.id);
  LeaseRecord ended = lease;
  ended.end = LeaseEnd::launch_failed;
  ended.ended_at = step.now();
  step.change(std::move(ended), lifecycle::LeaseChange::never_made,
              "the supplier shows no trace of this launch");
}

// The agent itself says that this lease has nothing more to do.
bool judge_final_status(Step& step, const LeaseRecord& lease) {
  if (!lease.status || !is_final(lease.status->phase)) return false;
  const AgentStatus& status = *lease.status;
  const LeaseEnd end = end_told_by(step, lease, status);
  if (end == LeaseEnd::preempted) block_preempted_offer(step, lease);
  release(step, lease, end, reason_told_by(status));
  return true;
}

// From when its first word is due. Who stands in a supplier's queue has not begun to boot.
Time begun_waiting(const Step& step, const LeaseRecord& lease) {
  const Time launched = lease.launched_at.value_or(lease.intended_at);
  const auto waiting = step.working().seen_waiting.find(lease.id);
  return waiting == step.working().seen_waiting.end() ? launched : std::max(launched, waiting->second);
}

// From when silence counts: while the connection that carries their reports was cut, agents could not be
// heard, and they need a moment when it is back.
Time reports_since(Step& step, const std::string& supplier) {
  const Working& working = step.working();
  const auto facts = working.suppliers.find(supplier);
  if (facts == working.suppliers.end() || !facts->second.carries_reports) return Time::min();
  const auto since = working.answers_since.find(supplier);
  return since == working.answers_since.end() ? step.now() : since->second;
}

// Since when nothing was heard, and for how long that is in order.
bool judge_silence(Step& step, const LeaseRecord& lease) {
  const std::string provider = step.working().supplier_of(lease.offer.location);
  const Duration cold_start = lease.offer.cold_start.value_or(step.working().suppliers[provider].cold_start);
  const bool booting = !lease.status_changed_at;
  const Time heard = booting ? begun_waiting(step, lease) : *lease.status_changed_at;
  const Duration patience = booting ? cold_start + step.tempo().boot_patience : step.tempo().lease_term;
  const Time stale = heard + patience;
  if (step.now() < stale) {
    step.wake(lease.job, stale);
    return false;
  }
  const Time hopeless = std::max(heard, reports_since(step, provider)) + patience;
  if (step.just_read(lease.id) && mailbox_answered_since(step, lease.job, hopeless) &&
      answered_since(step.working().listed_at, provider, hopeless)) {
    release(step, lease, LeaseEnd::lost,
            std::string(booting ? "its agent never reported" : "its agent fell silent") +
                " while its mailbox and its supplier answer");
    return true;
  }
  if (!lease.unseen_since) {
    LeaseRecord unseen = lease;
    unseen.unseen_since = step.now();
    step.put("lease.unseen", "nothing heard of it, and no evidence that it is lost: left alone",
             std::move(unseen));
  }
  return false;
}

void extend_limit(Step& step, const LeaseRecord& lease) {
  if (!lease.hard_limit || lease.stop_ordered_at || lease.state != LeaseState::active) return;
  const Time renew = *lease.hard_limit - step.tempo().hard_limit / 2;
  if (step.now() < renew) return step.wake(lease.job, renew);
  Order order;
  order.kind = OrderKind::extend;
  order.until = step.now() + step.tempo().hard_limit;
  give_order(step, lease, std::move(order),
             "may run until " + format_utc(step.now() + step.tempo().hard_limit));
}

void repeat_termination(Step& step, const LeaseRecord& lease) {
  if (!lease.instance) return;
  Working& working = step.working();
  if (working.terminating.contains(*lease.instance)) return;
  const auto due = working.terminate_due.find(*lease.instance);
  if (due != working.terminate_due.end() && due->second > step.now())
    return step.wake(lease.job, due->second);
  working.terminating.insert(*lease.instance);
  step.act(Terminate{lease.id, *lease.instance});
}

void send_pending_order(Step& step, const LeaseRecord& lease) {
  if (!lease.pending_order || step.working().ordering.contains(lease.id)) return;
  const JobRecord* job = step.job(lease.job);
  step.working().ordering.insert(lease.id);
  step.act(WriteOrder{lease.job, job->home, lease.id, *lease.pending_order, job->spec.checkpoint.encrypt});
}

}  // namespace

LeaseEnd end_told_by(Step& step, const LeaseRecord& lease, const AgentStatus& status) {
  const JobRecord* job = step.job(lease.job);
  const MoveRecord* move = job != nullptr && job->move ? step.move(*job->move) : nullptr;
  const bool moved = move != nullptr && move->from == lease.id && move->state != MoveState::preparing;
  switch (status.phase) {
    case AgentPhase::finished:
      return status.exit_code.value_or(0) == 0 ? LeaseEnd::finished : LeaseEnd::failed;
    case AgentPhase::fenced:
      return LeaseEnd::surplus;
    case AgentPhase::stopped:
      if (moved) return LeaseEnd::moved;
      if (job != nullptr && job->cancel_requested) return LeaseEnd::cancelled;
      if (status.notice) return LeaseEnd::preempted;
      return lease.stop_ordered_at ? LeaseEnd::paused : LeaseEnd::lost;
    default:
      return LeaseEnd::lost;
  }
}

std::string reason_told_by(const AgentStatus& status) {
  return status.message.empty() ? std::string(to_text(status.phase)) : status.message;
}

void judge_lease(Step& step, const LeaseId& id) {
  const LeaseRecord lease = *step.lease(id);
  if (lease.state == LeaseState::intended) return resolve_intent(step, lease);
  if (lease.state == LeaseState::releasing) return repeat_termination(step, lease);
  if (lease.state == LeaseState::ended) return;
  if (!judge_final_status(step, lease) && !judge_silence(step, lease)) extend_limit(step, *step.lease(id));
  send_pending_order(step, *step.lease(id));
  if (step.lease(id)->state == LeaseState::releasing) repeat_termination(step, *step.lease(id));
}

}  // namespace tradewind::scheduler
