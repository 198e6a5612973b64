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
  std::string script;  // its text, which begins with "#!/bin/bash"
  std::string folder;  // its working folder; absolute
  std::string output;  // what it prints; absolute
  int cpus = 1;
  long memory_mib = 0;    // 0: what the partition gives
  std::string gres = {};  // "gpu:a100:2"; empty: none
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
  std::string id;
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
};

inline constexpr const char* comment_prefix = "tradewind:";

// Safe from several threads at once.
class Controller {
 public:
  virtual ~Controller() = default;
  // The job's number. insufficient_capacity, quota_exceeded, invalid_argument, unauthorized: nothing was
  // submitted; unavailable: it may have been.
  virtual Result<std::string> submit(const SubmitRequest& request) = 0;
  // All of this user that the controller still knows, ended ones too. unavailable, unauthorized.
  virtual Result<std::vector<Job>> jobs() = 0;
  // Every job of this user and name. None counts as done.
  virtual Status cancel(const std::string& name) = 0;
  // unavailable, unauthorized.
  virtual Result<std::vector<Partition>> partitions() = 0;
  // When the request would start if it was submitted now. Nothing where Slurm does not say.
  virtual Result<std::optional<Time>> expected_start(const SubmitRequest& request) = 0;
};

}  // namespace tradewind::slurm
