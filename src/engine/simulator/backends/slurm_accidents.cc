// What administrators, other users and machines do to a Slurm cluster.
#include "engine/simulator/backends/slurm_model.h"

namespace tradewind::simulator {

using slurm::JobState;

namespace {

constexpr Duration accidents_begin_before{2'700'000};

}  // namespace

void SlurmModel::plan_accidents() {
  plan_outage("down", down_until_, Duration(900'000));
  plan_outage("slow", slow_until_, Duration(900'000));
  plan_outage("login", login_down_until_, Duration(600'000));
  // Other users: a job every few minutes, and now and then a crowd that takes all for up to an hour.
  for (int i = 0; i < 3; ++i) add_stranger(50, "main", up_to(random_, Duration(600'000)));
  plan_crowd();
  if (!random_.chance(0.2)) return;
  world_.time.after(up_to(random_, accidents_begin_before), [this] {
    world_.count("slurm: others took every node");
    for (int i = 0; i < nodes_; ++i)
      add_stranger(200, "main", between(random_, Duration(600'000), Duration(3'600'000)));
  });
}

void SlurmModel::plan_outage(const std::string& what, Time& until, Duration most) {
  if (!world_.faults.accident(0.5)) return;
  world_.time.after(up_to(random_, accidents_begin_before), [this, what, &until, most] {
    const Duration lasts = between(random_, Duration(20'000), most);
    until = now() + lasts;
    world_.log("Slurm: " + what + " until " + format_utc(until));
    note_dark();
    world_.time.after(lasts, [this] { note_dark(); });
    // A controller that starts again may have lost what it had not yet saved.
    if (what != "down") return;
    world_.time.after(lasts, [this] {
      for (auto& [number, job] : jobs_) {
        if (job.token.empty() || job.state != JobState::pending || !random_.chance(0.4)) continue;
        world_.count("slurm: the controller lost a waiting job");
        finish(job, "CANCELLED");
        job.known = false;
      }
    });
  });
}

void SlurmModel::note_dark() {
  const bool dark = now() < down_until_ || now() < login_down_until_;
  if (!dark && dark_since_) lucid_since_ = now();
  if (!dark) dark_since_.reset();
  if (dark && !dark_since_) dark_since_ = now();
}

void SlurmModel::plan_crowd() {
  world_.time.after(duration_of_seconds(random_.exponential(200)), [this] {
    if (!world_.faults.has_accidents()) return;
    add_stranger(static_cast<int>(random_.below(100)), random_.chance(0.5) ? "main" : "scavenge",
                 duration_of_seconds(random_.exponential(240)));
    plan_crowd();
  });
}

void SlurmModel::add_stranger(int priority, const std::string& partition, Duration runs_for) {
  SlurmJob job;
  job.number = next_number_++;
  job.id = std::to_string(job.number);
  job.name = "stranger";
  job.partition = partition;
  job.priority = priority;
  job.submitted = job.may_start = now();
  strangers_[job.number] = runs_for;
  jobs_.emplace(job.number, std::move(job));
}

void SlurmModel::befall_waiting(SlurmJob& job) {
  if (!world_.faults.accident(0.1)) return;
  later(up_to(random_, Duration(60'000)), job, [this](SlurmJob& here) {
    if (here.state != JobState::pending) return;
    world_.count("slurm: the administrator cancelled a waiting job");
    finish(here, "CANCELLED");
  });
}

void SlurmModel::befall_running(SlurmJob& job) {
  struct Accident {
    double chance;
    const char* what;
    void (*happen)(SlurmModel&, SlurmJob&);
  };
  static const Accident accidents[] = {
      {0.06, "slurm: a node failed",
       [](SlurmModel& model, SlurmJob& here) { model.finish(here, "NODE_FAIL"); }},
      {0.05, "slurm: memory ran out",
       [](SlurmModel& model, SlurmJob& here) { model.finish(here, "OUT_OF_MEMORY"); }},
      {0.1, "slurm: the administrator cancelled a running job",
       [](SlurmModel& model, SlurmJob& here) { model.end_by_signal(here, "CANCELLED"); }},
      {0.07, "slurm: the administrator requeued a job",
       [](SlurmModel& model, SlurmJob& here) { model.requeue(here, false); }},
      {0.05, "slurm: the administrator requeued a job and held it",
       [](SlurmModel& model, SlurmJob& here) { model.requeue(here, true); }},
      {0.08, "slurm: the controller lost a running job",
       [](SlurmModel&, SlurmJob& here) { here.known = false; }},
  };
  for (const Accident& accident : accidents) {
    if (!world_.faults.accident(accident.chance)) continue;
    later(up_to(random_, partition_of(job).limit), job, [this, &accident](SlurmJob& here) {
      if (!world_.faults.has_accidents()) return;
      world_.count(accident.what);
      world_.log("job " + here.id + " of " + here.token + ": " + accident.what);
      accident.happen(*this, here);
    });
    return;
  }
}

void SlurmModel::requeue(SlurmJob& job, bool held) {
  cut_script(job);
  buried_.push_back(std::move(job.agent));
  ++job.restarts;
  ++job.run;
  job.state = JobState::pending;
  job.word = held ? "REQUEUE_HOLD" : "PENDING";
  job.reason = held ? "job_requeued_in_held_state" : "BeginTime";
  job.started.reset();
  job.ending.clear();
  job.told.clear();
  job.held = held;
  job.may_start = now() + Duration(120'000);
  if (!held) return;
  later(between(random_, Duration(600'000), Duration(2'400'000)), job, [](SlurmJob& here) {
    here.held = false;
    here.word = "PENDING";
  });
}

}  // namespace tradewind::simulator
