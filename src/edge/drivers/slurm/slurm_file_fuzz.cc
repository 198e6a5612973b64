// Any bytes are read to the end or refused with a place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "edge/drivers/slurm/command_output.h"
#include "edge/drivers/slurm/slurm_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const tradewind::slurm::ClustersOutcome outcome = tradewind::slurm::parse_slurm(text);
  if (outcome.errors.empty()) {
    for (const tradewind::slurm::Cluster& cluster : outcome.clusters) {
      if (cluster.name.empty() || !cluster.store.starts_with('/')) std::abort();
    }
  }
  std::vector<tradewind::slurm::Partition> partitions = tradewind::slurm::parse_partitions(text);
  static_cast<void>(tradewind::slurm::add_nodes(text, partitions));
  static_cast<void>(tradewind::slurm::parse_squeue(text));
  static_cast<void>(tradewind::slurm::parse_time_limit(text));
  return 0;
}
