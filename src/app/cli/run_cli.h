// A whole command line, from its words to its exit code.
#pragma once

#include <string>
#include <vector>

#include "app/cli/context.h"

namespace tradewind::cli {

// Runs what was read from the words (parse_command_line), which main does first to know the colours.
int run_cli(const std::variant<CommandLine, ParseEnd>& parsed, Context& context);

}  // namespace tradewind::cli
