#include "app/cli/job_list.h"

#include <algorithm>

#include "app/api/json_list.h"
#include "edge/io/files.h"
#include "edge/io/http_target.h"

namespace tradewind::cli {
namespace {

constexpr std::size_t all_jobs = 1'000'000;

}  // namespace

bool has_no_history(const Context& context) {
  return !context.variable("TRADEWIND_SERVER") && !io::path_exists(context.state().database());
}

Result<JobList> list_jobs(ApiClient& client, const JobFilter& filter, std::size_t limit) {
  const bool whole = filter.is_done_by_server();
  TW_ASSIGN_OR_RETURN(
      const json::value answer,
      client.get("/v1/jobs?limit=" + std::to_string(whole ? std::min(limit, all_jobs) : all_jobs) +
                 "&state=" + io::percent_encode(filter.server_state())));
  JsonReader reader(answer, "answer");
  JobList list;
  list.jobs = api::read_list<api::JobSummary>(reader, "jobs", api::job_summary_from_json);
  list.total = static_cast<std::size_t>(reader.integer("total"));
  TW_RETURN_IF_ERROR(reader.status());
  if (whole) return list;
  std::erase_if(list.jobs, [&](const api::JobSummary& job) { return !filter.fits(job); });
  list.total = list.jobs.size();
  if (list.jobs.size() > limit) list.jobs.resize(limit);
  return list;
}

}  // namespace tradewind::cli
