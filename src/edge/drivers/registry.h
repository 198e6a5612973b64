// Every supplier that this program can rent from, made from one configuration. A further supplier is one
// folder beside this file and one line in registry.cc.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "edge/drivers/local/zone.h"
#include "edge/io/host.h"
#include "edge/io/paths.h"
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
  // The host that an ssh target names ("ana@login1"), for clusters that are not reached from this machine.
  std::function<Result<std::unique_ptr<io::Host>>(const std::string& target)> host_of = {};
};

// `clock` outlives them. The errors name the supplier and its file.
Result<std::vector<std::unique_ptr<provider::Provider>>> make_providers(const DriverConfig& config,
                                                                        const Clock& clock);

// The zones of the local supplier with their stores, cpus and memory filled in: for their egress prices.
Result<std::vector<local::Zone>> local_zones(const DriverConfig& config);

}  // namespace tradewind::drivers
