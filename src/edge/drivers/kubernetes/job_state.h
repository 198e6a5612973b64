// What a Job and its pods say of an instance.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/model/instance.h"
#include "core/model/json.h"

namespace tradewind::kubernetes {

struct Seen {
  Instance instance;
  // Why it does not get on, where waiting alone will not help: an image that cannot be pulled, a container
  // that cannot be made. Empty: nothing of the kind.
  std::string stuck = {};
  Time stuck_since{};
  bool without_pod = false;  // begun, not ended, and the cluster made no pod for it yet
  bool queued = false;       // suspended, and never began
  // Suspended after it began: its queue took the place back, and would begin a second pod later.
  bool taken_back = false;
};

// `pods`: those of this Job. `cluster`: the second part of its location.
Seen instance_of(const std::string& cluster, const OwnerId& owner, const json::value& job,
                 const std::vector<const json::value*>& pods);

// A pod that still ends although its Job is gone: deleted by somebody, or with its namespace. `name`: that of
// its Job.
Instance instance_without_job(const std::string& cluster, const OwnerId& owner, const std::string& name,
                              const json::value& pod);

// No pod of it may still run, and none will.
bool has_ended(const json::value& job, const std::vector<const json::value*>& pods);

bool pod_lives(const json::value& pod);      // it runs, or will
bool pod_is_ending(const json::value& pod);  // it lives, and is being deleted

// By the name of the Job that each belongs to.
std::map<std::string, std::vector<const json::value*>> pods_by_job(
    const std::vector<const json::value*>& pods);

}  // namespace tradewind::kubernetes
