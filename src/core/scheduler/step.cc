#include "core/scheduler/step.h"

#include <algorithm>

namespace tradewind::scheduler {
namespace {

constexpr Time never = Time::max();

}  // namespace

Step::Step(ClusterState& state, Working& working, const Survey& survey, Time now)
    : state_(state), working_(working), survey_(survey), now_(now), wake_at_(never) {
  if (working_.indexed) return;
  for (const auto& [id, lease] : state_.leases) index(lease);
  overhear_all(*this);
  note_all_queue_waits(*this);
  for (const auto& [id, job] : state_.jobs) {
    if (!is_final(job.state) || !live_leases(job).empty()) mark_dirty(id);
  }
  working_.indexed = true;
}

const JobRecord* Step::job(const JobId& id) const {
  const auto found = state_.jobs.find(id);
  return found == state_.jobs.end() ? nullptr : &found->second;
}
const LeaseRecord* Step::lease(const LeaseId& id) const {
  const auto found = state_.leases.find(id);
  return found == state_.leases.end() ? nullptr : &found->second;
}
const MoveRecord* Step::move(const MoveId& id) const {
  const auto found = state_.moves.find(id);
  return found == state_.moves.end() ? nullptr : &found->second;
}

std::vector<LeaseRecord> Step::live_leases(const JobRecord& job) const {
  std::vector<LeaseRecord> live;
  for (const LeaseId& id : job.leases) {
    const LeaseRecord* record = lease(id);
    if (record != nullptr && record->state != LeaseState::ended) live.push_back(*record);
  }
  return live;
}

void Step::index(const LeaseRecord& lease) {
  std::set<LeaseId>& live = working_.live_leases[working_.supplier_of(lease.offer.location)];
  if (lease.state == LeaseState::ended) {
    live.erase(lease.id);
    working_.seen_waiting.erase(lease.id);
    working_.told_ends.erase(lease.id);
  } else {
    live.insert(lease.id);
  }
}

// An agent may have written its final status, or finished the job, before its machine went. The end is told
// in the supplier's time: where that runs ahead of ours, a reading after we heard of the end will do.
void Step::want_last_words(const LeaseRecord& after) {
  const LeaseRecord* before = lease(after.id);
  if (before == nullptr || before->state == LeaseState::ended || !after.launched_at || !after.ended_at)
    return;
  if (after.status && is_final(after.status->phase)) return;
  working_.last_words_due[after.job][after.id] = std::min(*after.ended_at, now_);
}

void Step::put(std::string kind, std::string detail, Record after) {
  if (const auto* lease = std::get_if<LeaseRecord>(&after)) {
    index(*lease);
    overhear(*this, *lease);
    note_queue_wait(*this, *lease);
    if (lease->state == LeaseState::ended) want_last_words(*lease);
    mark_dirty(lease->job);
  }
  if (const auto* job = std::get_if<JobRecord>(&after)) mark_dirty(job->id);
  if (const auto* move = std::get_if<MoveRecord>(&after)) mark_dirty(move->job);
  decisions_.events.push_back({now_, std::move(kind), std::move(detail), std::move(after)});
  apply(state_, decisions_.events.back());
}

bool Step::change(JobRecord job, lifecycle::JobChange change, std::string reason) {
  const std::optional<JobState> next = lifecycle::next(job.state, change);
  if (!next) return false;
  job.state = *next;
  job.reason = reason;
  if (is_final(*next)) {
    job.ended_at = now_;
    working_.seats.erase(job.id);
    working_.asking.erase(job.id);
  }
  put("job." + std::string(to_text(change)), std::move(reason), std::move(job));
  return true;
}

bool Step::change(LeaseRecord lease, lifecycle::LeaseChange change, std::string reason) {
  const std::optional<LeaseState> next = lifecycle::next(lease.state, change);
  if (!next) return false;
  lease.state = *next;
  if (!reason.empty() && lease.end != LeaseEnd::none && lease.reason.empty()) lease.reason = reason;
  put("lease." + std::string(to_text(change)), std::move(reason), std::move(lease));
  return true;
}

bool Step::change(MoveRecord move, lifecycle::MoveChange change, std::string reason) {
  const std::optional<MoveState> next = lifecycle::next(move.state, change);
  if (!next) return false;
  move.state = *next;
  if (move.state == MoveState::done || move.state == MoveState::failed) {
    move.ended_at = now_;
    move.reason = reason;
    if (const JobRecord* owner = job(move.job); owner != nullptr && owner->move == move.id) {
      JobRecord freed = *owner;
      freed.move.reset();
      put("job.move_ended", reason, std::move(freed));
    }
  }
  put("move." + std::string(to_text(change)), std::move(reason), std::move(move));
  return true;
}

void Step::answer(std::uint64_t ticket, Result<std::string> value) {
  decisions_.answers.push_back({ticket, std::move(value)});
}

void Step::wake(const JobId& job, Time at) {
  const auto known = working_.wake.find(job);
  if (known != working_.wake.end()) {
    if (known->second <= at) return;
    working_.wake_order.erase({known->second, job});
  }
  working_.wake[job] = at;
  working_.wake_order.insert({at, job});
}

void Step::want_list(const std::string& provider, Time at) {
  const auto [wanted, fresh] = working_.list_wanted.try_emplace(provider, at);
  if (!fresh) wanted->second = std::min(wanted->second, at);
}

void Step::collect_due() {
  while (!working_.wake_order.empty() && working_.wake_order.begin()->first <= now_) {
    const JobId job = working_.wake_order.begin()->second;
    working_.wake_order.erase(working_.wake_order.begin());
    working_.wake.erase(job);
    mark_dirty(job);
  }
}

Decisions Step::take() {
  if (!working_.wake_order.empty()) wake_step(working_.wake_order.begin()->first);
  decisions_.wake_at = wake_at_;
  return std::move(decisions_);
}

}  // namespace tradewind::scheduler
