// The table of `tradewind jobs`. Pure.
#pragma once

#include <vector>

#include "app/api/job_summary.h"
#include "app/cli/table.h"
#include "base/time.h"

namespace tradewind::cli {

// `wide`: also the instance, the time to the end, and why a job is where it is.
Table jobs_table(const std::vector<api::JobSummary>& jobs, Time now, bool wide);

}  // namespace tradewind::cli
