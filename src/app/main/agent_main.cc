// tradewind-agent: opens the stores that its arguments name, and runs one lease.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <malloc.h>
#include <map>
#include <string>
#include <sys/random.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "app/agent/options.h"
#include "app/agent/rank.h"
#include "app/agent/runner.h"
#include "app/agent/stores.h"
#include "app/agent/waiting_ranks.h"
#include "edge/drivers/local/machine.h"
#include "edge/drivers/node/node.h"
#include "edge/io/files.h"
#include "edge/io/helper_processes.h"
#include "edge/io/process.h"
#include "edge/io/system_clock.h"
#include "edge/mailbox/mailbox.h"
#include "edge/sealing/job_seal.h"

namespace {

using tradewind::describe;
using tradewind::Result;
using tradewind::objectstore::ObjectStore;
namespace sealing = tradewind::sealing;
using tradewind::agent::AgentOptions;
using tradewind::agent::AgentStores;

constexpr int exit_broken = 1;
constexpr int exit_usage = 2;

std::uint64_t random_seed(const tradewind::Clock& clock) {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) == sizeof seed) return seed;
  const auto time = static_cast<std::uint64_t>(clock.now().time_since_epoch().count());
  return (time << 20) ^ static_cast<std::uint64_t>(::getpid());
}

// The buffers of a capture go back to the machine as soon as they are freed: left to itself, the allocator
// comes to keep them, and the agent is to be small beside the program. Set explicitly, the thresholds no
// longer grow.
void keep_memory_small() {
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  ::mallopt(M_TRIM_THRESHOLD, 256 << 10);
  ::mallopt(M_ARENA_MAX, 2);
}

// The job's data key, out of what was taken from the environment; nothing: the job is not encrypted.
Result<tradewind::agent::View> view_of(const AgentOptions& options,
                                       const std::map<std::string, std::string>& taken) {
  if (!options.encrypted) return tradewind::agent::View();
  const auto found = taken.find(sealing::job_key_variable);
  if (found == taken.end()) {
    return tradewind::Error{
        tradewind::Code::unauthorized,
        std::string("the job is encrypted, and its data key is not in $") + sealing::job_key_variable,
        "the control plane launches the job again, with the key"};
  }
  TW_ASSIGN_OR_RETURN(const sealing::DataKey key, sealing::data_key_from_hex(found->second));
  const std::string prefix = tradewind::mailbox::job_prefix(options.owner, options.job);
  return tradewind::agent::View([key, prefix](ObjectStore& beneath) -> std::unique_ptr<ObjectStore> {
    return std::make_unique<sealing::JobStore>(beneath, prefix, key);
  });
}

int run(const AgentOptions& options, const std::map<std::string, std::string>& taken) {
  const tradewind::io::SystemClock clock;
  tradewind::io::HelperProcesses helpers;
  const Result<tradewind::agent::View> view = view_of(options, taken);
  if (!view.ok()) {
    std::cerr << "tradewind-agent: " << describe(view.error()) << '\n';
    return exit_broken;
  }
  const Result<AgentStores> stores = tradewind::agent::open_stores(options, &helpers, *view);
  if (!stores.ok()) {
    std::cerr << "tradewind-agent: " << describe(stores.error()) << '\n';
    return stores.error().code == tradewind::Code::invalid_argument ? exit_usage : exit_broken;
  }
  if (const auto made = tradewind::io::make_folders(options.scratch, 0700); !made.ok()) {
    std::cerr << "tradewind-agent: " << describe(made.error()) << '\n';
    return exit_broken;
  }
  tradewind::agent::RunnerParts parts;
  parts.options = options;
  parts.clock = &clock;
  parts.home = stores->home.get();
  parts.local = stores->local.get();
  for (const auto& copy : stores->standby) parts.standby.push_back(copy.get());
  parts.warnings = stores->warnings;
  parts.helpers = &helpers;
  parts.seed = random_seed(clock);
  parts.say = [&clock](const std::string& line) {
    std::cerr << tradewind::format_utc(clock.now()) + " " + line + "\n" << std::flush;
  };
  return tradewind::agent::run_agent(std::move(parts));
}

// An instance that only has to be there: a supplier is being tried by it. What else the supplier's program
// says to its agent means nothing to it.
int wait_idly(int count, char** values) {
  constexpr std::string_view span_option = "--for=";
  for (int i = 2; i < count; ++i) {
    const std::string_view argument = values[i];
    if (!argument.starts_with(span_option)) continue;
    const Result<tradewind::Duration> span = tradewind::parse_duration(argument.substr(span_option.size()));
    if (!span.ok()) break;
    std::this_thread::sleep_for(*span);
    return 0;
  }
  std::cerr << "tradewind-agent: idle needs a time span, such as --for=30m\n";
  return exit_usage;
}

std::string own_path() {
  std::error_code problem;
  return std::filesystem::read_symlink("/proc/self/exe", problem).string();
}

// One question of a control plane that reaches this host by SSH.
int answer_control_plane() {
  const std::string question{std::istreambuf_iterator<char>(std::cin), {}};
  std::cout << tradewind::node::answer_call(question, {own_path(), tradewind::io::current_environment()})
            << '\n';
  return std::cout.flush() ? 0 : exit_broken;
}

}  // namespace

int main(int count, char** values) {
  keep_memory_small();
  const std::string_view verb = count > 1 ? values[1] : "";
  constexpr std::string_view folder_option = "--dir=";
  if (verb == "node") return answer_control_plane();
  if (verb == "idle") return wait_idly(count, values);
  if (verb == "local-machine" && count == 3 && std::string_view(values[2]).starts_with(folder_option)) {
    return tradewind::local::run_machine(values[2] + folder_option.size());
  }
  if (verb == "rank" && count == 3 && std::string_view(values[2]).starts_with(folder_option)) {
    return tradewind::agent::run_rank(values[2] + folder_option.size());
  }
  // lead-ranks FOLDER NODES PROGRAM ARGUMENT…, wait-as-rank FOLDER RANK
  if (verb == "lead-ranks" && count > 4)
    return tradewind::agent::lead_waiting_ranks(values[2], std::atoi(values[3]),
                                                {values + 4, values + count});
  if (verb == "wait-as-rank" && count == 4)
    return tradewind::agent::wait_as_rank(values[2], std::atoi(values[3]), {own_path(), "rank"});
  // The agent's alone: what it starts must not find it, and there is no thread yet.
  const auto taken = tradewind::io::take_environment(tradewind::sealing::job_key_variable);
  const std::vector<std::string> arguments(values + (count > 0 ? 1 : 0), values + count);
  for (const std::string& argument : arguments) {
    if (argument == "--help" || argument == "-h") {
      std::cout << tradewind::agent::help_text();
      return 0;
    }
    if (argument == "--version") {
      std::cout << "tradewind-agent " TRADEWIND_VERSION "\n";
      return 0;
    }
  }
  const Result<AgentOptions> options = tradewind::agent::parse_options(arguments);
  if (!options.ok()) {
    std::cerr << "tradewind-agent: " << describe(options.error()) << '\n';
    return exit_usage;
  }
  return run(*options, taken);
}
