#include <algorithm>

#include "app/api/json_list.h"
#include "app/server/job_detail.h"
#include "app/server/serving.h"
#include "app/server/views.h"
#include "core/model/job.h"

namespace tradewind::server {
namespace {

Result<io::HttpResponse> submit(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(const json::object body, call.body());
  const json::value* const written = body.if_contains("spec");
  if (written == nullptr) {
    return Error{Code::invalid_argument, "the request holds no job",
                 "send {\"spec\": {…}}; GET /openapi.json says what a spec is"};
  }
  TW_ASSIGN_OR_RETURN(const JobSpec spec, job_spec_from_json(*written, "spec"));
  TW_ASSIGN_OR_RETURN(const JobId id, serving.plane.submit(spec));
  return json_response(201, json::object{{"job", id.text()}});
}

// Newest first; those that live before those that are over.
Result<io::HttpResponse> list(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(const std::uint64_t limit, call.count("limit", 1000, 1'000'000));
  const std::string wanted = call.text("state");
  const Time now = serving.clock.now();
  std::vector<api::JobSummary> jobs;
  std::size_t total = 0;
  TW_RETURN_IF_ERROR(serving.plane.view([&](const ClusterState& state) {
    std::vector<const JobRecord*> records;
    for (const auto& [id, job] : state.jobs) {
      const bool fits =
          wanted.empty() || wanted == to_text(job.state) || (wanted == "live" && !is_final(job.state));
      if (fits) records.push_back(&job);
    }
    total = records.size();
    std::sort(records.begin(), records.end(), [](const JobRecord* a, const JobRecord* b) {
      if (is_final(a->state) != is_final(b->state)) return is_final(b->state);
      return a->submitted_at != b->submitted_at ? a->submitted_at > b->submitted_at : a->id > b->id;
    });
    records.resize(std::min<std::size_t>(records.size(), limit));
    for (const JobRecord* job : records) jobs.push_back(job_summary(state, *job, now));
  }));
  return json_response(200, json::object{{"jobs", api::list_to_json(jobs)}, {"total", total}});
}

Result<io::HttpResponse> cancel(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(const JobId id, job_of(serving, call));
  TW_RETURN_IF_ERROR(serving.plane.cancel(id));
  return json_response(202, json::object{{"job", id.text()}});
}

Result<io::HttpResponse> show(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(const JobId id, job_of(serving, call));
  if (call.text("brief") == "1") {
    const Time now = serving.clock.now();
    TW_ASSIGN_OR_RETURN(
        const api::JobSummary summary,
        read_state<api::JobSummary>(serving, [&](const ClusterState& state) -> Result<api::JobSummary> {
          return job_summary(state, state.jobs.at(id), now);
        }));
    return json_response(200, to_json(summary));
  }
  TW_ASSIGN_OR_RETURN(const json::object detail, job_detail(serving, id));
  return json_response(200, detail);
}

}  // namespace

std::vector<Route> job_routes(const Serving& serving) {
  std::vector<Route> routes;
  routes.push_back({"POST", "/v1/jobs", [&serving](const Call& call) { return submit(serving, call); }});
  routes.push_back({"GET", "/v1/jobs", [&serving](const Call& call) { return list(serving, call); }});
  routes.push_back({"GET", "/v1/jobs/{id}", [&serving](const Call& call) { return show(serving, call); }});
  routes.push_back(
      {"POST", "/v1/jobs/{id}/cancel", [&serving](const Call& call) { return cancel(serving, call); }});
  return routes;
}

}  // namespace tradewind::server
