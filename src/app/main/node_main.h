// `tradewind node`: this machine in the pool, as its owner lends it (edge/drivers/lending).
#pragma once

#include "app/cli/context.h"

namespace tradewind::app {

// Errors: those of the rules and files, and of the control plane's machine. What could be done before an
// error is done, and the error says so.
Result<cli::NodeReport> run_node(const cli::NodeOptions& options, const cli::Context& context);

}  // namespace tradewind::app
