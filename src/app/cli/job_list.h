// The jobs that a verb lists, as they are now.
#pragma once

#include <cstddef>
#include <vector>

#include "app/api/job_summary.h"
#include "app/cli/api_client.h"
#include "app/cli/context.h"
#include "app/cli/job_filter.h"

namespace tradewind::cli {

struct JobList {
  std::vector<api::JobSummary> jobs;  // those that live first, each newest first
  std::size_t total = 0;              // that fit, listed or not
};

// Nothing was ever submitted on this machine: no server need be started to say so.
bool has_no_history(const Context& context);

Result<JobList> list_jobs(ApiClient& client, const JobFilter& filter, std::size_t limit);

}  // namespace tradewind::cli
