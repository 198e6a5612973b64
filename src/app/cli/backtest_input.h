// What `tradewind simulate` plays: scenarios from files or drawn, with the traces that they name.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "app/cli/context.h"
#include "core/backtest/scenario.h"

namespace tradewind::cli {

struct BacktestInput {
  std::vector<backtest::Scenario> scenarios;
  std::vector<const backtest::TraceSet*> traces;  // one to each scenario
  std::deque<backtest::TraceSet> sets;            // what `traces` points into; grows without moving
};

// Adds the scenarios of these files. Traces are looked for in `traces` (a folder), or, where that is empty,
// in the folder `traces` beside the scenario's own folder, or within it. Errors: not_found and
// invalid_argument, each with the file.
Status read_scenarios(const std::vector<std::string>& files, const std::string& traces, Context& context,
                      BacktestInput& input);

// One trace document. Errors name the file.
Result<traces::Trace> read_trace(const std::string& file, Context& context);
// The path as it is, or below the working folder.
std::string absolute_path(const std::string& file, const Context& context);

}  // namespace tradewind::cli
