// The object stores that an agent's arguments name.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/agent/options.h"
#include "base/result.h"
#include "edge/io/helper_processes.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::agent {

struct AgentStores {
  std::unique_ptr<objectstore::ObjectStore> home;
  std::unique_ptr<objectstore::ObjectStore> local;  // null: none was named, or it cannot be opened
  std::vector<std::unique_ptr<objectstore::ObjectStore>> standby;
  std::vector<std::string> warnings;  // one for each store that the job goes on without
};

// Errors: those of the home store alone. A job goes on without further copies, and says so.
// `helpers`, which outlive the stores, are told of the programs that stores run.
Result<AgentStores> open_stores(const AgentOptions& options, io::HelperProcesses* helpers = nullptr);

}  // namespace tradewind::agent
