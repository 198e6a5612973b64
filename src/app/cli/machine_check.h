// What this machine has that Tradewind uses, found out without the network and in less than a second.
#pragma once

#include <vector>

#include "app/cli/context.h"

namespace tradewind::cli {

// Statuses: ok; found (there, but not used by this version); missing (not there: what needs it is not to be
// had); warning (works, with a reservation); broken (it should work and does not).

// The folders of state and data: writable, with room, on a disk of this machine.
std::vector<CheckLine> check_folders(const Context& context);
// Whether local instances can be held to their cpus and memory.
CheckLine check_control_groups();
// git, python3 and torch for the recipes, and the GPU. Each program has a moment to answer.
std::vector<CheckLine> check_programs(const Context& context);
// Credentials of clouds that lie here. Nothing of them is read but that they exist.
std::vector<CheckLine> find_credentials(const Context& context);

}  // namespace tradewind::cli
