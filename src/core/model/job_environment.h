// The environment variables that a job's program finds: our own TRADEWIND_* names, and the SKYPILOT_* names
// that existing scripts read. docs/task-file.md lists them for users.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "core/model/job.h"
#include "core/model/offer.h"

namespace tradewind {

// Where and as what the program runs this time.
struct RunPlace {
  JobId job;
  LeaseId lease;
  std::uint64_t epoch = 0;
  int attempt = 1;
  Location location;
  Purchase purchase = Purchase::on_demand;
  std::optional<Accelerator> accelerator = std::nullopt;  // of one node
  int node_rank = 0;                                      // 0: the head
  std::vector<std::string> node_ips = {"127.0.0.1"};      // by rank, the head first
  int master_port = 0;              // where the ranks of several nodes meet, at the head
  std::string checkpoint_dir = {};  // absolute; empty: the job keeps no checkpoints
  std::string output_dir = {};      // absolute; empty: none
  std::string inputs_dir = {};      // absolute; empty: the job has no inputs
  std::string progress = {};        // the file or FIFO that takes progress lines; empty: none
  bool restored = false;            // checkpoint_dir holds an earlier run's state
};

// The spec's `envs` and, stronger than those, the names below. What does not exist here (no checkpoint_dir,
// no progress) is left out rather than set to nothing. Secrets are not among them: only the node knows their
// values.
//   TRADEWIND_JOB_ID _JOB_NAME _LEASE_ID _EPOCH _ATTEMPT _LOCATION _PURCHASE _RESTORED(0|1) _CHECKPOINT_DIR
//   _OUTPUT_DIR _INPUTS _PROGRESS _NODE_RANK _NODE_IPS(lines) _NUM_NODES _NUM_GPUS_PER_NODE _ACCELERATOR
//   SKYPILOT_TASK_ID _NODE_RANK _NODE_IPS(lines) _NUM_NODES _NUM_GPUS_PER_NODE, and the SKYPILOT_SETUP_*
//   forms of rank, IPs and GPUs. SKYPILOT_TASK_ID is the job's id: the same in every attempt. Counts of GPUs
//   are rounded up to whole ones.
// Where several nodes run the same also what torchrun and torch.distributed read, one process to a node:
//   TRADEWIND_MASTER_ADDR _MASTER_PORT _WORLD_SIZE _NNODES _RANK, and the same without TRADEWIND_, and
//   NODE_RANK; a MASTER_PORT of `envs` is the one that all are told.
std::map<std::string, std::string> job_environment(const JobSpec& spec, const RunPlace& place);

// Makes the variables of one node of a job of several into those of another.
void set_rank(std::map<std::string, std::string>& variables, int rank);

// Among the spec's `envs`: of several nodes the first alone runs `setup` and `run`, which start what they
// want on the others themselves, as a script of sbatch does by srun.
inline constexpr std::string_view head_only_variable = "TRADEWIND_HEAD_ONLY";
bool runs_on_head_only(const JobSpec& spec);

}  // namespace tradewind
