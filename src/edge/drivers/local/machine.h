// The machine of one instance: a process of its own, which stands for what a supplier's hardware does. It
// waits the cold start, starts the agent, announces and carries out preemptions, and ends every process of
// the instance, whatever happens to the program that launched it.
#pragma once

#include <filesystem>

namespace tradewind::local {

// Called by main for `tradewind local-machine --dir=DIR`, from a program that has done nothing else yet: it
// forks, and the caller returns 0 at once, while the machine and its guardian (which ends the instance should
// the machine be killed) live as long as the instance. `dir` is an InstanceFolder with its launch.json.
// Standard input, when it is the folder's alive lock, is kept as the sign of life. Returns the exit code: 1
// when the instance could not be run (its state.json says why) or is being run already.
int run_machine(const std::filesystem::path& dir);

}  // namespace tradewind::local
