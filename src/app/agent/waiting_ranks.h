// Ranks that nobody can start when a stage begins: each is a pod of its own, which waits for stages in a
// folder that all see. The gang's folder:
//   here.N    rank N is there
//   stages    grows by a line for each stage: its folder (gang.h), which then also has
//               environment  the head's variables, each ended by a NUL: NAME=VALUE, or NAME of what every
//                            place has itself, such as its devices and its secrets
//               cwd          where the script runs
//               out.N        what rank N printed; the head hands it on
//   over      made by whoever leads the head's pod: the job needs the ranks no more
//   left.N    rank N has seen that
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tradewind::agent {

// The head's launcher (gang.h). Waits until all are there, hands the stage to them, runs its own part, and
// ends when all have said how they ended: those whose place is lost never do, and their supplier ends the
// rest. `command`: this program as a rank, with the stage's folder last ("--dir=…"). Returns 0, or what made
// it impossible.
int lead_waiting_ranks(const std::filesystem::path& gang, int nodes, const std::vector<std::string>& command);

// One rank: runs each stage in turn, until there is "over" or the folder is gone. `command`: this program as
// a rank, to which the stage's folder is added. Returns 0.
int wait_as_rank(const std::filesystem::path& gang, int rank, const std::vector<std::string>& command);

}  // namespace tradewind::agent
