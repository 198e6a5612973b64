// tradewind jobs: the jobs, those that live first.
#include <ostream>

#include "app/api/json_list.h"
#include "app/cli/connect.h"
#include "app/cli/job_list.h"
#include "app/cli/jobs_table.h"
#include "app/cli/jobs_watch.h"
#include "app/cli/verbs.h"

namespace tradewind::cli {
namespace {

ExitCode print_list(const JobList& list, const JobsOptions& options, Context& context) {
  if (context.json) {
    print_json(context, json::object{{"jobs", api::list_to_json(list.jobs)}, {"total", list.total}});
    return ExitCode::done;
  }
  if (options.output == "name") {
    for (const api::JobSummary& job : list.jobs) context.out << job.id.text() << "\n";
    return ExitCode::done;
  }
  if (list.jobs.empty()) {
    const bool filtered = !options.state.empty() || !options.name.empty();
    context.err << (filtered ? "no such jobs\n" : "no jobs yet; tradewind run FILE submits one\n");
    return ExitCode::done;
  }
  context.out << render(jobs_table(list.jobs, context.clock.now(), options.output == "wide"),
                        context.terminal.width, context.terminal.colour);
  if (list.total > list.jobs.size()) {
    context.err << paint(Style::dim,
                         std::to_string(list.jobs.size()) + " of " + std::to_string(list.total) +
                             " jobs; --all lists them",
                         context.terminal.err_colour)
                << "\n";
  }
  return ExitCode::done;
}

}  // namespace

Result<ExitCode> run_jobs(const JobsOptions& options, Context& context) {
  if (options.output == "json") context.json = true;
  TW_ASSIGN_OR_RETURN(const JobFilter filter, make_job_filter(options.state, options.name));
  const std::size_t limit = options.all || context.json ? 1'000'000 : options.limit;
  if (options.watch) {
    TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
    return watch_jobs(std::move(client), {filter, limit, options.output}, context);
  }
  if (has_no_history(context)) return print_list({}, options, context);
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  TW_ASSIGN_OR_RETURN(const JobList list, list_jobs(client, filter, limit));
  return print_list(list, options, context);
}

}  // namespace tradewind::cli
