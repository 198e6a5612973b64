// The part of `tradewind simulate` that plays policies over markets.
#pragma once

#include "app/cli/context.h"

namespace tradewind::cli {

// Where a scenario, or --synthetic, is given.
Result<ExitCode> run_backtest_verb(const SimulateOptions& options, Context& context);

}  // namespace tradewind::cli
