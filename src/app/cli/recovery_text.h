// From where a job could go on, in words.
#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "core/model/recovery_point.h"

namespace tradewind::cli {

// One line for each store: "recovery point: step 250, 12s ago, in file:///srv/store".
std::string recovery_text(const std::vector<RecoveryPoint>& points, Time now);

}  // namespace tradewind::cli
