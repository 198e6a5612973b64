// Reading the zones file: which suppliers this machine plays. Described for users in docs/local-zones.md.
//   zones:
//     - name: harbour
//       price_per_hour: 0.40              # spot
//       on_demand_price_per_hour: 1.20
//       cold_start: 2s
//       trace: {clock: zone, tick: 1s, speed: 10, notice: true, runs: [[1, 30], [0, 20]]}
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/task/task_error.h"
#include "edge/drivers/local/zone.h"

namespace tradewind::local {

struct ZonesOutcome {
  std::vector<Zone> zones;              // meaningful when errors is empty
  std::vector<task::TaskError> errors;  // all at once, in the order of the file
};

// Relative store folders lie below `folder`, the file's own. REQUIRES: it is absolute.
ZonesOutcome parse_zones(std::string_view yaml, const std::filesystem::path& folder);

// invalid_argument with every error and its place, or the errors of reading the file.
Result<std::vector<Zone>> read_zones_file(const std::filesystem::path& file);

}  // namespace tradewind::local
