// The acting edge around AgentLogic: one loop that turns the world into events and carries actions out, with
// a thread for the mailbox and one for state beside it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "app/agent/options.h"
#include "base/clock.h"
#include "edge/io/helper_processes.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::agent {

struct RunnerParts {
  AgentOptions options;
  const Clock* clock = nullptr;              // never null; its monotonic() must pass in real time
  objectstore::ObjectStore* home = nullptr;  // never null
  objectstore::ObjectStore* local = nullptr;
  std::vector<objectstore::ObjectStore*> standby = {};
  std::vector<std::string> warnings = {};  // to tell as soon as it runs
  // The programs that stores run, which belong to no stage.
  io::HelperProcesses* helpers = nullptr;
  std::uint64_t seed = 0;                                                        // of this writer's nonces
  std::function<void(const std::string& line)> say = [](const std::string&) {};  // the agent's own log
};

// Runs one lease to its end; returns the exit code of the agent (options.h: help_text). Takes the process
// over: makes it a subreaper, blocks SIGTERM, SIGINT and SIGHUP to be told of them, and kills every
// descendant when it leaves. REQUIRES: called from the main thread, before others were started.
int run_agent(RunnerParts parts);

}  // namespace tradewind::agent
