// The folders of one lease on this machine.
//   <scratch>/work            a copy of the task's workdir; the program starts here
//   <scratch>/outputs         $TRADEWIND_OUTPUT_DIR: all of it is kept when the job ends
//   <scratch>/progress.jsonl  $TRADEWIND_PROGRESS
//   <scratch>/inputs          $TRADEWIND_INPUTS: the task's inputs, each under its name
//   <scratch>/placed-data     what targets of file_mounts outside the work folder lead to
//   <scratch>/held            the checkpoint that is being captured, under a second name
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"
#include "core/model/job.h"

namespace tradewind::agent {

struct Workspace {
  std::filesystem::path scratch;
  std::filesystem::path work;
  std::filesystem::path outputs;
  std::filesystem::path progress;
  std::filesystem::path held;
  std::filesystem::path inputs;
  std::filesystem::path placed;
  std::filesystem::path checkpoint;  // empty: the job keeps no checkpoints
};

// Where everything lies. invalid_argument: checkpoint.path leaves the work folder (".."), or is absolute and
// not inside scratch.
Result<Workspace> plan_workspace(const std::filesystem::path& scratch, const JobSpec& spec);

// Makes the folders and copies the workdir, symbolic links as such, without following them. not_found: the
// workdir is not on this machine. unavailable: the disk is full.
Status prepare_workspace(const Workspace& workspace, const JobSpec& spec);

}  // namespace tradewind::agent
