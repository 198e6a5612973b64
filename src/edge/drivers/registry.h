// Every supplier that this program can rent from, made from one configuration. A further supplier is one
// folder beside this file and one line in registry.cc.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "edge/drivers/aws/aws_provider.h"
#include "edge/drivers/boot/boot_document.h"
#include "edge/drivers/exec/exec_provider.h"
#include "edge/drivers/kubernetes/kubernetes_provider.h"
#include "edge/drivers/local/zone.h"
#include "edge/drivers/slurm/slurm_provider.h"
#include "edge/drivers/ssh/ssh_provider.h"
#include "edge/io/host.h"
#include "edge/io/paths.h"
#include "edge/provider/proof.h"
#include "edge/provider/provider.h"

namespace tradewind::drivers {

struct DriverConfig {
  io::Folders folders;
  // Empty: <config>/zones.yaml when there is one, else the one zone "local/here" that is all of this machine.
  std::filesystem::path zones_file = {};
  std::vector<std::string>
      machine_program;  // runs local::run_machine(), such as {"/usr/bin/tradewind", "local-machine"}
  std::vector<std::string> agent_program;          // such as {"/usr/bin/tradewind-agent"}
  std::map<std::string, std::string> environment;  // the program's own
  // Our relay's socket, and what tells it from other control planes' on a host that both use. Empty: agents
  // that need a relay are given none.
  std::string relay_socket = {};
  std::string plane = "own";
  // The host that an ssh target names ("ana@login1"), for clusters that are not reached from this machine.
  std::function<Result<std::unique_ptr<io::Host>>(const std::string& target)> host_of = {};
  // What suppliers' programs say on stderr. Nothing: nobody reads it.
  std::function<void(const std::string&)> log = {};
  // What is known of clouds' offers; asked for where a cloud is set up. nullptr: nothing.
  std::function<std::vector<Offer>()> catalogue = {};
  // Where rented machines fetch the agent from, if their supplier's file does not say, and for which
  // processors. nullptr: nowhere.
  boot::AgentSource agent_source = {};
  std::set<std::string> agent_machines = {};
};

// `clock` outlives them. The errors name the supplier and its file.
Result<std::vector<std::unique_ptr<provider::Provider>>> make_providers(const DriverConfig& config,
                                                                        const Clock& clock);

// The hosts of <config>/ssh.yaml; none where there is no such file.
Result<std::vector<std::unique_ptr<ssh::SshProvider>>> ssh_providers(const DriverConfig& config,
                                                                     const Clock& clock);

// The clusters of <config>/slurm.yaml; none where there is no such file. Nothing is asked of them yet.
Result<std::vector<std::unique_ptr<slurm::SlurmProvider>>> slurm_providers(const DriverConfig& config,
                                                                           const Clock& clock);

// The clusters of <config>/kubernetes.yaml; none where there is no such file. Nothing is asked of them yet.
Result<std::vector<std::unique_ptr<kubernetes::KubernetesProvider>>> kubernetes_providers(
    const DriverConfig& config, const Clock& clock);

// The programs of <config>/exec.yaml, each started and asked for its capabilities, all at once; none where
// there is no such file.
Result<std::vector<std::unique_ptr<exec::ExecProvider>>> exec_suppliers(const DriverConfig& config,
                                                                        const Clock& clock);
// A program of no file: tried from the command line, in `folder`, with all of our environment.
Result<std::unique_ptr<exec::ExecProvider>> exec_on_trial(const DriverConfig& config,
                                                          const exec::SupplierConfig& supplier,
                                                          const std::filesystem::path& folder,
                                                          const std::filesystem::path& state_folder,
                                                          const Clock& clock);

// The regions of <config>/aws.yaml; none where there is no such file. Nothing is asked of them yet.
Result<std::vector<std::unique_ptr<aws::AwsProvider>>> aws_providers(const DriverConfig& config,
                                                                     const Clock& clock);

// Tries what a supplier needs on the supplier itself: "ssh", "ssh/gpu1", "kubernetes", "kubernetes/lab" (and
// "k8s" for that), "aws", "aws/us-east-1", "exec", "exec/voltpark". not_found: there is none of that name,
// and which there are; the errors of its file.
Result<std::vector<provider::Proof>> prove_supplier(const DriverConfig& config, const std::string& name,
                                                    const Clock& clock);

// The stores that clusters bring with them, by name ("slurm/hpc"): their URLs from here.
Result<std::map<std::string, std::string>> cluster_stores(const DriverConfig& config);

// A host by its ssh target: "login1", "ana@login1", "ana@login1:2222"; the rest is ssh's own configuration.
// invalid_argument: it is none.
Result<std::unique_ptr<io::Host>> host_over_ssh(const DriverConfig& config, const std::string& target);

// The zones of the local supplier with their stores, cpus and memory filled in: for their egress prices.
Result<std::vector<local::Zone>> local_zones(const DriverConfig& config);

}  // namespace tradewind::drivers
