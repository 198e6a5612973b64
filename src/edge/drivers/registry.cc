#include "edge/drivers/registry.h"

#include "edge/drivers/local/local_provider.h"
#include "edge/drivers/local/this_machine.h"
#include "edge/drivers/local/zones_file.h"
#include "edge/drivers/slurm/slurm_file.h"
#include "edge/drivers/slurm/slurm_provider.h"
#include "edge/io/files.h"
#include "edge/objectstore/file_url.h"

namespace tradewind::drivers {
namespace {

using Providers = std::vector<std::unique_ptr<provider::Provider>>;

Status add_local(Providers& providers, const DriverConfig& config, const Clock& clock) {
  local::LocalOptions options;
  TW_ASSIGN_OR_RETURN(options.zones, local_zones(config));
  options.root = config.folders.state / "local";
  options.stores = config.folders.data / "stores";
  options.machine_program = config.machine_program;
  options.agent_program = config.agent_program;
  options.environment = config.environment;
  TW_ASSIGN_OR_RETURN(std::unique_ptr<local::LocalProvider> provider,
                      local::LocalProvider::open(std::move(options), clock));
  providers.push_back(std::move(provider));
  return {};
}

// Each cluster of <config>/slurm.yaml, where there is one.
Status add_slurm(Providers& providers, const DriverConfig& config, const Clock& clock) {
  const std::filesystem::path file = config.folders.config / "slurm.yaml";
  if (!io::path_exists(file)) return {};
  TW_ASSIGN_OR_RETURN(std::vector<slurm::Cluster> clusters, slurm::read_slurm_file(file));
  for (slurm::Cluster& cluster : clusters) {
    std::unique_ptr<io::Host> host = std::make_unique<io::LocalHost>(config.environment);
    if (!cluster.host.empty()) {
      if (!config.host_of)
        return Error{Code::invalid_argument, file.string() + ": the cluster '" + cluster.name +
                                                 "' has a host, and this program reaches no other hosts"};
      TW_ASSIGN_OR_RETURN(host, config.host_of(cluster.host));
    }
    slurm::SlurmOptions options;
    options.cluster = std::move(cluster);
    options.agent_program = config.agent_program.empty() ? "" : config.agent_program.front();
    TW_ASSIGN_OR_RETURN(std::unique_ptr<slurm::SlurmProvider> provider,
                        slurm::SlurmProvider::open(std::move(options), std::move(host), clock));
    providers.push_back(std::move(provider));
  }
  return {};
}

}  // namespace

Result<Providers> make_providers(const DriverConfig& config, const Clock& clock) {
  Providers providers;
  TW_RETURN_IF_ERROR(add_local(providers, config, clock));
  TW_RETURN_IF_ERROR(add_slurm(providers, config, clock));
  return providers;
}

Result<std::vector<local::Zone>> local_zones(const DriverConfig& config) {
  std::filesystem::path file = config.zones_file;
  const std::filesystem::path usual = config.folders.config / "zones.yaml";
  if (file.empty() && io::path_exists(usual)) file = usual;
  const local::MachineFacts facts = local::look_at_this_machine(config.environment);
  std::vector<local::Zone> zones = {zone_of_this_machine(facts)};
  if (!file.empty()) {
    TW_ASSIGN_OR_RETURN(zones, local::read_zones_file(file));
  }
  for (local::Zone& zone : zones) {
    fill_from_machine(zone, facts);
    if (zone.store.empty())
      zone.store = objectstore::file_url((config.folders.data / "stores" / zone.name).string());
  }
  return zones;
}

}  // namespace tradewind::drivers
