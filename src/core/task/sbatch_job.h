// From a batch script and sbatch's options to a job that runs anywhere. Guide: docs/from-slurm.md.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/job.h"
#include "core/task/sbatch_options.h"
#include "core/task/sbatch_run.h"
#include "core/task/sbatch_values.h"

namespace tradewind::task {

// What the options mean depends on where the job is submitted from.
struct SbatchFacts {
  std::string submit_dir;  // absolute
  std::string home_dir;    // is never taken along; empty: not known
  std::string host;
  std::string user;
  std::map<std::string, std::string> environment;  // of the submitter
  // The accelerator that a cluster's type of GPU is ("a100" → "A100"). not_found with the nearest word.
  std::function<Result<std::string>(std::string_view type)> accelerator;
  std::vector<std::string> any_gpu;  // what a GPU without a type may be
  // Where clusters of slurm.yaml have this partition; an empty cluster or partition is any.
  std::function<std::vector<Location>(std::string_view cluster, std::string_view partition)> slurm_places;
  // The moment of "2026-11-24T18:30:00", as clocks show it here.
  std::function<std::optional<Time>(std::string_view)> local_time;
};

struct SbatchInput {
  std::string script;     // its text; empty with --wrap
  std::string file_name;  // "runs/train.sh"; "": stdin
  std::vector<std::string> arguments;
  std::vector<SbatchGiven> command_line;
};

struct SbatchJob {
  JobSpec spec;  // of each element of an array: see element_of()
  SbatchRun run;
  std::optional<SlurmArray> array;
  std::string slurm_name;             // as it was written
  std::string output;                 // a pattern, absolute
  bool append = false;                // to that file
  std::vector<std::string> not_done;  // what nothing is done about: "--account=phys (…)", each once
  bool wait = false;
  bool test_only = false;
  bool parsable = false;
  bool quiet = false;
  bool print = false;
};

struct SbatchOutcome {
  SbatchJob job;                  // meaningful only when ok()
  std::vector<TaskError> errors;  // line 0: of the environment or the command line
  bool ok() const { return errors.empty(); }
};

// Options of the command line are stronger than SBATCH_* variables, which are stronger than the script's, and
// later ones than earlier ones. All that is wrong is found at once.
SbatchOutcome make_sbatch_job(const SbatchInput& input, const SbatchFacts& facts);

// The spec of one element. `array_job` is the id of the first one submitted, whose own it is: empty then.
JobSpec element_of(const SbatchJob& job, std::uint32_t index, const std::string& array_job);

}  // namespace tradewind::task
