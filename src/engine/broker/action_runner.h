// The seam between deciding and doing: the loop starts actions and waits for what they, and users, bring.
#pragma once

#include <vector>

#include "base/time.h"
#include "core/scheduler/action.h"
#include "core/scheduler/observation.h"

namespace tradewind::broker {

class ActionRunner {
 public:
  virtual ~ActionRunner() = default;
  // Returns at once; the answer comes as an observation, or never (a crash).
  virtual void start(scheduler::Action action) = 0;
  // What has come in since the last call; waits for something until `time` when there is nothing.
  virtual std::vector<scheduler::Observation> wait_until(Time time) = 0;
};

}  // namespace tradewind::broker
