// tradewind-agent: opens the stores that its arguments name, and runs one lease.
#include <cstdint>
#include <iostream>
#include <malloc.h>
#include <map>
#include <string>
#include <sys/random.h>
#include <unistd.h>
#include <vector>

#include "app/agent/options.h"
#include "app/agent/runner.h"
#include "app/agent/stores.h"
#include "edge/io/files.h"
#include "edge/io/helper_processes.h"
#include "edge/io/process.h"
#include "edge/io/system_clock.h"

namespace {

using tradewind::describe;
using tradewind::Result;
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

int run(const AgentOptions& options, const std::map<std::string, std::string>& taken) {
  const tradewind::io::SystemClock clock;
  tradewind::io::HelperProcesses helpers;
  const auto key = tradewind::agent::key_of_job(options, taken);
  if (!key.ok()) {
    std::cerr << "tradewind-agent: " << describe(key.error()) << '\n';
    return exit_broken;
  }
  const Result<AgentStores> stores = tradewind::agent::open_stores(options, &helpers, *key);
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

}  // namespace

int main(int count, char** values) {
  keep_memory_small();
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
