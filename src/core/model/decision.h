// What a job's policy decided, as its event tells it: "launch spot in aws/us-east-1/us-east-1a: WHY",
// "stop: WHY", "wait: WHY".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "core/model/json.h"

namespace tradewind {

inline constexpr std::string_view decided_kind = "job.decided";  // of the event

struct Decision {
  std::string action;    // "launch", "move" (a launch while something is held), "stop", "wait"
  std::string purchase;  // "spot" or "on_demand"; empty where nothing is launched
  std::string zone;      // as purchase
  std::string why;       // with its numbers
  bool operator==(const Decision&) const = default;
};

std::string detail_of(const Decision& decision);
// Nothing where the text is none that detail_of() writes.
std::optional<Decision> decision_of(std::string_view detail);

// {"at", "action", "zone", "purchase", "why"}; zone and purchase are null where nothing is launched.
json::value to_json(const Decision& decision, Time at);

}  // namespace tradewind
