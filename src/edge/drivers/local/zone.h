// A zone: a share of this machine that is sold like a supplier's, with a price, a cold start, a capacity and
// interruptions. Values alone; zones_file.h reads them, local_provider.h rents them out.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "core/model/offer.h"
#include "edge/drivers/local/claims.h"

namespace tradewind::local {

// From when a trace counts.
enum class TraceClock {
  zone,      // the zone's first use: all its instances share good and bad times
  instance,  // each instance's own launch
};
std::string_view to_text(TraceClock clock);
std::optional<TraceClock> trace_clock_from_text(std::string_view text);

struct TraceRun {
  int available = 0;  // 0: spot is taken back and refused; above: it can be had
  int ticks = 1;
  bool operator==(const TraceRun&) const = default;
};

// When spot capacity comes and goes. After the last run its state holds for ever, or the runs begin again.
struct Trace {
  TraceClock clock = TraceClock::zone;
  Duration tick = std::chrono::seconds(1);  // at speed 1
  double speed = 1;                         // ticks pass this many times faster
  bool notice = true;                       // a preemption is announced
  bool repeat = false;
  std::vector<TraceRun> runs;
  bool operator==(const Trace&) const = default;
};

// REQUIRES (both): runs is not empty, every run has ticks > 0, speed > 0, tick / speed >= 1 ms, elapsed >= 0.
bool available_at(const Trace& trace, Duration elapsed);
// How long after the trace's beginning spot capacity is gone: the first such moment that is not before
// `elapsed`. Nothing: never again.
std::optional<Duration> next_loss(const Trace& trace, Duration elapsed);

struct Zone {
  std::string name;  // [a-z0-9._-]+; the second part of its location
  bool sells_spot = true;
  bool sells_on_demand = true;
  Money price_per_hour;            // spot
  Money on_demand_price_per_hour;  // on demand: never taken back
  Money egress_per_gb;             // for a gigabyte (10^9 bytes) that leaves
  Duration cold_start{};
  int capacity = 1;  // instances at once, of both kinds together
  double cpus = 0;   // of one instance; a limit where cgroups allow it. 0: all of the machine, no limit
  double memory_gib = 0;
  std::optional<Accelerator> accelerator = std::nullopt;  // a label: what the offer claims
  Duration notice_lead = std::chrono::seconds(5);
  std::string store = {};  // the URL of its object store; empty: a folder in the data folder
  std::optional<Trace> trace = std::nullopt;
  // What an instance claims of the machine, where zones are shapes of one machine. Nothing: `capacity` alone
  // counts.
  std::optional<Share> share = std::nullopt;
  bool operator==(const Zone&) const = default;
};

// The one kind of instance that a zone has.
inline constexpr std::string_view instance_type = "machine";

Location location_of(const Zone& zone);  // "local/<name>"
// On demand first, then spot, as far as it sells them. `day`: when it is seen, "2026-07-20".
std::vector<Offer> offers_of(const Zone& zone, const std::string& day);

json::value to_json(const Zone& zone);
Result<Zone> zone_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind::local
