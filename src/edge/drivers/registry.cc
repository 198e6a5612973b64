#include "edge/drivers/registry.h"

#include <algorithm>
#include <future>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "core/task/reading.h"
#include "edge/drivers/aws/aws_check.h"
#include "edge/drivers/kubernetes/kubernetes_check.h"
#include "edge/drivers/local/local_provider.h"
#include "edge/drivers/local/this_machine.h"
#include "edge/drivers/local/zones_file.h"
#include "edge/drivers/slurm/slurm_file.h"
#include "edge/drivers/slurm/slurm_provider.h"
#include "edge/drivers/ssh/ssh_check.h"
#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/objectstore/file_url.h"
#include "edge/objectstore/relay/relay_server.h"
#include "edge/objectstore/sftp/sftp_url.h"

namespace tradewind::drivers {
namespace {

using Providers = std::vector<std::unique_ptr<provider::Provider>>;

// What clouds are asked and answer, a line for each exchange, without secrets: for whoever reports a problem
// with one.
std::function<void(const cloud::Exchange&)> record_of(const std::map<std::string, std::string>& environment) {
  const std::string file = cloud::variable(environment, "TRADEWIND_RECORD");
  if (file.empty()) return nullptr;
  return [file](const cloud::Exchange& exchange) {
    // A record that cannot be written is no reason to do without the cloud.
    (void)io::append_file(file, to_text(cloud::to_json(exchange)) + "\n", 0600);
  };
}

// Of connections that commands share. One state folder has one; its path must be short.
Result<std::filesystem::path> control_folder(const std::map<std::string, std::string>& environment,
                                             const std::filesystem::path& state) {
  const auto runtime = environment.find("XDG_RUNTIME_DIR");
  const std::filesystem::path parent =
      runtime != environment.end() && runtime->second.starts_with('/') && runtime->second.size() < 40
          ? std::filesystem::path(runtime->second) / "tradewind"
          : std::filesystem::path("/tmp/tradewind-" + std::to_string(::geteuid()));
  TW_RETURN_IF_ERROR(io::make_folders(parent, 0700));
  struct stat made = {};
  if (::lstat(parent.c_str(), &made) != 0 || !S_ISDIR(made.st_mode) || made.st_uid != ::geteuid() ||
      (made.st_mode & 077) != 0) {
    return Error{Code::unauthorized, parent.string() + " is not a folder of this user's alone",
                 "remove it, or set XDG_RUNTIME_DIR"};
  }
  const std::string own =
      std::to_string(::getpid() % 100'000) + "-" + io::hex(io::sha256(state.string())).substr(0, 8);
  return parent / own;
}

std::string home_of(const std::map<std::string, std::string>& environment) {
  const auto home = environment.find("HOME");
  return home == environment.end() ? std::string() : home->second;
}

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

}  // namespace

Result<Providers> make_providers(const DriverConfig& config, const Clock& clock) {
  Providers providers;
  TW_RETURN_IF_ERROR(add_local(providers, config, clock));
  const auto take = [&providers](auto made) {
    for (auto& each : made) providers.push_back(std::move(each));
  };
  TW_ASSIGN_OR_RETURN(auto hosts, ssh_providers(config, clock));
  take(std::move(hosts));
  TW_ASSIGN_OR_RETURN(auto pods, kubernetes_providers(config, clock));
  take(std::move(pods));
  TW_ASSIGN_OR_RETURN(auto clusters, slurm_providers(config, clock));
  take(std::move(clusters));
  TW_ASSIGN_OR_RETURN(auto programs, exec_suppliers(config, clock));
  take(std::move(programs));
  TW_ASSIGN_OR_RETURN(auto regions, aws_providers(config, clock));
  take(std::move(regions));
  return providers;
}

Result<std::vector<std::unique_ptr<slurm::SlurmProvider>>> slurm_providers(const DriverConfig& config,
                                                                           const Clock& clock) {
  std::vector<std::unique_ptr<slurm::SlurmProvider>> providers;
  const std::filesystem::path file = config.folders.config / "slurm.yaml";
  if (!io::path_exists(file)) return providers;
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
  return providers;
}

Result<std::vector<std::unique_ptr<aws::AwsProvider>>> aws_providers(const DriverConfig& config,
                                                                     const Clock& clock) {
  std::vector<std::unique_ptr<aws::AwsProvider>> providers;
  const std::filesystem::path file = config.folders.config / "aws.yaml";
  if (!io::path_exists(file)) return providers;
  TW_ASSIGN_OR_RETURN(std::vector<aws::RegionConfig> regions, aws::read_regions_file(file));
  const std::vector<Offer> catalogue = config.catalogue ? config.catalogue() : std::vector<Offer>();
  for (aws::RegionConfig& region : regions) {
    aws::AwsOptions options;
    options.region = std::move(region);
    options.catalogue = catalogue;
    options.environment = config.environment;
    options.agent = config.agent_source;
    options.machines = config.agent_machines;
    options.network.record = record_of(config.environment);
    providers.push_back(std::make_unique<aws::AwsProvider>(std::move(options), clock));
  }
  return providers;
}

Result<std::vector<std::unique_ptr<kubernetes::KubernetesProvider>>> kubernetes_providers(
    const DriverConfig& config, const Clock& clock) {
  std::vector<std::unique_ptr<kubernetes::KubernetesProvider>> providers;
  const std::filesystem::path file = config.folders.config / "kubernetes.yaml";
  if (!io::path_exists(file)) return providers;
  TW_ASSIGN_OR_RETURN(const std::vector<kubernetes::ClusterConfig> clusters,
                      kubernetes::read_clusters_file(file, home_of(config.environment)));
  for (const kubernetes::ClusterConfig& cluster : clusters) {
    kubernetes::AccessOptions access;
    access.kubeconfig = cluster.kubeconfig;
    access.context = cluster.context;
    access.environment = config.environment;
    providers.push_back(std::make_unique<kubernetes::KubernetesProvider>(cluster, std::move(access), clock));
  }
  return providers;
}

Result<std::vector<std::unique_ptr<ssh::SshProvider>>> ssh_providers(const DriverConfig& config,
                                                                     const Clock& clock) {
  std::vector<std::unique_ptr<ssh::SshProvider>> providers;
  const std::filesystem::path file = config.folders.config / "ssh.yaml";
  if (!io::path_exists(file)) return providers;
  TW_ASSIGN_OR_RETURN(const std::vector<ssh::HostConfig> hosts,
                      ssh::read_hosts_file(file, home_of(config.environment)));
  TW_ASSIGN_OR_RETURN(const std::filesystem::path sockets,
                      control_folder(config.environment, config.folders.state));
  for (const ssh::HostConfig& host : hosts) {
    ssh::SshProviderOptions options;
    options.ssh = {host, config.environment, sockets, Duration(15'000)};
    options.agent_program = config.agent_program.front();
    options.relay_socket = config.relay_socket;
    options.plane = config.plane;
    options.facts_file = config.folders.cache / "ssh" / (host.name + ".json");
    providers.push_back(std::make_unique<ssh::SshProvider>(std::move(options), clock));
  }
  return providers;
}

namespace {

exec::ExecOptions exec_options(const DriverConfig& config, const exec::SupplierConfig& supplier) {
  exec::ExecOptions options;
  options.config = supplier;
  options.environment = config.environment;
  options.folder = config.folders.config;
  options.state_folder = config.folders.state / "exec" / supplier.name;
  options.facts_file = config.folders.cache / "exec" / (supplier.name + ".json");
  options.agent_program = config.agent_program.empty() ? "" : config.agent_program.front();
  if (config.log) options.log = config.log;
  return options;
}

}  // namespace

Result<std::vector<std::unique_ptr<exec::ExecProvider>>> exec_suppliers(const DriverConfig& config,
                                                                        const Clock& clock) {
  std::vector<std::unique_ptr<exec::ExecProvider>> providers;
  const std::filesystem::path file = config.folders.config / "exec.yaml";
  if (!io::path_exists(file)) return providers;
  TW_ASSIGN_OR_RETURN(const std::vector<exec::SupplierConfig> suppliers, exec::read_suppliers_file(file));
  std::vector<std::future<Result<std::unique_ptr<exec::ExecProvider>>>> opened;
  for (const exec::SupplierConfig& supplier : suppliers) {
    opened.push_back(std::async(std::launch::async, [&config, &clock, &supplier] {
      return exec::ExecProvider::open(exec_options(config, supplier), clock);
    }));
  }
  std::optional<Error> problem;
  for (auto& each : opened) {
    Result<std::unique_ptr<exec::ExecProvider>> provider = each.get();
    if (!provider.ok()) {
      problem = provider.error();
      continue;
    }
    const Status started = (*provider)->prove_started();
    if (!started.ok() && config.log)
      config.log("supplier " + (*provider)->capabilities().provider +
                 " does not answer yet: " + describe(started.error()));
    providers.push_back(*std::move(provider));
  }
  if (problem) return *problem;
  return providers;
}

Result<std::unique_ptr<exec::ExecProvider>> exec_on_trial(const DriverConfig& config,
                                                          const exec::SupplierConfig& supplier,
                                                          const std::filesystem::path& folder,
                                                          const std::filesystem::path& state_folder,
                                                          const Clock& clock) {
  exec::ExecOptions options = exec_options(config, supplier);
  options.whole_environment = true;
  options.folder = folder;
  options.state_folder = state_folder;
  options.facts_file.clear();
  return exec::ExecProvider::open(std::move(options), clock);
}

Result<std::map<std::string, std::string>> cluster_stores(const DriverConfig& config) {
  std::map<std::string, std::string> stores;
  const std::filesystem::path file = config.folders.config / "slurm.yaml";
  if (!io::path_exists(file)) return stores;
  TW_ASSIGN_OR_RETURN(const std::vector<slurm::Cluster> clusters, slurm::read_slurm_file(file));
  for (const slurm::Cluster& cluster : clusters)
    stores["slurm/" + cluster.name] = slurm::own_store_url_of(cluster);
  return stores;
}

Result<std::unique_ptr<io::Host>> host_over_ssh(const DriverConfig& config, const std::string& target) {
  TW_ASSIGN_OR_RETURN(const objectstore::SftpUrl parsed,
                      objectstore::parse_sftp_url("sftp://" + target + "/"));  // the same form of a host
  ssh::HostConfig host;
  host.name = io::hex(io::sha256(target)).substr(0, 12);
  host.host = parsed.host;
  host.user = parsed.user;
  host.port = parsed.port;
  TW_ASSIGN_OR_RETURN(const std::filesystem::path sockets,
                      control_folder(config.environment, config.folders.state));
  return std::unique_ptr<io::Host>(
      std::make_unique<ssh::SshHost>(ssh::SshOptions{host, config.environment, sockets, Duration(15'000)}));
}

namespace {

// A relay that leads nowhere: only its socket is wanted.
Result<std::unique_ptr<objectstore::RelayServer>> relay_for_a_check(const std::filesystem::path& socket) {
  return objectstore::RelayServer::start(socket.string(), io::random_bytes(32),
                                         [](const std::string&) -> Result<objectstore::ObjectStore*> {
                                           return Error{Code::unavailable, "this relay is a check's"};
                                         });
}

// Those of one kind that `name` means, "ssh" or "ssh/gpu1", by `prove`. `noun`: what its file lists.
template <class Supplier, class Prove>
Result<std::vector<provider::Proof>> prove_listed(const std::vector<std::unique_ptr<Supplier>>& suppliers,
                                                  const DriverConfig& config, const std::string& name,
                                                  const std::string& noun, const Prove& prove) {
  const std::string kind = name.substr(0, name.find('/'));
  std::vector<provider::Proof> proofs;
  std::vector<std::string> names;
  for (const std::unique_ptr<Supplier>& supplier : suppliers) {
    names.push_back(provider::supplier_name(supplier->capabilities()));
    if (name != kind && name != names.back()) continue;
    for (provider::Proof& proof : prove(*supplier)) proofs.push_back(std::move(proof));
  }
  if (!proofs.empty()) return proofs;
  const std::string file = (config.folders.config / (kind + ".yaml")).string();
  if (names.empty())
    return Error{Code::not_found, "there is no " + file, "docs/suppliers/" + kind + ".md shows one"};
  return Error{Code::not_found, file + " has no " + noun + " " + name, "it has " + join(names, ", ")};
}

Result<std::vector<provider::Proof>> prove_ssh(DriverConfig config, const std::string& name,
                                               const Clock& clock) {
  TW_ASSIGN_OR_RETURN(const io::TempDir folder, io::TempDir::make("tradewind-check-"));
  TW_ASSIGN_OR_RETURN(const auto relay, relay_for_a_check(folder.path() / "relay.sock"));
  config.relay_socket = relay->socket();
  config.plane = "check" + std::to_string(::getpid());
  TW_ASSIGN_OR_RETURN(const auto hosts, ssh_providers(config, clock));
  return prove_listed(hosts, config, name, "host",
                      [&](ssh::SshProvider& host) { return ssh::prove_host(host, clock, true); });
}

// "exec" is all of them; each is named with it or by itself.
Result<std::vector<provider::Proof>> prove_programs(const DriverConfig& config, const std::string& name,
                                                    const Clock& clock) {
  TW_ASSIGN_OR_RETURN(const auto programs, exec_suppliers(config, clock));
  std::vector<provider::Proof> proofs;
  std::vector<std::string> names;
  for (const auto& program : programs) {
    names.push_back(program->capabilities().provider);
    if (name != "exec" && name != names.back() && name != "exec/" + names.back()) continue;
    for (provider::Proof& proof : program->prove()) proofs.push_back(std::move(proof));
  }
  if (!proofs.empty()) return proofs;
  const std::string file = (config.folders.config / "exec.yaml").string();
  if (names.empty()) return Error{Code::not_found, "there is no " + file, "docs/suppliers/exec.md shows one"};
  return Error{Code::not_found, file + " has no supplier " + name, "it has " + join(names, ", ")};
}

// Whether exec.yaml has a supplier of that very name.
bool is_program(const DriverConfig& config, const std::string& name) {
  const auto suppliers = exec::read_suppliers_file(config.folders.config / "exec.yaml");
  return suppliers.ok() && std::ranges::any_of(*suppliers, [&](const exec::SupplierConfig& supplier) {
           return supplier.name == name;
         });
}

}  // namespace

Result<std::vector<provider::Proof>> prove_supplier(const DriverConfig& config, const std::string& name,
                                                    const Clock& clock) {
  const std::size_t slash = std::min(name.find('/'), name.size());
  const std::string kind = task::provider_name(name.substr(0, slash));
  const std::string spelled = kind + name.substr(slash);
  if (kind == "ssh") return prove_ssh(config, spelled, clock);
  if (kind == "slurm") {
    TW_ASSIGN_OR_RETURN(const auto clusters, slurm_providers(config, clock));
    return prove_listed(clusters, config, spelled, "cluster",
                        [](slurm::SlurmProvider& cluster) { return cluster.prove(); });
  }
  if (kind == "kubernetes") {
    TW_ASSIGN_OR_RETURN(const auto clusters, kubernetes_providers(config, clock));
    return prove_listed(clusters, config, spelled, "cluster", [](kubernetes::KubernetesProvider& cluster) {
      return kubernetes::prove_cluster(cluster, true);
    });
  }
  if (kind == "aws") {
    TW_ASSIGN_OR_RETURN(const auto regions, aws_providers(config, clock));
    return prove_listed(regions, config, spelled, "region",
                        [&clock](aws::AwsProvider& region) { return aws::prove_region(region, clock); });
  }
  if (kind == "exec" || is_program(config, spelled)) return prove_programs(config, spelled, clock);
  return Error{
      Code::not_found, "'" + name + "' is no supplier that can be checked by itself",
      "name a store's URL, or aws, ssh, slurm, kubernetes or exec, alone or as aws/REGION, ssh/HOST, "
      "slurm/CLUSTER, kubernetes/CLUSTER, exec/SUPPLIER"};
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
