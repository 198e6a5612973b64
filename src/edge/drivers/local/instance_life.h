// The life of one instance, as its machine leads it: cold start, agent, notice, preemption, end.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "edge/drivers/local/instance_folder.h"

namespace tradewind::local {

// What the agent alone has in its environment.
using Secrets = std::map<std::string, std::string>;

// Returns when the instance is over and all its processes are gone; state.json says how it ended. An error
// when it could not even begin. The calling process becomes a subreaper and blocks its signals: call it once,
// from the only thread. REQUIRES: the caller holds the folder's alive lock.
Status live_instance(const InstanceFolder& folder, const LaunchRecord& launch, Secrets secrets = {});

}  // namespace tradewind::local
