// Scenarios over synthetic traces: a job and a market of each kind that is hard in its own way, drawn by a
// seed.
#pragma once

#include <cstdint>
#include <vector>

#include "core/backtest/scenario.h"
#include "core/traces/synthesise.h"

namespace tradewind::backtest {

struct Drawn {
  Scenario scenario;
  TraceSet traces;
};

// One of each kind: single, tight, multizone, multiregion, blind, region-view, big-checkpoint, price-walk,
// gang. The same seed gives the same.
std::vector<Drawn> draw_scenarios(std::uint64_t seed);

// A job of one's own over synthetic traces: `problem` as it is, its zones' spot capacity drawn anew, middling
// zones all. `spot_per_h`: a price for each zone.
Drawn draw_market(policy::Problem problem, const std::vector<double>& spot_per_h, std::uint64_t seed);

}  // namespace tradewind::backtest
