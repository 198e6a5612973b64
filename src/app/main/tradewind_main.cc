// tradewind: the real machine around the command line.
#include <atomic>
#include <csignal>
#include <filesystem>
#include <future>
#include <iostream>
#include <malloc.h>
#include <unistd.h>

#include "app/cli/run_cli.h"
#include "app/main/node_main.h"
#include "app/main/server_main.h"
#include "edge/drivers/kubernetes/kubernetes_check.h"
#include "edge/drivers/local/machine.h"
#include "edge/drivers/local/zone.h"
#include "edge/drivers/slurm/slurm_file.h"
#include "edge/drivers/ssh/ssh_check.h"
#include "edge/io/files.h"
#include "edge/io/system_clock.h"

namespace tradewind {
namespace {

std::atomic<bool> interrupted{false};

// The first Ctrl-C lets the verb say farewell, the second ends the program at once.
void note_interrupt(int) {
  interrupted = true;
}

void catch_interrupts() {
  struct sigaction action = {};
  action.sa_handler = note_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGINT, &action, nullptr);
}

std::map<std::string, std::string> own_environment() {
  std::map<std::string, std::string> environment;
  for (char** each = ::environ; each != nullptr && *each != nullptr; ++each) {
    const std::string_view line(*each);
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos && equals > 0)
      environment.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return environment;
}

// $PWD keeps the links that the user came by; it counts only while it is true.
std::string working_folder(const std::map<std::string, std::string>& environment) {
  std::error_code problem;
  const auto pwd = environment.find("PWD");
  if (pwd != environment.end() && pwd->second.starts_with('/') &&
      std::filesystem::equivalent(pwd->second, ".", problem) && !problem) {
    return pwd->second;
  }
  const std::filesystem::path here = std::filesystem::current_path(problem);
  return problem ? "/" : here.string();
}

std::string own_path() {
  std::error_code problem;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", problem);
  return problem ? "/usr/bin/tradewind" : path.string();
}

cli::CheckLine as_line(const provider::Proof& proof) {
  const char* status = proof.finding == provider::Finding::ok        ? "ok"
                       : proof.finding == provider::Finding::warning ? "warning"
                                                                     : "broken";
  return {proof.name, status, proof.detail, proof.cure};
}

// Each of one kind by what `prove` finds first; `tradewind check KIND` proves the rest.
template <class Made, class Prove>
void append_first_proofs(const std::string& kind, const Made& made, const Prove& prove,
                         std::vector<cli::CheckLine>& lines) {
  if (!made.ok()) {
    lines.push_back({"supplier " + kind, "broken", made.error().message, made.error().hint});
    return;
  }
  for (const auto& supplier : *made) {
    cli::CheckLine line = as_line(prove(*supplier).front());
    line.name = "supplier " + line.name;
    lines.push_back(std::move(line));
  }
}

std::vector<cli::CheckLine> check_suppliers(const cli::Context& context, const std::string& zones_file) {
  const drivers::DriverConfig config = app::driver_config(context, zones_file);
  std::vector<cli::CheckLine> lines;
  const std::string agent = config.agent_program.front();
  if (::access(agent.c_str(), X_OK) == 0) {
    lines.push_back({"agent", "ok", agent, ""});
  } else {
    lines.push_back({"agent", "broken", "there is no program " + agent,
                     "install tradewind-agent beside tradewind, or set TRADEWIND_AGENT to its path"});
  }
  const Result<std::vector<local::Zone>> zones = drivers::local_zones(config);
  if (!zones.ok()) {
    lines.push_back({"supplier local", "broken", zones.error().message, zones.error().hint});
    return lines;
  }
  for (const local::Zone& zone : *zones) {
    char size[64];
    std::snprintf(size, sizeof(size), "%g CPUs, %.3g GiB, %d at once, ", zone.cpus, zone.memory_gib,
                  zone.capacity);
    lines.push_back({"supplier " + to_text(local::location_of(zone)), "ok",
                     size + zone.price_per_hour.text() + "/h spot, " + zone.on_demand_price_per_hour.text() +
                         "/h on demand",
                     ""});
  }
  append_first_proofs(
      "ssh", drivers::ssh_providers(config, context.clock),
      [&](ssh::SshProvider& host) { return ssh::prove_host(host, context.clock, false); }, lines);
  append_first_proofs(
      "kubernetes", drivers::kubernetes_providers(config, context.clock),
      [](kubernetes::KubernetesProvider& cluster) { return kubernetes::prove_cluster(cluster, false); },
      lines);
  append_first_proofs(
      "exec", drivers::exec_suppliers(config, context.clock),
      [](exec::ExecProvider& program) { return program.prove(); }, lines);
  return lines;
}

// The far suppliers of one's own, but for those whose file is wrong, with a word.
std::vector<std::unique_ptr<provider::Provider>> far_suppliers(cli::Context& context,
                                                               const drivers::DriverConfig& config) {
  std::vector<std::unique_ptr<provider::Provider>> suppliers;
  const auto take = [&](auto made) {
    if (!made.ok()) return cli::print_warning(context, describe(made.error()));
    for (auto& each : *made) suppliers.push_back(std::move(each));
  };
  take(drivers::ssh_providers(config, context.clock));
  take(drivers::kubernetes_providers(config, context.clock));
  take(drivers::slurm_providers(config, context.clock));
  take(drivers::exec_suppliers(config, context.clock));
  take(drivers::aws_providers(config, context.clock));
  return suppliers;
}

// What they sell. One that is out of reach is left out, with a word.
void append_far_offers(cli::Context& context, const drivers::DriverConfig& config,
                       std::vector<Offer>& offers) {
  const auto suppliers = far_suppliers(context, config);
  std::vector<std::future<Result<std::vector<Offer>>>> asked;
  asked.reserve(suppliers.size());
  for (const auto& supplier : suppliers) {
    asked.push_back(std::async(std::launch::async, [&supplier] { return supplier->offers({}); }));
  }
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Result<std::vector<Offer>> sold = asked[i].get();
    if (sold.ok()) {
      offers.insert(offers.end(), sold->begin(), sold->end());
    } else {
      cli::print_warning(context, provider::supplier_name(suppliers[i]->capabilities()) +
                                      " is left out: " + describe(sold.error()));
    }
  }
}

