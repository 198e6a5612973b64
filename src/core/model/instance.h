// A place obtained from a supplier: a VM, an allocation, a pod, a host's claim. It starts the agent and
// nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "core/model/offer.h"

namespace tradewind {

struct InstanceRef {
  Location location;
  InstanceId id;
  auto operator<=>(const InstanceRef&) const = default;
};

enum class InstanceState { pending, running, stopping, terminated };
std::string_view to_text(InstanceState state);

struct Instance {
  InstanceRef ref;
  OwnerId owner;      // as tagged at the supplier; empty when it carries none
  std::string token;  // the launch token it was made with: our lease id; empty when it carries none
  InstanceState state = InstanceState::pending;
  Time launched_at;                                  // from when the supplier bills
  std::optional<Time> started_at = std::nullopt;     // of one that had to queue: billed from then instead
  std::optional<Time> terminated_at = std::nullopt;  // until when it bills
  bool preempted = false;                            // the supplier took it
  std::string reason = {};  // the supplier's own words for its end, or for what it waits for
};

struct InstancePage {
  std::vector<Instance> instances;
  std::string next_page;  // empty: this was the last
};

json::value to_json(const InstanceRef& ref);
Result<InstanceRef> instance_ref_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind
