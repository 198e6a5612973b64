#include "app/server/testing/fake_control_plane.h"

namespace tradewind::server::testing {

FakeControlPlane::FakeControlPlane() : home_(objectstore::make_memory_store()) {
  state_.owner = OwnerId("0123456789abcdef0123456789abcdef");
}

void FakeControlPlane::change(const std::function<void(ClusterState&)>& edit) {
  {
    const std::lock_guard lock(mutex_);
    edit(state_);
    ++version_;
  }
  changed_.notify_all();
}

void FakeControlPlane::add_event(const std::string& kind, const std::string& subject,
                                 const std::string& detail, Time at) {
  {
    const std::lock_guard lock(mutex_);
    history_.push_back({history_.size() + 1, ++version_, at, kind, subject, detail});
  }
  changed_.notify_all();
}

mailbox::Mailbox FakeControlPlane::box(const JobId& job) {
  return mailbox::Mailbox(*home_, state_.owner, job);
}

void FakeControlPlane::fail_with(const Error& error) {
  const std::lock_guard lock(mutex_);
  error_ = error;
}

std::vector<JobSpec> FakeControlPlane::submitted() {
  const std::lock_guard lock(mutex_);
  return submitted_;
}

std::vector<JobId> FakeControlPlane::cancelled() {
  const std::lock_guard lock(mutex_);
  return cancelled_;
}

Status FakeControlPlane::failure() const {
  return error_ ? Status(*error_) : Status();
}

Result<JobId> FakeControlPlane::submit(const JobSpec& spec) {
  const std::lock_guard lock(mutex_);
  TW_RETURN_IF_ERROR(failure());
  if (spec.run.empty())
    return Error{Code::invalid_argument, "the job has no `run` commands", "say what to run"};
  submitted_.push_back(spec);
  JobRecord job;
  job.id = JobId("j-new000000" + std::to_string(submitted_.size()));
  job.spec = spec;
  job.home = "memory";
  state_.jobs[job.id] = job;
  ++version_;
  return job.id;
}

Status FakeControlPlane::cancel(const JobId& job) {
  const std::lock_guard lock(mutex_);
  TW_RETURN_IF_ERROR(failure());
  if (is_final(state_.jobs.at(job).state)) return Error{Code::conflict, "the job " + job.text() + " is over"};
  cancelled_.push_back(job);
  return {};
}

Result<MoveId> FakeControlPlane::move(const JobId& job, const Location& target) {
  {
    const std::lock_guard lock(mutex_);
    TW_RETURN_IF_ERROR(failure());
    if (target.provider != "local") {
      return Error{Code::invalid_argument, "nothing can be had within " + to_text(target)};
    }
    MoveRecord move;
    move.id = MoveId("m-fake000001");
    move.job = job;
    if (!state_.jobs.at(job).leases.empty()) move.from = state_.jobs.at(job).leases.back();
    move.target = target;
    state_.moves[move.id] = move;
    ++version_;
  }
  changed_.notify_all();
  return MoveId("m-fake000001");
}

Status FakeControlPlane::view(const std::function<void(const ClusterState&)>& read) {
  const std::lock_guard lock(mutex_);
  TW_RETURN_IF_ERROR(failure());
  read(state_);
  return {};
}

Result<std::vector<store::HistoryEntry>> FakeControlPlane::history(const store::HistoryQuery& query) {
  const std::lock_guard lock(mutex_);
  TW_RETURN_IF_ERROR(failure());
  std::vector<store::HistoryEntry> found;
  for (const store::HistoryEntry& entry : history_) {
    const bool fits = query.subject.empty() || query.subject == entry.subject;
    if (fits && entry.sequence > query.after_sequence && found.size() < query.limit) found.push_back(entry);
  }
  return found;
}

Result<std::uint64_t> FakeControlPlane::wait_for_change(std::uint64_t version, Duration patience) {
  ++waits_;
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [&] { return version_ > version; });
  TW_RETURN_IF_ERROR(failure());
  return version_;
}

Result<mailbox::Mailbox> FakeControlPlane::mailbox_of(const JobId& job) {
  return box(job);
}

Result<checkpoint::ChunkPlace> FakeControlPlane::chunks_of(const JobId& job) {
  return checkpoint::ChunkPlace{home_.get(), nullptr, {}, mailbox::job_prefix(state_.owner, job)};
}

}  // namespace tradewind::server::testing
