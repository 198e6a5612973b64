// The task file: a job as a person writes it, in YAML. Guide: docs/task-file.md; vocabulary: task_fields.h.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/job.h"
#include "core/task/task_error.h"

namespace tradewind::task {

struct TaskOptions {
  std::string base_dir = {};  // absolute; what a relative workdir starts from. Empty: stays relative
  std::string home_dir = {};  // what "~" stands for in workdir
  std::map<std::string, std::string> envs = {};  // of the command line; stronger than the file's
  bool run_required = true;                      // false: planning alone, which needs no program
};

struct ParsedTask {
  JobSpec spec;
  std::vector<std::string> warnings;  // each one sentence; at most one names the fields that are only kept
};

struct TaskOutcome {
  ParsedTask task;  // meaningful only when ok()
  std::vector<TaskError> errors;
  bool ok() const { return errors.empty(); }
};

// Reads the text of a task file. All that is wrong with it is found at once (a syntax error ends the
// reading), in the order of lines. `file_name` gives a job without a name its name: "runs/train.yaml" makes
// "train".
TaskOutcome parse_task(std::string_view yaml, std::string_view file_name, const TaskOptions& options = {});

// A task file that parses to the same spec (with workdir absolute or options.base_dir empty). Default values
// are left out.
std::string to_yaml(const JobSpec& spec);

}  // namespace tradewind::task
