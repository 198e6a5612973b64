// The batch script of edge/drivers/slurm/batch_script.cc, as far as it decides anything.
#include "edge/drivers/slurm/array_text.h"
#include "engine/simulator/backends/slurm_model.h"

namespace tradewind::simulator {

namespace {

constexpr Duration heartbeat{30'000};
constexpr Duration notice_lead{60'000};  // of the cluster
constexpr Duration over_limit{30'000};

}  // namespace

slurm::Entry SlurmModel::entry_of(const SlurmFolder& folder) const {
  slurm::Entry entry = folder.entry;
  if (entry.job.empty() && entry.element) {
    const auto array = arrays_.find(entry.element->array);
    if (array != arrays_.end() && !array->second.job.empty())
      entry.job = slurm::element_id(array->second.job, entry.element->index);
  }
  if (folder.beats_since) {
    const Duration lived = now() - *folder.beats_since;
    entry.beat = *folder.beats_since + heartbeat * (lived / heartbeat);
  }
  return entry;
}

void SlurmModel::begin_script(SlurmJob& job) {
  SlurmFolder& folder = folders_[job.token];
  if (!job.array.empty()) {
    world_.count("slurm: an element of an array began");
    if (folder.agent.empty()) return finish(job, "COMPLETED");  // its launch was taken back
    job.standby = folder.agent.find("--standby") != std::string::npos;
    job.span = span_in(folder.agent);
  }
  slurm::Entry& entry = folder.entry;
  if (job.restarts > 0) world_.count("slurm: a requeued job began again");
  if (job.restarts > 0 && world_.mutant != Mutant::slurm_requeued_runs) {
    note_end(job, "requeued", "the cluster put the job back into its queue");
    return finish(job, "COMPLETED");
  }
  if (entry.end && world_.mutant != Mutant::slurm_claim_ignored) {
    world_.count("slurm: a job began after its token's end");
    return finish(job, "COMPLETED");
  }
  if (entry.job.empty()) entry.job = job.id;
  if (entry.job != job.id && world_.mutant != Mutant::slurm_claim_ignored) {
    world_.count("slurm: the second job of a token ended at once");
    return finish(job, "COMPLETED");
  }
  if (entry.terminate) {
    note_end(job, "terminated", "terminated on request");
    return finish(job, "COMPLETED");
  }
  job.script_lives = true;
  folder.beats_since = now();
  later(between(random_, Duration(5'000), Duration(25'000)), job, [this](SlurmJob& here) {
    if (here.script_lives) begin_agent(here);
  });
}

void SlurmModel::begin_agent(SlurmJob& job) {
  const Time limit = std::min(now() + job.span, job.time_is_up) + over_limit;
  if (world_.faults.boot_fails()) {  // it hangs
    later(limit - now(), job, [this](SlurmJob& here) { leave_script(here); });
    return;
  }
  ProcessSetup setup{job.owner, folders_[job.token].entry.record.job, job.token, job.standby, limit};
  setup.ended = [this, number = job.number] { leave_script(jobs_.at(number)); };
  job.agent = std::make_unique<AgentProcess>(world_, std::move(setup), random_);
  later(std::max(job.time_is_up - notice_lead - now(), Duration(0)), job, [this](SlurmJob& here) {
    tell(here, "limit", here.time_is_up);
    world_.count("slurm: an agent was told of its time limit");
  });
}

void SlurmModel::tell(SlurmJob& job, const std::string& kind, Time deadline) {
  if (!job.told.empty()) return;
  job.told = kind;
  if (job.agent) job.agent->notice(deadline);
}

void SlurmModel::signal_script(SlurmJob& job, bool term) {
  if (!job.script_lives) return;
  const bool asked = folders_[job.token].entry.terminate;
  if (asked || !job.agent) {
    if (!asked) job.told = "stopped";
    return leave_script(job);
  }
  if (job.time_is_up - now() <= notice_lead + Duration(90'000)) return tell(job, "limit", job.time_is_up);
  if (!term) return tell(job, "preempted", now() + partition_of(job).grace);
  tell(job, "stopped", now() + Duration(20'000));
}

// Its EXIT trap: it writes down how it ended.
void SlurmModel::leave_script(SlurmJob& job) {
  if (!job.script_lives) return;
  if (folders_[job.token].entry.terminate) {
    note_end(job, "terminated", "terminated on request");
  } else {
    note_end(job, job.told.empty() ? "done" : job.told, "the agent ended");
  }
  finish(job, job.ending.empty() ? "COMPLETED" : job.ending);
}

void SlurmModel::note_end(SlurmJob& job, const std::string& kind, const std::string& reason) {
  std::optional<slurm::End>& end = folders_[job.token].entry.end;
  if (!end) end = slurm::End{std::chrono::floor<std::chrono::seconds>(now()), kind, reason};
}

// It is killed, and writes nothing.
void SlurmModel::cut_script(SlurmJob& job) {
  SlurmFolder& folder = folders_[job.token];
  folder.entry.beat = entry_of(folder).beat;
  folder.beats_since.reset();
  job.script_lives = false;
  if (job.agent) job.agent->stop();
}

}  // namespace tradewind::simulator
