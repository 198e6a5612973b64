// From where a job could go on if only one of its stores were left.
#pragma once

#include <optional>
#include <string>

#include "base/id.h"
#include "base/time.h"

namespace tradewind {

struct RecoveryPoint {
  std::string store_url;
  std::optional<double> step = {};  // of the newest checkpoint that lies whole there; nothing: there is none
  std::optional<Time> at = {};      // when it was recorded
  ManifestId manifest = {};
  std::string problem = {};  // why the store tells nothing; else empty
  bool operator==(const RecoveryPoint&) const = default;
};

}  // namespace tradewind
