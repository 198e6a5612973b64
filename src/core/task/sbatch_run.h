// The shell script that starts a batch script as Slurm would: `run` of the job's task.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "core/task/sbatch_values.h"

namespace tradewind::task {

struct SbatchRun {
  std::string script;                    // its text, with "#!"
  std::string name;                      // what people call it: "train.sh"
  std::vector<std::string> interpreter;  // and its one argument, if any
  std::vector<std::string> arguments;
  std::string submit_dir;             // absolute
  std::string folder;                 // of --chdir, else submit_dir
  bool in_place = false;              // on the machine that it was submitted from, it runs in `folder` itself
  bool first_of_array = false;        // its id is the array's
  std::optional<Duration> limit;      // of each stay at a place; nothing: none
  std::optional<SlurmSignal> signal;  // to the script, before the limit
};

// In a Slurm allocation Slurm's own variables stay as they are; elsewhere they are made of Tradewind's, and a
// script that calls srun finds one that starts its tasks on this node.
std::string sbatch_run_text(const SbatchRun& run);

// As one word for a POSIX shell.
std::string shell_word(std::string_view text);

}  // namespace tradewind::task
