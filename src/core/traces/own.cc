#include "core/traces/own.h"

#include <algorithm>
#include <cmath>

namespace tradewind::traces {
namespace {

struct Seen {
  Time at;
  bool up = false;
};

struct Place {
  Location location;
  std::string instance;
  auto operator<=>(const Place&) const = default;
};

struct Evidence {
  std::vector<Seen> seen;
  Time until;  // from then on nothing is known
};

std::optional<Time> over_at(const LeaseRecord& lease) {
  if (lease.released_at && lease.ended_at) return std::min(*lease.released_at, *lease.ended_at);
  return lease.released_at ? lease.released_at : lease.ended_at;
}

void add(const LeaseRecord& lease, Duration tick, Time now, Evidence& evidence) {
  const auto see = [&](Time at, bool up, Time until) {
    evidence.seen.push_back({at, up});
    evidence.until = std::max(evidence.until, until);
  };
  if (!lease.launched_at) {
    if (lease.refusal == Code::insufficient_capacity) see(lease.intended_at, false, lease.intended_at + tick);
    return;
  }
  const Time over = over_at(lease).value_or(now);
  see(*lease.launched_at, true, over);
  if (lease.end == LeaseEnd::preempted && over_at(lease)) see(over, false, over + tick);
}

Trace trace_of(const Place& place, Evidence evidence, double tick_s) {
  std::ranges::stable_sort(evidence.seen, {}, &Seen::at);
  Trace trace;
  trace.kind = "own";
  trace.provider = place.location.provider;
  trace.zone = place.location.zone.empty() ? place.location.region : place.location.zone;
  trace.instance = place.instance;
  trace.id = "own-" + to_text(place.location) + "-" + place.instance;
  std::ranges::replace(trace.id, '/', '-');
  const Time start = evidence.seen.front().at;
  trace.started_on = format_utc(start).substr(0, 10);
  trace.source = "the control plane's own leases";
  trace.tick_s = tick_s;
  const double span_s = seconds_of(evidence.until - start);
  const auto ticks = std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(span_s / tick_s)));
  std::size_t next = 0;
  bool up = evidence.seen.front().up;
  for (std::int64_t tick = 0; tick < ticks; ++tick) {
    const double end_s = static_cast<double>(tick + 1) * tick_s;
    bool all = up;
    for (; next < evidence.seen.size() && seconds_of(evidence.seen[next].at - start) < end_s; ++next) {
      up = evidence.seen[next].up;
      all = all && up;
    }
    append(trace.runs, all ? 1 : 0, 1);
  }
  return trace;
}

}  // namespace

std::vector<Trace> own_traces(const std::map<LeaseId, LeaseRecord>& leases, double tick_s, Time now) {
  std::map<Place, Evidence> places;
  for (const auto& [id, lease] : leases) {
    if (lease.offer.purchase != Purchase::spot) continue;
    add(lease, duration_of_seconds(tick_s), now, places[{lease.offer.location, lease.offer.instance_type}]);
  }
  std::vector<Trace> traces;
  for (auto& [place, evidence] : places) {
    if (!evidence.seen.empty()) traces.push_back(trace_of(place, std::move(evidence), tick_s));
  }
  return traces;
}

}  // namespace tradewind::traces
