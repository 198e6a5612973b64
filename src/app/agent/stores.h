// The object stores that an agent's arguments name.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/agent/options.h"
#include "base/result.h"
#include "edge/io/helper_processes.h"
#include "edge/objectstore/object_store.h"
#include "edge/sealing/job_seal.h"

namespace tradewind::agent {

struct AgentStores {
  std::vector<std::unique_ptr<objectstore::ObjectStore>> beneath;  // what sealed ones stand on
  std::unique_ptr<objectstore::ObjectStore> home;
  std::unique_ptr<objectstore::ObjectStore> local;  // null: none was named, or it cannot be opened
  std::vector<std::unique_ptr<objectstore::ObjectStore>> standby;
  std::vector<std::string> warnings;  // one for each store that the job goes on without
};

// Of an encrypted job each is a view that seals, the local one too: it may be a supplier's, and it outlives
// the node.
// Errors: those of the home store alone. A job goes on without further copies, and says so.
// `helpers`, which outlive the stores, are told of the programs that stores run.
Result<AgentStores> open_stores(const AgentOptions& options, io::HelperProcesses* helpers = nullptr,
                                const std::optional<sealing::DataKey>& key = std::nullopt);

// The job's data key, out of what was taken from the environment (io::take_environment). Nothing: the job is
// not encrypted. unauthorized: it is, and there is no key, or what is there is none.
Result<std::optional<sealing::DataKey>> key_of_job(const AgentOptions& options,
                                                   const std::map<std::string, std::string>& taken);

}  // namespace tradewind::agent
