// What `tradewind check slurm` proves of a cluster: each right that is needed, tried on the cluster itself.
#include "edge/drivers/slurm/slurm_provider.h"

namespace tradewind::slurm {
namespace {

using provider::Finding;
using provider::Proof;

Proof broken(std::string name, const Error& error) {
  return {std::move(name), Finding::broken, error.message, error.hint};
}

}  // namespace

std::vector<Proof> SlurmProvider::prove() {
  const std::string name = "slurm/" + options_.cluster.name;
  const Result<std::vector<Place>> all = places();
  if (!all.ok()) return {broken(name, all.error())};
  std::vector<Proof> proofs = {
      {name, Finding::ok, "the controller answers; " + std::to_string(all->size()) + " offers"}};
  const Place* open = nullptr;
  for (const Place& place : *all) {
    if (place.open && open == nullptr) open = &place;
    if (!place.open) {
      proofs.push_back({name + "/" + place.partition, Finding::warning, place.why_not,
                        "jobs are placed elsewhere meanwhile"});
    }
  }
  const Result<std::string> program = agent();
  if (program.ok()) {
    proofs.push_back(
        {name + " store", Finding::ok, "the agent program lies at " + *program + " and runs there"});
  } else {
    proofs.push_back(broken(name + " store", program.error()));
  }
  const Result<std::shared_ptr<const JobsSeen>> listed = jobs();
  if (listed.ok()) {
    proofs.push_back({name + " jobs", Finding::ok, "our own jobs can be listed"});
  } else {
    proofs.push_back(broken(name + " jobs", listed.error()));
  }
  if (open == nullptr) {
    proofs.push_back({name + " submission", Finding::broken, "no partition takes jobs now",
                      "ask the cluster's administrator, or name others as partitions: in slurm.yaml"});
    return proofs;
  }
  SubmitRequest trial = submit_request({}, *open, "/");
  trial.output = "/dev/null";
  trial.script = "#!/bin/bash\n";
  const Result<std::optional<Time>> start = controller_->expected_start(trial);
  if (!start.ok()) {
    proofs.push_back(broken(name + " submission", start.error()));
  } else if (*start) {
    proofs.push_back({name + " submission", Finding::ok,
                      "a job in " + open->partition + " would be taken, and start in " +
                          format_duration(std::max(**start - clock_.now(), Duration(0)))});
  } else {
    proofs.push_back({name + " submission", Finding::ok, "Slurm does not say when a job would start"});
  }
  return proofs;
}

}  // namespace tradewind::slurm
