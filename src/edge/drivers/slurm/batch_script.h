// The script that Slurm runs in an allocation: the only thing of ours that does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace tradewind::slurm {

struct BatchAgent {
  std::vector<std::string> words;  // program and arguments; the script adds those that only it can know
  Duration span{};                 // its hard limit, from when it begins
};
// What says so in a script, or in the file "agent" of an array's element.
std::string agent_lines(const BatchAgent& agent);

// What all elements of a job array have in common.
struct BatchArray {
  std::string folder;     // the array's own: shared_store.h
  std::string instances;  // where the folder of each element's token lies
};

struct BatchJob {
  std::string folder = {};  // the instance's own, on the shared file system
  BatchAgent agent = {};
  std::optional<BatchArray> array = std::nullopt;  // instead of both
  Duration notice_lead{};                          // before the allocation's time limit
  Duration grace{};                                // between a preemption's signal and its end; 0: not known
  int nodes = 1;
  Duration heartbeat = std::chrono::seconds(30);
};

// Bash 4.2 and coreutils suffice. The script claims the token for its own job number, so that of two jobs of
// one token one alone runs the agent; an element of an array finds its token by its index; a job that the
// cluster requeues ends at once. It says how it ended in the file "end", gives the agent of several nodes a
// program that starts others on all of them, touches "beat" while it lives, and removes its scratch folder.
std::string batch_script(const BatchJob& job);

}  // namespace tradewind::slurm
