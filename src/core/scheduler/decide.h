// The decision core: what the world answered goes in, events and actions come out. No I/O, no clock, no
// chance of its own: the engine commits the events, then starts the actions, then gives the answers, in that
// order.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/model/records.h"
#include "core/scheduler/action.h"
#include "core/scheduler/market.h"
#include "core/scheduler/observation.h"
#include "core/scheduler/working.h"

namespace tradewind::scheduler {

// The answer to a user's command, valid once the events are committed.
struct Answer {
  std::uint64_t ticket = 0;
  Result<std::string> value;  // the id that was made or meant
};

struct Decisions {
  std::vector<Event> events;    // already applied to the state that was passed in
  std::vector<Action> actions;  // to start after the commit
  std::vector<Answer> answers;  // to give after the commit
  Time wake_at;                 // nothing to do before, unless something is observed
};

// Folds the observations into `state` and decides for every job that they touch or whose time has come.
// If the commit of the events fails, the caller throws `state` and `working` away and starts from a snapshot.
Decisions decide(ClusterState& state, Working& working, const Survey& survey,
                 const std::vector<Observation>& observations, Time now);

}  // namespace tradewind::scheduler
