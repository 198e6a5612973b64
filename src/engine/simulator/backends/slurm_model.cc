#include "engine/simulator/backends/slurm_model.h"

namespace tradewind::simulator {

using slurm::JobState;

namespace {

constexpr Duration pass_gap{5'000};       // between two passes of the controller's scheduler
constexpr Duration kill_wait{30'000};     // KillWait: between TERM and KILL
constexpr Duration min_job_age{300'000};  // MinJobAge: how long the controller remembers what has ended

}  // namespace

SlurmModel::SlurmModel(const ModelWorld& world, int nodes, std::uint64_t seed)
    : world_(world), nodes_(nodes), random_(seed) {
  // With a limit that is short, a run needs several allocations.
  const auto limit = [this] { return between(random_, Duration(180'000), Duration(720'000)); };
  partitions_ = {{"main", 10, false, Duration(0), limit()},
                 {"scavenge", 1, true, Duration(60'000), limit()},
                 {"spare", 1, true, Duration(0), limit()}};
  constexpr int arrays[] = {0, 3, 1000, 1000};
  array_max_ = arrays[random_.below(std::size(arrays))];
  if (world_.faults.accident(0.3)) jobs_max_ = 3 + random_.below(4);
  abbreviates_ = random_.chance(0.4);
}

void SlurmModel::begin() {
  if (world_.faults.has_accidents()) plan_accidents();
  // A job of another control plane of the same user: never ours to end.
  add_stranger(1000, "main", Duration::max() / 4);
  SlurmJob& other = jobs_.rbegin()->second;
  other.owner = OwnerId("ffffffffffffffffffffffffffffffff");
  other.comment = slurm::comment_prefix + other.owner.text() + ":foreign";
  other.name = "tw-foreign-ffffffff";
  slurm::Entry& entry = folders_["foreign"].entry;
  entry.record.token = "foreign";
  entry.record.owner = other.owner;
  entry.record.location = {"slurm", "hpc", "main"};
  entry.record.launched_at = now();
  entry.job = other.id;
  pass();
}

void SlurmModel::later(Duration span, SlurmJob& job, std::function<void(SlurmJob&)> happening) {
  world_.time.after(span, [this, number = job.number, run = job.run, happening = std::move(happening)] {
    SlurmJob& here = jobs_.at(number);
    if (here.run == run && here.state != JobState::ended) happening(here);
  });
}

const SlurmPartition& SlurmModel::partition_of(const SlurmJob& job) const {
  return *std::find_if(partitions_.begin(), partitions_.end(),
                       [&](const SlurmPartition& each) { return each.name == job.partition; });
}

int SlurmModel::busy_nodes() const {
  return static_cast<int>(std::count_if(
      jobs_.begin(), jobs_.end(), [](const auto& item) { return item.second.state == JobState::running; }));
}

// What the controller does of itself, every few seconds. One that is down does none of it: what runs goes on.
void SlurmModel::pass() {
  world_.time.after(pass_gap, [this] { pass(); });
  if (now() < down_until_) return;
  for (auto& [number, job] : jobs_) {
    if (job.known && job.ended && now() - *job.ended > min_job_age) job.known = false;
  }
  check_queue();
  keep_limits();
  start_waiting();
}

// Nothing of ours waits on once its end was asked for, or its token has run. But where all of an owner have
// ended, the controller is not asked any more: what comes late then stands in the queue until the driver has
// work again, or until it begins and ends at once.
void SlurmModel::check_queue() {
  constexpr Duration patience{600'000};
  for (auto& [number, job] : jobs_) {
    if (job.token.empty() || job.state != JobState::pending || !job.known) continue;
    SlurmFolder& folder = folders_[job.token];
    const bool over = !job.is_late && (folder.entry.terminate || folder.entry.end);
    if (over && !folder.over_since) folder.over_since = now();
    if (!over || now() < std::max({*folder.over_since, job.submitted, lucid_since_}) + patience) continue;
    folder.over_since = Time::max() - patience;  // told once
    world_.violation("leak: Slurm job " + job.id + " of " + job.token +
                     " waits in the queue, long after its end");
  }
}

void SlurmModel::keep_limits() {
  for (auto& [number, job] : jobs_) {
    if (job.state != JobState::running || !job.known || !job.ending.empty()) continue;
    const auto stranger = strangers_.find(number);
    if (stranger != strangers_.end()) {
      if (now() - *job.started >= stranger->second) finish(job, "COMPLETED");
    } else if (now() >= job.time_is_up) {
      world_.count("slurm: a time limit was reached");
      end_by_signal(job, "TIMEOUT");
    }
  }
}

// By tier, then by priority. What stands behind one that finds no room waits too.
void SlurmModel::start_waiting() {
  std::vector<SlurmJob*> waiting;
  for (auto& [number, job] : jobs_) {
    if (job.state != JobState::pending || !job.known || job.held) continue;
    if (job.may_start <= now()) waiting.push_back(&job);
  }
  std::stable_sort(waiting.begin(), waiting.end(), [this](const SlurmJob* a, const SlurmJob* b) {
    const int tier_a = partition_of(*a).tier;
    const int tier_b = partition_of(*b).tier;
    return tier_a != tier_b ? tier_a > tier_b : a->priority > b->priority;
  });
  bool full = false;
  for (SlurmJob* job : waiting) {
    if (!full && busy_nodes() < nodes_) {
      start(*job);
      continue;
    }
    job->reason = full ? "Priority" : "Resources";
    full = true;
    make_room(*job);
  }
}

// Preempts the youngest job that has to give way, if none is on its way out already.
bool SlurmModel::make_room(const SlurmJob& waiting) {
  SlurmJob* victim = nullptr;
  for (auto& [number, job] : jobs_) {
    if (job.state != JobState::running || !job.known) continue;
    const SlurmPartition& own = partition_of(job);
    if (!own.preempt || own.tier >= partition_of(waiting).tier) continue;
    if (!job.ending.empty()) return true;
    victim = &job;
  }
  if (victim == nullptr) return false;
  preempt(*victim);
  return true;
}

void SlurmModel::start(SlurmJob& job) {
  job.state = JobState::running;
  job.word = "RUNNING";
  job.reason.clear();
  job.started = now();
  ++job.run;
  job.time_is_up = now() + partition_of(job).limit;
  if (job.token.empty()) return;
  if (now() - job.submitted > Duration(600'000)) world_.count("slurm: a job waited for ten minutes");
  if (now() - job.submitted > Duration(3'600'000)) world_.count("slurm: a job waited for an hour");
  begin_script(job);
  if (job.state == JobState::running) befall_running(job);
}

void SlurmModel::finish(SlurmJob& job, const std::string& word) {
  if (job.script_lives) cut_script(job);
  job.state = JobState::ended;
  job.word = word;
  job.ended = now();
  if (!job.token.empty()) world_.log("Slurm job " + job.id + " ends: " + word);
}

void SlurmModel::preempt(SlurmJob& job) {
  if (job.token.empty()) return finish(job, "PREEMPTED");
  const Duration grace = partition_of(job).grace;
  world_.count(grace > Duration(0) ? "slurm: a job was preempted with a grace time"
                                   : "slurm: a job was preempted without a grace time");
  if (grace == Duration(0)) return end_by_signal(job, "PREEMPTED");
  job.ending = "PREEMPTED";
  signal_script(job, false);
  if (job.state != JobState::ended)
    later(grace, job, [this](SlurmJob& here) { end_by_signal(here, "PREEMPTED"); });
}

// TERM, and KILL for what is still there.
void SlurmModel::end_by_signal(SlurmJob& job, const std::string& word) {
  if (job.token.empty()) return finish(job, word);
  job.ending = word;
  signal_script(job, true);
  if (job.state == JobState::ended) return;
  later(kill_wait, job, [this](SlurmJob& here) {
    world_.count("slurm: a script was killed");
    finish(here, here.ending);
  });
}

const ModelAgent* SlurmModel::agent_of(const std::string& token) const {
  for (const auto& [number, job] : jobs_) {
    const bool lives = job.token == token && job.script_lives && job.agent;
    if (lives && job.agent->agent() != nullptr) return job.agent->agent();
  }
  return nullptr;
}

void SlurmModel::check_end(const OwnerId& owner, const std::function<void(const std::string&)>& found) const {
  for (const auto& [number, job] : jobs_) {
    const std::string name = "Slurm job " + job.id + " of lease " + job.token;
    const auto folder = folders_.find(job.token);
    const bool is_stray = job.is_late && folder != folders_.end() && folder->second.entry.end;
    if (is_stray && job.state == JobState::pending) continue;  // see check_queue()
    if (job.owner == owner && job.state != JobState::ended)
      found("leak: " + name + (job.state == JobState::pending ? " is left in the queue" : " runs on"));
    if (!job.owner.empty() && job.owner != owner && job.state != JobState::running)
      found("foreign: " + name + " of another control plane was ended");
  }
}

}  // namespace tradewind::simulator
