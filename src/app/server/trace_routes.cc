#include "app/server/serving.h"
#include "core/traces/own.h"

namespace tradewind::server {
namespace {

constexpr std::uint64_t tick_s_default = 300;
constexpr std::uint64_t tick_s_most = 86'400;

Result<io::HttpResponse> list(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(const std::uint64_t tick_s, call.count("tick_s", tick_s_default, tick_s_most));
  if (tick_s == 0) return Error{Code::invalid_argument, "tick_s is 0", "a tick lasts a second at least"};
  const Time now = serving.clock.now();
  std::vector<traces::Trace> own;
  TW_RETURN_IF_ERROR(serving.plane.view([&](const ClusterState& state) {
    own = traces::own_traces(state.leases, static_cast<double>(tick_s), now);
  }));
  json::array documents;
  for (const traces::Trace& trace : own) documents.push_back(traces::to_json(trace));
  return json_response(200, json::object{{"traces", std::move(documents)}});
}

}  // namespace

std::vector<Route> trace_routes(const Serving& serving) {
  return {{"GET", "/v1/traces", [&serving](const Call& call) { return list(serving, call); }}};
}

}  // namespace tradewind::server
