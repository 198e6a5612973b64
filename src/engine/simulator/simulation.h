// The whole control plane under virtual time: the real broker, scheduler, ledger and mailbox over modelled
// suppliers, agents and users. One seed is one run. After every step the promises of the design are checked
// against the ground truth.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/broker/broker.h"
#include "engine/simulator/backends/backends.h"
#include "engine/simulator/coverage.h"
#include "engine/simulator/faults.h"

namespace tradewind::simulator {

struct SimulationOptions {
  std::uint64_t seed = 1;
  bool faults = true;
  int jobs = 3;
  bool moves = true;        // users ask for moves and cancellations
  double work_steps = 300;  // of a job, about; a step takes a second
  int capacity = 4;         // of each offer
  bool deadlines = false;   // half of the jobs have one, under any policy
  // A world in which places are given back again and again: long deadlines, and most launches refused.
  bool pauses = false;
  // Where nothing is refused and nobody interferes, a deadline that on-demand keeps is kept.
  bool check_deadlines = false;
  // A harder world: short jobs, agents cut off for minutes and slow terminations, so that those given up
  // finish late.
  bool late_finishers = false;
  bool preemptions = true;     // of spot instances
  double boot_failure = 0.08;  // how often an instance runs and no agent ever starts on it
  // Who sells: each kind adds its suppliers. Empty: the clouds.
  std::vector<Backend> backends = {};
  bool keep_log = false;
  // For mutation tests: the decision core, and what agents' conditional puts really do.
  broker::Decide decide = scheduler::decide;
  bool broken_create_if_absent = false;
  Mutant mutant = Mutant::none;  // of what is behind the backends' drivers
};

struct SimulationReport {
  std::uint64_t seed = 0;
  std::vector<std::string> violations;  // empty: every promise held
  std::vector<std::string> log;         // with keep_log: what happened, in order, with virtual times
  Coverage coverage;
  std::map<std::string, std::uint64_t> counts;  // what happened at the backends, and how often
  std::uint64_t turns = 0;
  std::uint64_t events = 0;
  std::uint64_t crashes = 0;
  std::uint64_t faults = 0;
  std::uint64_t launches = 0;
  std::uint64_t preemptions = 0;
  int jobs_succeeded = 0;
  int jobs_cancelled = 0;
  int deadlines_kept = 0;
  int moves_done = 0;
  int moves_failed = 0;
  double virtual_s = 0;
};

SimulationReport simulate(const SimulationOptions& options);

// Many seeds on `threads` threads; the reports' sums, and each violation with its seed.
struct SimulationSum {
  std::uint64_t seeds = 0;
  std::vector<std::string> violations;
  SimulationReport total;  // seed 0
};
SimulationSum simulate_seeds(const SimulationOptions& first, std::uint64_t seeds, int threads);

}  // namespace tradewind::simulator