Result<std::vector<cli::CheckLine>> check_supplier(const cli::Context& context, const std::string& name) {
  TW_ASSIGN_OR_RETURN(const std::vector<provider::Proof> proofs,
                      drivers::prove_supplier(app::driver_config(context, ""), name, context.clock));
  std::vector<cli::CheckLine> lines;
  lines.reserve(proofs.size());
  for (const provider::Proof& proof : proofs) lines.push_back(as_line(proof));
  return lines;
}

Result<std::vector<Offer>> local_offers(cli::Context& context, const std::string& zones_file) {
  TW_ASSIGN_OR_RETURN(const std::vector<local::Zone> zones,
                      drivers::local_zones(app::driver_config(context, zones_file)));
  std::vector<Offer> offers;
  const std::string today = format_utc(context.clock.now()).substr(0, 10);
  for (const local::Zone& zone : zones) {
    for (Offer& offer : local::offers_of(zone, today)) offers.push_back(std::move(offer));
  }
  append_far_offers(context, app::driver_config(context, zones_file), offers);
  return offers;
}

Result<std::vector<cli::SlurmCluster>> slurm_clusters(const cli::Context& context) {
  std::vector<cli::SlurmCluster> named;
  const std::filesystem::path file = context.folders.config / "slurm.yaml";
  if (!io::path_exists(file)) return named;
  TW_ASSIGN_OR_RETURN(const std::vector<slurm::Cluster> clusters, slurm::read_slurm_file(file));
  for (const slurm::Cluster& cluster : clusters) named.push_back({cluster.name, cluster.partitions});
  return named;
}

