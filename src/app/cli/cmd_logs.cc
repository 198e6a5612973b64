// tradewind logs: a job's output, over all places where it ran.
#include <ostream>

#include "app/api/json_list.h"
#include "app/api/pages.h"
#include "app/cli/connect.h"
#include "app/cli/follow.h"
#include "app/cli/verbs.h"
#include "edge/io/http_target.h"

namespace tradewind::cli {
namespace {

// Calls `take` with each page until the output has been read as far as it goes, and with `follow` until the
// job is over.
Status each_page(ApiClient& client, const LogsOptions& options, const Context& context,
                 const std::function<void(const api::LogPage&)>& take) {
  std::string after;
  for (;;) {
    const std::string query = "/logs?wait_s=" + std::string(options.follow ? "1" : "0") +
                              "&lease=" + io::percent_encode(options.lease) +
                              "&after=" + io::percent_encode(after);
    TW_ASSIGN_OR_RETURN(const json::value document, client.get(job_target(options.job, query)));
    TW_ASSIGN_OR_RETURN(const api::LogPage page, api::log_page_from_json(document, "page"));
    take(page);
    after = page.next;
    if (page.end || context.interrupted || (page.segments.empty() && !options.follow)) return {};
  }
}

// One document, or with `follow` one segment on each line as it comes.
Result<ExitCode> print_as_json(ApiClient& client, const LogsOptions& options, Context& context) {
  json::array all;
  TW_RETURN_IF_ERROR(each_page(client, options, context, [&](const api::LogPage& page) {
    for (const api::LogSegment& segment : page.segments) {
      if (options.follow) {
        context.out << to_text(to_json(segment)) << "\n" << std::flush;
      } else {
        all.emplace_back(to_json(segment));
      }
    }
  }));
  if (!options.follow) print_json(context, json::object{{"segments", std::move(all)}});
  return context.interrupted ? ExitCode::interrupted : ExitCode::done;
}

}  // namespace

Result<ExitCode> run_logs(const LogsOptions& options, Context& context) {
  TW_ASSIGN_OR_RETURN(ApiClient client, connect(context));
  if (context.json) return print_as_json(client, options, context);
  if (options.follow && options.lease.empty()) {
    TW_ASSIGN_OR_RETURN(const json::value document, client.get(job_target(options.job, "?brief=1")));
    TW_ASSIGN_OR_RETURN(const api::JobSummary job, api::job_summary_from_json(document, "job"));
    // "-" and names may mean another job later: from here on it is this one.
    TW_ASSIGN_OR_RETURN(const api::JobSummary end, follow_job(std::move(client), job.id.text(), {}, context));
    return exit_code_of(end, context);
  }
  TW_RETURN_IF_ERROR(each_page(client, options, context, [&](const api::LogPage& page) {
    for (const api::LogSegment& segment : page.segments) context.out << segment.bytes << std::flush;
  }));
  return context.interrupted ? ExitCode::interrupted : ExitCode::done;
}

}  // namespace tradewind::cli
