// Ending what is left of an instance.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "edge/drivers/local/cgroup.h"
#include "edge/drivers/local/instance_folder.h"

namespace tradewind::local {

// Kills every process of an instance whose machine died without doing so: by its cgroups, by the marker in
// their environment, and by their working folder in its scratch. unavailable when some have not ended.
Status kill_leftovers(const InstanceFolder& folder, const std::string& token, const Cgroup& cgroup,
                      Duration limit);

// Clears up after a machine that died, and writes that the instance is terminated. `now` is when that was
// noticed; the instance counts until its machine was last seen alive. REQUIRES: nobody holds its alive lock.
Status salvage(const InstanceFolder& folder, const std::string& token, Time now);

}  // namespace tradewind::local
