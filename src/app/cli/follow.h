// Watching a job until it ends: its output on stdout, its progress and what befalls it on stderr.
#pragma once

#include <string>

#include "app/api/job_summary.h"
#include "app/cli/api_client.h"
#include "app/cli/context.h"

namespace tradewind::cli {

struct FollowOptions {
  bool output = true;      // the job's own output goes to stdout
  bool progress = true;    // a line that says how far it is
  std::string after = {};  // output from here on: a cursor
};

// Returns when the job is over, or at Ctrl-C with what it is then. A server that goes away meanwhile is
// waited for, and this user's own is started again: jobs go on without it.
Result<api::JobSummary> follow_job(ApiClient client, const std::string& job, const FollowOptions& options,
                                   Context& context);

// What a followed job's end means to the shell.
ExitCode exit_code_of(const api::JobSummary& job, const Context& context);

// After Ctrl-C: the job goes on, and how to come back.
void print_detached(Context& context, const api::JobSummary& job);

}  // namespace tradewind::cli
