// The controller's answers: what is submitted, listed and cancelled.
#include "base/text.h"
#include "edge/drivers/slurm/array_text.h"
#include "engine/simulator/backends/slurm_model.h"

namespace tradewind::simulator {

using slurm::JobState;

namespace {

constexpr Duration late_arrival{150'000};  // of a submission whose client died, at most
constexpr std::size_t written_out = 2;     // of those of an array that wait, where the rest is abbreviated

std::string line_after(const std::string& text, const std::string& name) {
  const std::size_t at = text.find(name);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

Duration span_in(const std::string& agent) {
  const std::string text = line_after(agent, "\nspan=");
  return text.empty() ? Duration(0) : Duration(1000 * std::stoll(text));
}

std::size_t SlurmModel::own_jobs() const {
  return static_cast<std::size_t>(std::count_if(jobs_.begin(), jobs_.end(), [](const auto& item) {
    return !item.second.token.empty() && item.second.known && item.second.state != JobState::ended;
  }));
}

std::optional<Error> SlurmModel::refuse(std::size_t jobs) {
  if (world_.faults.launch_refused()) {
    if (random_.chance(0.5))
      return Error{Code::insufficient_capacity, "Requested node configuration is not available"};
    world_.count("slurm: a limit of the account refused a job");
    return Error{Code::quota_exceeded, "Job violates accounting/QOS policy"};
  }
  if (!world_.faults.has_accidents() || jobs_max_ == 0 || own_jobs() + jobs <= jobs_max_) return std::nullopt;
  if (jobs > 1) world_.count("slurm: a limit refused an array, of which it would take a part");
  world_.count("slurm: a limit of the account refused a job");
  return Error{Code::quota_exceeded, "Job violates accounting/QOS policy (job submit limit)"};
}

SlurmJob SlurmModel::job_of(const slurm::SubmitRequest& request, bool is_late) const {
  const std::vector<std::string> parts = split(request.comment, ':');
  SlurmJob job;
  job.name = request.name;
  job.comment = request.comment;
  job.owner = OwnerId(parts.size() == 3 ? parts[1] : "");
  job.token = parts.size() == 3 ? parts[2] : "";
  job.partition = request.partition;
  job.submitted = job.may_start = now();
  job.is_late = is_late;
  return job;
}

Result<std::string> SlurmModel::submit(const slurm::SubmitRequest& request, bool is_late) {
  const std::vector<long> indices = slurm::expand_numbers(request.array);
  if (const std::optional<Error> refused = refuse(std::max(indices.size(), std::size_t{1}))) return *refused;
  const std::string number = std::to_string(next_number_);
  SlurmJob job = job_of(request, is_late);
  if (request.array.empty()) {
    job.id = number;
    job.standby = request.script.find("--standby") != std::string::npos;
    job.span = span_in(request.script);
    enqueue(std::move(job));
    return number;
  }
  world_.count("slurm: an array was submitted");
  const SlurmArray& array = arrays_.at(request.name);
  for (const long index : indices) {
    SlurmJob element = job_of(request, is_late);
    element.id = slurm::element_id(number, index);
    element.array = request.name;
    element.token = array.tokens.at(static_cast<std::size_t>(index));
    enqueue(std::move(element));
  }
  return number;
}

void SlurmModel::enqueue(SlurmJob job) {
  for (const auto& [number, other] : jobs_) {
    if (other.token != job.token || other.state == JobState::ended) continue;
    world_.count("slurm: two jobs for one token");
    // A look at the queue would have shown it. One that the controller lost, it cannot show.
    if (other.known && !job.is_late)
      world_.violation("launch: " + job.token + " was submitted again while job " + other.id + " has it");
  }
  job.number = next_number_++;
  job.priority = static_cast<int>(random_.below(100));
  const long number = job.number;
  befall_waiting(jobs_.emplace(number, std::move(job)).first->second);
}

void SlurmModel::submit_late(const slurm::SubmitRequest& request) {
  if (!random_.chance(0.5)) return;
  world_.time.after(up_to(random_, late_arrival), [this, request] {
    if (now() < down_until_) return;
    world_.count(request.array.empty() ? "slurm: a submission came late" : "slurm: an array came late");
    world_.log("a submission of a client that died comes late: " + request.name);
    (void)submit(request, true);
  });
}

// When one more would start: a guess, and now and then none.
std::optional<Time> SlurmModel::expected_start() {
  if (random_.chance(0.2)) return std::nullopt;
  if (busy_nodes() < nodes_) return now();
  const auto waiting = std::count_if(jobs_.begin(), jobs_.end(), [](const auto& item) {
    return item.second.known && item.second.state == JobState::pending;
  });
  return now() + up_to(random_, Duration(200'000)) * (waiting + 1);
}

std::vector<slurm::Job> SlurmModel::squeue() {
  std::vector<slurm::Job> shown;
  std::map<std::string, std::size_t> waiting;  // by array
  for (const auto& [number, job] : jobs_) {
    if (!job.known || job.comment.empty()) continue;
    slurm::Job line;
    line.id = job.id;
    const bool waits = !job.array.empty() && job.state == JobState::pending && job.restarts == 0;
    if (abbreviates_ && waits && ++waiting[job.array] > written_out) {
      if (waiting[job.array] > written_out + 1) continue;
      world_.count("slurm: a list abbreviated an array");
      line.id = job.id.substr(0, job.id.find('_')) + slurm::abbreviated;
    }
    line.state = job.state;
    line.word = job.word;
    line.reason = job.state == JobState::running ? "" : job.reason;
    line.name = job.name;
    line.comment = job.comment;
    line.partition = job.partition;
    line.started = job.started;
    line.ended = job.state == JobState::running ? std::optional(job.time_is_up) : job.ended;
    shown.push_back(std::move(line));
  }
  return shown;
}

bool SlurmModel::is_cancelled_by(const SlurmJob& job, const slurm::Cancellation& which) const {
  if (!job.known || job.state == JobState::ended) return false;
  if (which.ids.empty()) return job.name == which.name;
  const bool whole = world_.mutant == Mutant::slurm_array_cancelled && !job.array.empty();
  return std::any_of(which.ids.begin(), which.ids.end(), [&](const std::string& id) {
    return id == job.id || (whole && id.substr(0, id.find('_')) == job.id.substr(0, job.id.find('_')));
  });
}

void SlurmModel::scancel(const slurm::Cancellation& which) {
  for (auto& [number, job] : jobs_) {
    if (is_cancelled_by(job, which)) cancel(job);
  }
}

void SlurmModel::cancel(SlurmJob& job) {
  const auto folder = folders_.find(job.token);
  if (job.token.empty() || folder == folders_.end()) {
    world_.violation("foreign: somebody else's job " + job.id + " was cancelled");
  } else if (!folder->second.entry.terminate && !folder->second.entry.end) {
    world_.violation("cancel: job " + job.id + " of " + job.token +
                     " was cancelled, and nobody asked for its end");
  }
  if (!job.array.empty()) world_.count("slurm: an element of an array was cancelled by its driver");
  if (job.state != JobState::pending) return end_by_signal(job, "CANCELLED");
  if (world_.mutant == Mutant::slurm_queued_kept) return;
  world_.count("slurm: a waiting job was cancelled by its driver");
  finish(job, "CANCELLED");
}

std::vector<slurm::Partition> SlurmModel::partitions() const {
  std::vector<slurm::Partition> shown;
  for (const SlurmPartition& each : partitions_) {
    slurm::Partition partition;
    partition.name = each.name;
    partition.state = "UP";
    partition.max_time = each.limit;
    partition.tier = each.tier;
    partition.preempt = each.preempt;
    partition.grace = each.grace;
    for (int i = 0; i < nodes_; ++i) partition.nodes.push_back({"n" + std::to_string(i), 4, 16'384});
    shown.push_back(std::move(partition));
  }
  return shown;
}

}  // namespace tradewind::simulator
