// Reading slurm.yaml: the Slurm clusters that this user may use. Described for users in
// docs/suppliers/slurm.md.
//   clusters:
//     - name: hpc
//       store: /home/ana/tradewind
//       partitions: [gpu, preempt]
//       account: physics
//       gpus: {a100: A100}
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/task/task_error.h"
#include "edge/drivers/slurm/cluster.h"

namespace tradewind::slurm {

struct ClustersOutcome {
  std::vector<Cluster> clusters;        // meaningful when errors is empty
  std::vector<task::TaskError> errors;  // all at once, in the order of the file
};

ClustersOutcome parse_slurm(std::string_view yaml);

// invalid_argument with every error and its place, or the errors of reading the file.
Result<std::vector<Cluster>> read_slurm_file(const std::filesystem::path& file);

}  // namespace tradewind::slurm
