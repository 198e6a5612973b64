// A scenario: one job in one market, as a document (docs/formats/scenario.md), and what a policy is told of
// it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/backtest/run.h"
#include "core/model/json.h"
#include "core/traces/trace.h"

namespace tradewind::backtest {

struct PriceStretch {
  double per_h = 0;  // USD, for the whole gang
  std::int64_t ticks = 0;
};

// What only the judge of a policy knows of a zone.
struct Market {
  std::vector<PriceStretch> spot_price;  // the last one lasts on
  std::string trace;                     // its id
  std::int64_t start_tick = 0;           // of the trace, where the scenario begins
};

struct Scenario {
  policy::Problem problem;
  std::string label;            // the class that tables group by
  double transfer_gbps = 1;     // as in the document; problem.transfer_s follows from it
  std::vector<Market> markets;  // one to each zone of the problem
};

using TraceSet = std::map<std::string, traces::Trace, std::less<>>;  // by id

// What a policy is told: the `scenario` message of `tradewind policy`. Members that are not known are passed
// over; those that may be missing are nodes (1), checkpoint_gb (0), checkpoint_interval_s (0), transfer_gbps
// (1), egress_usd_per_gb (nothing costs), info ("all") and penalty_factor (3). Errors: invalid_argument with
// the path of the member.
Result<policy::Problem> problem_from_json(const json::value& message);
Result<Scenario> scenario_from_json(const json::value& document);
json::value to_json(const Scenario& scenario);

// The truth of a scenario that begins `shift_ticks` of the scenario later than it says. not_found when a
// trace is missing, invalid_argument when one ends before the deadline.
Result<World> world_of(const Scenario& scenario, const TraceSet& traces, std::int64_t shift_ticks = 0);
// The shifts, in ticks of the scenario, with which it stays inside its traces: from -earliest to +latest.
struct Room {
  std::int64_t earliest = 0;
  std::int64_t latest = 0;
};
Result<Room> room_of(const Scenario& scenario, const TraceSet& traces);

// What the job would cost on on-demand alone: the reference of tables.
double on_demand_usd(const policy::Problem& problem);
// The cheapest on-demand price of an hour.
double cheapest_on_demand(const policy::Problem& problem);

}  // namespace tradewind::backtest
