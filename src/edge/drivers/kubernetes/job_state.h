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
};

// `pods`: those of this Job. `cluster`: the second part of its location.
Seen instance_of(const std::string& cluster, const OwnerId& owner, const json::value& job,
                 const std::vector<const json::value*>& pods);

// No pod of it may still run, and none will.
bool has_ended(const json::value& job, const std::vector<const json::value*>& pods);

// By the name of the Job that each belongs to.
std::map<std::string, std::vector<const json::value*>> pods_by_job(const std::vector<json::value>& pods);

}  // namespace tradewind::kubernetes
