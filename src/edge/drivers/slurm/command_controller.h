// Slurm by its own commands (sbatch, squeue, scancel, scontrol, sinfo), run on a host of the cluster as the
// user who is logged in there.
#pragma once

#include "edge/drivers/slurm/controller.h"
#include "edge/io/host.h"

namespace tradewind::slurm {

class CommandController final : public Controller {
 public:
  // `host` outlives this. A command that takes longer than `patience` is given up: its outcome is unknown.
  CommandController(io::Host& host, Duration patience) : host_(host), patience_(patience) {}
  Result<std::string> submit(const SubmitRequest& request) override;
  Result<int> array_max() override;
  Result<std::vector<Job>> jobs() override;
  Status cancel(const std::vector<Cancellation>& which) override;
  Result<std::vector<Partition>> partitions() override;
  Result<std::optional<Time>> expected_start(const SubmitRequest& request) override;

 private:
  Result<io::CommandOutput> run(std::vector<std::string> argv, const std::string& input = {});
  io::Host& host_;
  Duration patience_;
};

// The arguments of sbatch, which reads the script from its standard input.
std::vector<std::string> sbatch_arguments(const SubmitRequest& request);

}  // namespace tradewind::slurm
