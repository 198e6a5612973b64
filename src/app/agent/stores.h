// The object stores that an agent's arguments name.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/agent/options.h"
#include "base/result.h"
#include "edge/io/helper_processes.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::agent {

struct AgentStores {
  std::vector<std::unique_ptr<objectstore::ObjectStore>> beneath;  // what sealed ones stand on
  std::unique_ptr<objectstore::ObjectStore> home;
  std::unique_ptr<objectstore::ObjectStore> local;  // null: none was named, or it cannot be opened
  std::vector<std::unique_ptr<objectstore::ObjectStore>> standby;
  std::vector<std::string> warnings;  // one for each store that the job goes on without
};

// A store as those see it who have an encrypted job's data key.
using View = std::function<std::unique_ptr<objectstore::ObjectStore>(objectstore::ObjectStore& beneath)>;

// Of an encrypted job all are seen through `view`, the local one too: it may be a supplier's, and it outlives
// the node. Errors: those of the home store alone; unauthorized: the job is encrypted, and there is no view.
// A job goes on without further copies, and says so. `helpers`, which outlive the stores, are told of the
// programs that stores run.
Result<AgentStores> open_stores(const AgentOptions& options, io::HelperProcesses* helpers = nullptr,
                                const View& view = nullptr);

}  // namespace tradewind::agent
