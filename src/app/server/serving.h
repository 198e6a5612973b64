// What all routes share: the control plane they speak for, the clock, and the wish to stop.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "app/api/server_info.h"
#include "app/server/router.h"
#include "base/clock.h"
#include "core/billing/charge.h"
#include "engine/broker/control_plane.h"

namespace tradewind::server {

// Prices that receipts need beside the leases' own. All may be empty.
struct Market {
  std::function<std::vector<Offer>()> offers = nullptr;  // what the suppliers of this control plane sell
  std::function<billing::ChargePrices(const LeaseRecord&)> prices = nullptr;
};

struct Serving {
  broker::ControlPlane& plane;
  const Clock& clock;
  api::ServerInfo info;
  std::function<bool()> stopping = [] { return false; };  // asked by whatever waits
  std::function<void()> stop = [] {};                     // asks the program to end; returns at once
  Market market = {};
};

// Longest that one request waits for news (`wait_s`).
inline constexpr std::uint64_t wait_s_max = 60;

// One file for each group. REQUIRES: `serving` outlives the routes.
std::vector<Route> system_routes(const Serving& serving);  // health, version, OpenAPI, stop
std::vector<Route> job_routes(const Serving& serving);     // submit, list, show, cancel
std::vector<Route> move_routes(const Serving& serving);
std::vector<Route> log_routes(const Serving& serving);         // output and progress
std::vector<Route> checkpoint_routes(const Serving& serving);  // list, verify
std::vector<Route> event_routes(const Serving& serving);       // long poll and stream
std::vector<Route> trace_routes(const Serving& serving);       // what was seen of spot capacity
std::vector<Route> all_routes(const Serving& serving);

// The job that the path's {id} means.
Result<JobId> job_of(const Serving& serving, const Call& call);
// Runs `read` on the newest state and passes its result on; the loop's end is unavailable.
template <class T>
Result<T> read_state(const Serving& serving, const std::function<Result<T>(const ClusterState&)>& read) {
  Result<T> result = Error{Code::unavailable, "the control plane has ended"};
  TW_RETURN_IF_ERROR(serving.plane.view([&](const ClusterState& state) { result = read(state); }));
  return result;
}

// Calls `attempt` now and again after each change, until it returns true, `wait_s` of the query has passed,
// or the server stops. Returns its error, when it has one.
Status wait_until(const Serving& serving, const Call& call, const std::function<Result<bool>()>& attempt);

}  // namespace tradewind::server
