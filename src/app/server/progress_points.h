// The lines of progress segments as points.
#pragma once

#include <vector>

#include "app/api/pages.h"
#include "app/server/segment_reader.h"

namespace tradewind::server {

// A line that cannot be read is left out: progress is for people, and the ledger holds what counts.
std::vector<api::ProgressPoint> points_of(const std::vector<LeaseSegment>& segments);
// All points of the job so far.
Result<std::vector<api::ProgressPoint>> all_points(const Serving& serving, const JobId& job);

}  // namespace tradewind::server
