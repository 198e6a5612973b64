#include "app/server/serving.h"

#include <algorithm>
#include <iterator>

#include "app/server/views.h"

namespace tradewind::server {
namespace {

// How long a wait goes on without asking whether the server stops.
constexpr Duration slice{250};

}  // namespace

Result<JobId> job_of(const Serving& serving, const Call& call) {
  const std::string text = call.name("id");
  return read_state<JobId>(serving, [&](const ClusterState& state) { return resolve_job(state, text); });
}

Status wait_until(const Serving& serving, const Call& call, const std::function<Result<bool>()>& attempt) {
  TW_ASSIGN_OR_RETURN(const std::uint64_t wait_s, call.count("wait_s", 0, wait_s_max));
  const Duration until = serving.clock.monotonic() + std::chrono::seconds(wait_s);
  std::uint64_t version = 0;
  for (;;) {
    TW_ASSIGN_OR_RETURN(version, serving.plane.wait_for_change(0, Duration{}));
    TW_ASSIGN_OR_RETURN(const bool done, attempt());
    const Duration left = until - serving.clock.monotonic();
    if (done || left <= Duration{} || serving.stopping()) return {};
    TW_RETURN_IF_ERROR([&]() -> Status {
      const Result<std::uint64_t> changed = serving.plane.wait_for_change(version, std::min(left, slice));
      return changed.ok() ? Status() : Status(changed.error());
    }());
  }
}

std::vector<Route> all_routes(const Serving& serving) {
  std::vector<Route> routes;
  for (auto* group :
       {system_routes, job_routes, move_routes, log_routes, checkpoint_routes, event_routes, trace_routes}) {
    std::vector<Route> more = group(serving);
    std::move(more.begin(), more.end(), std::back_inserter(routes));
  }
  return routes;
}

}  // namespace tradewind::server
