// One node's part of a stage that runs on several (gang.h).
#pragma once

#include <filesystem>

namespace tradewind::agent {

// Runs the folder's script here, in the working folder and with the environment that it was started with and
// $TRADEWIND_NODE_RANK says, hands on its output, each line marked by the rank ("[1] "), and does what the
// agent orders. How the script ended it notes in the folder; returns 0 once that is done, lest the launcher
// ends the other ranks, of whom the agent decides. Takes the process over, as run_agent() does. REQUIRES:
// called from the main thread, before others were started.
int run_rank(const std::filesystem::path& folder);

}  // namespace tradewind::agent