// Two of one state folder are two copies of the program, as a restart makes them.
Result<std::unique_ptr<provider::Provider>> supplier_on_trial(cli::Context& context,
                                                              const cli::SupplierOnTrial& trial) {
  exec::SupplierConfig supplier;
  supplier.name = "trial";
  supplier.command = trial.command;
  supplier.timeout = trial.timeout;
  drivers::DriverConfig config = app::driver_config(context, "");
  // Told by threads of their own.
  config.log = [](const std::string& line) {
    const std::string whole = line + "\n";
    std::fwrite(whole.data(), 1, whole.size(), stderr);
  };
  TW_ASSIGN_OR_RETURN(
      std::unique_ptr<exec::ExecProvider> made,
      drivers::exec_on_trial(config, supplier, context.working_folder, trial.state_folder, context.clock));
  TW_RETURN_IF_ERROR(made->prove_started());
  return std::unique_ptr<provider::Provider>(std::move(made));
}

void wire(cli::Context& context) {
  context.wiring.local_offers = [&context](const std::string& zones) { return local_offers(context, zones); };
  context.wiring.check_supplier = [&context](const std::string& name) {
    return check_supplier(context, name);
  };
  context.wiring.check_suppliers = [&context](const std::string& zones) {
    return check_suppliers(context, zones);
  };
  context.wiring.node = [&context](const cli::NodeOptions& options) {
    return app::run_node(options, context);
  };
  context.wiring.supplier_on_trial = [&context](const cli::SupplierOnTrial& trial) {
    return supplier_on_trial(context, trial);
  };
  context.wiring.slurm_clusters = [&context] { return slurm_clusters(context); };
  context.wiring.run_server = [&context](const cli::ServerRunOptions& options,
                                         const std::function<void(const json::value&)>& ready) {
    return app::run_server(options, context, ready);
  };
}

int run(const std::vector<std::string>& arguments) {
  const auto parsed = cli::parse_command_line(arguments);
  const io::SystemClock clock;
  std::map<std::string, std::string> environment = own_environment();
  const auto variable = [&](const std::string& name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  };
  const auto* line = std::get_if<cli::CommandLine>(&parsed);
  const cli::Terminal terminal =
      cli::detect_terminal(variable, line == nullptr ? cli::ColourWish::automatic : line->colour);
  cli::Context context{
      std::cin,     std::cout, std::cerr, terminal,    false, environment, working_folder(environment),
      {own_path()}, {},        clock,     interrupted, {}};
  Result<io::Folders> folders = io::folders_from(environment);
  // Help and usage errors need no home.
  if (!folders.ok() && line != nullptr) {
    context.json = line->json;
    return static_cast<int>(cli::print_error(context, folders.error()));
  }
  if (folders.ok()) context.folders = *std::move(folders);
  wire(context);
  return cli::run_cli(parsed, context);
}

int run_program(int count, char** values) {
  const std::vector<std::string> arguments(values + (count > 0 ? 1 : 0), values + count);
  ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error to tell, not an end
  // What stands for a supplier's hardware: no verb of the command line.
  if (arguments.size() == 2 && arguments[0] == "local-machine" && arguments[1].starts_with("--dir=")) {
    return local::run_machine(arguments[1].substr(std::string_view("--dir=").size()));
  }
  std::ios::sync_with_stdio(false);
  catch_interrupts();
  return run(arguments);
}

}  // namespace
}  // namespace tradewind

int main(int count, char** values) {
  // Many threads each hold a chunk for a while: heaps of their own would keep what all of them ever held.
  ::mallopt(M_ARENA_MAX, 2);
  // Chunks of some MiB come and go by the thousand: their pages are not given back each time (a third of a
  // restore's time in the kernel went into clearing them anew).
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  return tradewind::run_program(count, values);
}
