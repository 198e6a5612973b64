// What a decision log would have cost: every claim in it is played again, and an impossible one refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/backtest/run.h"
#include "core/model/json.h"

namespace tradewind::backtest {

// The lines of one scenario in a log.
struct LoggedRun {
  std::string id;
  int line = 0;  // where it begins; the first is 1
  std::vector<json::value> decisions;
  json::value end;  // null when there is none
};

// Errors: invalid_argument with the number of a line that is no JSON, stands before any scenario, or begins a
// scenario for the second time.
Result<std::vector<LoggedRun>> read_log(std::string_view text);

// The outcome of the decisions, a tick without one being `hold`. invalid_argument, naming the tick, when they
// cannot have happened: ticks out of order or after the end, unknown zones or actions, spot that was not to
// be had, a failure that would have been none, more progress (by 1 s) or something else held than there was,
// or an end with another cost (by 0.01 %), another finish (by 1 s) or a finish that was none.
Result<Outcome> score(const World& world, const LoggedRun& run);

}  // namespace tradewind::backtest
