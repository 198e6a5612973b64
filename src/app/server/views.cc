#include "app/server/views.h"

#include <algorithm>

#include "core/billing/budget.h"
#include "core/billing/charge.h"

namespace tradewind::server {
namespace {

bool newer(const JobRecord& a, const JobRecord& b) {
  return a.submitted_at != b.submitted_at ? a.submitted_at > b.submitted_at : a.id > b.id;
}

Result<JobId> newest_job(const ClusterState& state) {
  const JobRecord* newest = nullptr;
  for (const auto& [id, job] : state.jobs) {
    if (newest == nullptr || newer(job, *newest)) newest = &job;
  }
  if (newest == nullptr)
    return Error{Code::not_found, "there is no job yet", "tradewind run FILE submits one"};
  return newest->id;
}

// Live before over, then the newest.
const JobRecord* job_by_name(const ClusterState& state, std::string_view name) {
  const JobRecord* best = nullptr;
  for (const auto& [id, job] : state.jobs) {
    if (job.spec.name != name) continue;
    const bool better = best == nullptr || (is_final(best->state) && !is_final(job.state)) ||
                        (is_final(best->state) == is_final(job.state) && newer(job, *best));
    if (better) best = &job;
  }
  return best;
}

std::vector<JobId> jobs_beginning_with(const ClusterState& state, const std::string& prefix) {
  std::vector<JobId> found;
  for (auto each = state.jobs.lower_bound(JobId(prefix));
       each != state.jobs.end() && each->first.text().starts_with(prefix); ++each) {
    found.push_back(each->first);
  }
  return found;
}

double total_steps_of(const JobRecord& job) {
  return job.total_steps > 0 ? job.total_steps : job.spec.work.total;
}

std::string location_of(const ClusterState& state, const LeaseId& id) {
  const auto lease = state.leases.find(id);
  return lease == state.leases.end() ? "" : to_text(lease->second.offer.location);
}

void add_live_facts(api::JobSummary& summary, const LeaseRecord& lease, const JobRecord& job) {
  if (lease.status) {
    const AgentStatus& status = *lease.status;
    summary.phase = std::string(to_text(status.phase));
    summary.rate_per_s = status.rate_per_s;
    if (status.notice) summary.notice_deadline = status.notice->deadline;
    const double left = summary.total_steps - job.step;
    const bool advancing = status.phase == AgentPhase::running || status.phase == AgentPhase::saving;
    if (advancing && status.rate_per_s > 0 && left >= 0 && summary.total_steps > 0) {
      summary.eta = duration_of_seconds(std::min(left / status.rate_per_s, 1e9));
    }
  }
  summary.unseen_since = lease.unseen_since;
}

}  // namespace

Result<JobId> resolve_job(const ClusterState& state, std::string_view text) {
  if (text == "-") return newest_job(state);
  if (state.jobs.contains(JobId(std::string(text)))) return JobId(std::string(text));
  if (const JobRecord* named = job_by_name(state, text)) return named->id;
  const bool whole = text.starts_with("j-");
  const std::string prefix = whole ? std::string(text) : "j-" + std::string(text);
  const std::vector<JobId> found =
      prefix.size() > 2 ? jobs_beginning_with(state, prefix) : std::vector<JobId>{};
  if (found.size() == 1) return found.front();
  const std::string quoted = "'" + std::string(text) + "'";
  if (found.empty()) {
    return Error{Code::not_found, "no job has the id or name " + quoted, "tradewind jobs --all lists them"};
  }
  return Error{
      Code::conflict, std::to_string(found.size()) + " jobs have an id that begins with " + quoted,
      "write more of it: " + found[0].text() + ", " + found[1].text() + (found.size() > 2 ? ", …" : "")};
}

std::vector<const LeaseRecord*> leases_of(const ClusterState& state, const JobRecord& job) {
  std::vector<const LeaseRecord*> leases;
  for (const LeaseId& id : job.leases) {
    const auto lease = state.leases.find(id);
    if (lease != state.leases.end()) leases.push_back(&lease->second);
  }
  return leases;
}

const LeaseRecord* current_lease(const ClusterState& state, const JobRecord& job) {
  const std::vector<const LeaseRecord*> leases = leases_of(state, job);
  const LeaseRecord* best = nullptr;
  const auto rank = [](const LeaseRecord& lease) {
    const bool holds = lease.state == LeaseState::active || lease.state == LeaseState::launched;
    if (holds && lease.role == LeaseRole::primary) return 3;
    if (lease.state != LeaseState::ended) return 2;
    return lease.launched_at ? 1 : 0;
  };
  for (const LeaseRecord* lease : leases) {
    if (best == nullptr || rank(*lease) >= rank(*best)) best = lease;
  }
  return best;
}

api::LeaseView lease_view(const LeaseRecord& lease, Time now) {
  api::LeaseView view;
  view.id = lease.id;
  view.attempt = lease.attempt;
  view.role = std::string(to_text(lease.role));
  view.state = std::string(to_text(lease.state));
  view.location = to_text(lease.offer.location);
  view.instance_type = lease.offer.instance_type;
  view.purchase = std::string(to_text(lease.offer.purchase));
  view.price_per_hour = lease.offer.price_per_hour;
  if (lease.instance) view.instance = lease.instance->id.text();
  view.launched_at = lease.launched_at;
  view.ended_at = lease.ended_at;
  view.duration = billing::billed_span(lease, now);
  view.cost = billing::usage_cost(lease, now);
  if (lease.end != LeaseEnd::none) view.end = std::string(to_text(lease.end));
  view.reason = lease.reason;
  view.first_step = lease.first_step;
  view.last_step = lease.last_step;
  view.unseen_since = lease.unseen_since;
  if (lease.status) {
    const AgentStatus& status = *lease.status;
    view.phase = std::string(to_text(status.phase));
    view.epoch = status.epoch;
    view.saved_step = status.saved_step;
    view.saved_digest = status.saved_digest;
    view.restored_digest = status.restored_digest;
    view.bytes_moved = status.bytes_moved;
    view.bytes_reused = status.bytes_reused;
    view.bytes_saved = status.bytes_saved;
    view.program_started_at = status.program_started_at;
    view.program_stopped_at = status.program_stopped_at;
    if (status.notice) view.notice_deadline = status.notice->deadline;
    if (view.reason.empty()) view.reason = status.message;  // what its agent has to say while it lives
  }
  return view;
}

api::JobSummary job_summary(const ClusterState& state, const JobRecord& job, Time now) {
  api::JobSummary summary;
  summary.id = job.id;
  summary.name = job.spec.name;
  summary.state = std::string(to_text(job.state));
  summary.step = job.step;
  summary.total_steps = total_steps_of(job);
  summary.reason = job.reason;
  summary.metrics = job.metrics;
  summary.submitted_at = job.submitted_at;
  summary.started_at = job.started_at;
  summary.ended_at = job.ended_at;
  summary.deadline = job.deadline;
  summary.budget = job.spec.budget;
  summary.exit_code = job.exit_code;
  if (job.saved) summary.saved_step = job.saved->step;
  billing::Sum cost;
  for (const LeaseRecord* lease : leases_of(state, job)) {
    if (lease->launched_at) ++summary.attempts;
    cost.add(billing::usage_cost(*lease, now));
  }
  summary.cost = cost.total();
  if (const LeaseRecord* lease = current_lease(state, job)) {
    summary.location = to_text(lease->offer.location);
    summary.instance_type = lease->offer.instance_type;
    summary.purchase = std::string(to_text(lease->offer.purchase));
    if (!is_final(job.state)) add_live_facts(summary, *lease, job);
  }
  return summary;
}

api::MoveView move_view(const ClusterState& state, const MoveRecord& move) {
  api::MoveView view;
  view.id = move.id;
  view.job = move.job;
  view.state = std::string(to_text(move.state));
  view.from = location_of(state, move.from);
  view.to = location_of(state, move.to);
  if (view.to.empty()) view.to = to_text(move.target);
  if (move.stopped_at && move.resumed_at)
    view.downtime = std::max(*move.resumed_at - *move.stopped_at, Duration{});
  view.bytes_moved = move.bytes_moved;
  view.bytes_reused = move.bytes_reused;
  view.step_saved = move.step_saved;
  view.step_resumed = move.step_resumed;
  view.digest_equal = !move.digest_saved.empty() && move.digest_saved == move.digest_restored;
  view.digest_saved = move.digest_saved;
  view.digest_restored = move.digest_restored;
  view.requested_at = move.requested_at;
  view.stopped_at = move.stopped_at;
  view.resumed_at = move.resumed_at;
  view.ended_at = move.ended_at;
  view.reason = move.reason;
  return view;
}

std::vector<api::MoveView> moves_of(const ClusterState& state, const JobId& job) {
  std::vector<api::MoveView> moves;
  for (const auto& [id, move] : state.moves) {
    if (move.job == job) moves.push_back(move_view(state, move));
  }
  std::sort(moves.begin(), moves.end(),
            [](const api::MoveView& a, const api::MoveView& b) { return a.requested_at < b.requested_at; });
  return moves;
}

}  // namespace tradewind::server
