// What is asked of a Slurm controller, by its commands (command_controller.h) or by its REST service
// (rest_controller.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tradewind::slurm {

struct SubmitRequest {
  std::string name;     // unique to the token
  std::string comment;  // begins with comment_prefix
  std::string partition;
  std::string script;      // its text, which begins with "#!/bin/bash"
  std::string folder;      // its working folder; absolute
  std::string output;      // what it prints; absolute
  std::string array = {};  // the indices of a job array, "0-99,101"; empty: one job
  int nodes = 1;           // all at once
  int cpus = 1;            // of each
  long memory_mib = 0;     // of each; 0: what the partition gives
  std::string gres = {};   // "gpu:a100:2"; empty: none
  std::string account = {};
  std::string qos = {};
  std::string reservation = {};
  std::string constraint = {};
  bool exclusive = false;
  Duration time_limit{};               // 0: what the partition gives
  Duration notice_lead{};              // USR1 to the script so long before the time limit
  std::vector<std::string> more = {};  // further options of sbatch
};

enum class JobState { pending, running, completing, ended };

struct Job {
  std::string id;  // "17"; of an element of an array "17_4"
  JobState state = JobState::pending;
  std::string word;    // Slurm's own: "RUNNING", "NODE_FAIL"
  std::string reason;  // Slurm's own, why it waits or ended: "Priority", "TimeLimit"; may be empty
  std::string name;
  std::string comment;
  std::string partition;
  std::optional<Time> started = std::nullopt;
  std::optional<Time> ended = std::nullopt;  // when it ended; of a running one: when its time is up
  bool operator==(const Job&) const = default;
};

// GPUs of one kind in a node. The type is empty where the cluster names none.
struct Gpus {
  std::string type;
  int count = 0;
  auto operator<=>(const Gpus&) const = default;
};

struct Node {
  std::string name;
  int cpus = 0;
  long memory_mib = 0;
  std::vector<Gpus> gpus = {};
  bool usable = true;  // neither down nor drained
};

struct Partition {
  std::string name;
  std::string state;  // "UP", "DOWN", "DRAIN", "INACTIVE"
  std::optional<Duration> max_time = std::nullopt;
  int tier = 1;
  bool preempt = false;  // its jobs may be cancelled or requeued for others'
  Duration grace{};      // between the notice of a preemption and its end
  std::vector<Node> nodes = {};
  int max_nodes = 0;  // of one job; 0: as many as there are
};

// Jobs to be cancelled: every one of this user and name; with ids, those alone.
struct Cancellation {
  std::string name;
  std::vector<std::string> ids = {};
};

inline constexpr const char* comment_prefix = "tradewind:";

// Safe from several threads at once.
class Controller {
 public:
  virtual ~Controller() = default;
  // The job's number, of an array that of all. insufficient_capacity, quota_exceeded, invalid_argument,
  // unauthorized: nothing was submitted; unavailable: it may have been.
  virtual Result<std::string> submit(const SubmitRequest& request) = 0;
  // How many elements one array may have; less than two: arrays cannot be submitted. unavailable.
  virtual Result<int> array_max() = 0;
  // All of this user that the controller still knows, ended ones too; each element of an array by itself.
  // unavailable, unauthorized.
  virtual Result<std::vector<Job>> jobs() = 0;
  // In as few calls as can be. None counts as done. REQUIRES: the ids are of those names, by a list of jobs
  // or by a submission of a moment ago: a controller that lost its state uses numbers again.
  virtual Status cancel(const std::vector<Cancellation>& which) = 0;
  // unavailable, unauthorized.
  virtual Result<std::vector<Partition>> partitions() = 0;
  // When the request would start if it was submitted now. Nothing where Slurm does not say.
  virtual Result<std::optional<Time>> expected_start(const SubmitRequest& request) = 0;
};

}  // namespace tradewind::slurm
