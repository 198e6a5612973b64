// From where a job could go on: asked of the server, and in words.
#pragma once

#include <string>
#include <vector>

#include "app/cli/api_client.h"
#include "base/result.h"
#include "base/time.h"
#include "core/model/recovery_point.h"

namespace tradewind::cli {

// Of the job that the server knows by `job`.
Result<std::vector<RecoveryPoint>> ask_for_recovery(ApiClient& client, const std::string& job);

// One line for each store: "recovery point: step 250, 12s ago, in file:///srv/store".
std::string recovery_text(const std::vector<RecoveryPoint>& points, Time now);

}  // namespace tradewind::cli
