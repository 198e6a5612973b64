// A Slurm cluster: its controller with the queue, its nodes, the batch scripts that run on them, and the
// folder that scripts and driver share. Only what the driver (edge/drivers/slurm) and its jobs can tell.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/drivers/slurm/controller.h"
#include "edge/drivers/slurm/shared_store.h"
#include "engine/simulator/agent_process.h"

namespace tradewind::simulator {

struct SlurmPartition {
  std::string name;
  int tier = 1;
  bool preempt = false;  // its jobs make room for those of a higher tier
  Duration grace{};      // with one, a preemption is told by USR1 at once
  Duration limit{};      // of one allocation
};

// One job as it is, whatever the controller knows of it: an element of an array is one by itself.
struct SlurmJob {
  long number = 0;    // of its own
  std::string id;     // "17", of an element "17_4"
  std::string array;  // the name of its array; empty: it is no element
  std::string name;
  std::string comment;
  OwnerId owner;      // of a job of Tradewind's
  std::string token;  // empty: somebody else's job
  std::string partition;
  bool standby = false;
  Duration span{};  // of the agent's first limit
  int priority = 0;
  slurm::JobState state = slurm::JobState::pending;
  std::string word = "PENDING";
  std::string reason = "Priority";
  Time submitted;
  Time may_start;
  std::optional<Time> started;
  std::optional<Time> ended;
  Time time_is_up;
  int restarts = 0;
  int run = 0;        // what was planned for an earlier run does not befall a later one
  bool known = true;  // to the controller
  bool held = false;
  bool is_late = false;       // submitted by a client that had died by then
  std::string ending;         // how the controller will call its end, once it has signalled it
  bool script_lives = false;  // ours
  std::string told;           // what its script told its agent
  std::unique_ptr<AgentProcess> agent;
};

// arrays/<owner>/<array>
struct SlurmArray {
  std::vector<std::string> tokens;
  std::string job;
};

// instances/<owner>/<token>
struct SlurmFolder {
  std::string agent;  // of an element: what its script runs
  slurm::Entry entry;
  std::optional<Time> beats_since;
  std::optional<Time> over_since;  // its end was asked for, or it has ended
};

// Of an agent's lines, for how long it may run (edge/drivers/slurm/batch_script.h). 0: they do not say.
Duration span_in(const std::string& agent);

class SlurmModel {
 public:
  // REQUIRES: `world` outlives this.
  SlurmModel(const ModelWorld& world, int nodes, std::uint64_t seed);
  void begin();

  // ---- for the driver. `act` may be made although the answer is lost.
  // Whether a submission is lost on its way, and may arrive later.
  bool loses_submission() { return world_.faults.accident(0.08); }
  template <class T>
  Result<T> ask_controller(const std::function<Result<T>()>& act) {
    return ask<T>(true, act);
  }
  template <class T>
  Result<T> ask_folder(const std::function<Result<T>()>& act) {
    return ask<T>(false, act);
  }
  // `is_late`: whoever asked for it has not looked at the queue since.
  Result<std::string> submit(const slurm::SubmitRequest& request, bool is_late = false);
  // 0: it takes no arrays.
  int array_max() const { return array_max_; }
  std::optional<Time> expected_start();
  // A submission whose client died on the way may arrive.
  void submit_late(const slurm::SubmitRequest& request);
  std::vector<slurm::Job> squeue();
  void scancel(const slurm::Cancellation& which);
  std::vector<slurm::Partition> partitions() const;
  std::map<std::string, SlurmFolder>& folders() { return folders_; }  // by token
  std::map<std::string, SlurmArray>& arrays() { return arrays_; }     // by name
  slurm::Entry entry_of(const SlurmFolder& folder) const;
  Time now() const { return world_.time.now(); }
  const ModelWorld& world() const { return world_; }

  // ---- the truth
  const ModelAgent* agent_of(const std::string& token) const;
  std::optional<Time> dark_since() const { return dark_since_; }
  void check_end(const OwnerId& owner, const std::function<void(const std::string&)>& found) const;

 private:
  template <class T>
  Result<T> ask(bool controller, const std::function<Result<T>()>& act) {
    const Error none{Code::unavailable, "the login node did not answer"};
    const Fault fault = world_.call();
    if (!was_made(fault)) return none;
    if (now() < login_down_until_) {
      world_.count("slurm: the login node was out of reach");
      return none;
    }
    if (controller && now() < down_until_) {
      world_.count("slurm: the controller was down");
      return Error{Code::unavailable, "Unable to contact slurm controller (connect failure)"};
    }
    Result<T> answer = act();
    if (controller && now() < slow_until_ && random_.chance(0.5)) {
      world_.count("slurm: the controller answered too late");
      return Error{Code::unavailable, "Socket timed out on send/recv operation"};
    }
    if (fault != Fault::none) return none;
    return answer;
  }

  // slurm_queue.cc: what stands in the queue
  SlurmJob job_of(const slurm::SubmitRequest& request, bool is_late) const;
  void enqueue(SlurmJob job);
  std::optional<Error> refuse(std::size_t jobs);
  std::size_t own_jobs() const;
  bool is_cancelled_by(const SlurmJob& job, const slurm::Cancellation& which) const;
  void cancel(SlurmJob& job);
  // slurm_model.cc: the controller
  void pass();
  void check_queue();
  void keep_limits();
  void start_waiting();
  bool make_room(const SlurmJob& waiting);
  void start(SlurmJob& job);
  void finish(SlurmJob& job, const std::string& word);
  void preempt(SlurmJob& job);
  void end_by_signal(SlurmJob& job, const std::string& word);
  const SlurmPartition& partition_of(const SlurmJob& job) const;
  int busy_nodes() const;
  // slurm_script.cc: what runs in an allocation
  void begin_script(SlurmJob& job);
  void begin_agent(SlurmJob& job);
  void signal_script(SlurmJob& job, bool term);
  void tell(SlurmJob& job, const std::string& kind, Time deadline);
  void leave_script(SlurmJob& job);
  void note_end(SlurmJob& job, const std::string& kind, const std::string& reason);
  void cut_script(SlurmJob& job);
  // slurm_accidents.cc: what administrators and machines do to it
  void plan_accidents();
  void plan_outage(const std::string& what, Time& until, Duration most);
  void plan_crowd();
  void add_stranger(int priority, const std::string& partition, Duration runs_for);
  void befall_waiting(SlurmJob& job);
  void befall_running(SlurmJob& job);
  void requeue(SlurmJob& job, bool held);
  void note_dark();

  // Happens to this run of the job, unless that is over by then.
  void later(Duration span, SlurmJob& job, std::function<void(SlurmJob&)> happening);

  const ModelWorld& world_;
  int nodes_;
  Random random_;
  std::vector<SlurmPartition> partitions_;
  std::map<long, SlurmJob> jobs_;
  std::map<long, Duration> strangers_;  // how long the jobs of others run
  std::map<std::string, SlurmFolder> folders_;
  std::map<std::string, SlurmArray> arrays_;
  std::vector<std::unique_ptr<AgentProcess>> buried_;  // of earlier runs: their turns are still planned
  long next_number_ = 4711;
  int array_max_ = 0;
  std::size_t jobs_max_ = 0;  // of ours, by a limit of the account; 0: none
  bool abbreviates_ = false;  // of those of an array that wait, a list writes out the first alone
  Time down_until_;
  Time slow_until_;
  Time login_down_until_;
  std::optional<Time> dark_since_;
  Time lucid_since_;  // from when on the driver could be heard
};

}  // namespace tradewind::simulator
