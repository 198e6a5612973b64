// `tradewind jobs --watch`: the list, on and on.
#pragma once

#include <string>

#include "app/cli/api_client.h"
#include "app/cli/context.h"
#include "app/cli/job_filter.h"

namespace tradewind::cli {

struct WatchOptions {
  JobFilter filter;
  std::size_t limit = 20;
  std::string output = {};  // "wide", "name"; empty: the usual table
};

// On a terminal the table is drawn anew in place; elsewhere there is a line for each job, and one more
// whenever something else than its steps, cost and times has changed (with --json the job's document). A job
// that fits no longer is shown once more. The server is asked once a second; one that goes away is waited
// for. Ends with `interrupted` at Ctrl-C, or when nobody reads any more.
Result<ExitCode> watch_jobs(ApiClient client, const WatchOptions& options, Context& context);

}  // namespace tradewind::cli
