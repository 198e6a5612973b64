// The script that Slurm runs in an allocation: the only thing of ours that does.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace tradewind::slurm {

struct BatchJob {
  std::string folder;              // the instance's own, on the shared file system
  std::vector<std::string> agent;  // program and arguments; the script adds those that only it can know
  Duration span{};                 // the agent's hard limit, from when it begins
  Duration notice_lead{};          // before the allocation's time limit
  Duration grace{};                // between a preemption's signal and its end; 0: not known
  Duration heartbeat = std::chrono::seconds(30);
};

// Bash 4.2 and coreutils suffice. The script claims the token for its own job number, so that of two jobs of
// one token one alone runs the agent; a job that the cluster requeues ends at once. It says how it ended in
// the file "end", touches "beat" while it lives, and removes its scratch folder.
std::string batch_script(const BatchJob& job);

}  // namespace tradewind::slurm
