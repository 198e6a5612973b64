// The process of a modelled agent on some machine: it takes a turn every ten seconds, may be cut off from the
// object store for minutes, dies, and ends at its limit.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/simulator/model_agent.h"
#include "engine/simulator/model_world.h"

namespace tradewind::simulator {

struct ProcessSetup {
  OwnerId owner;
  JobId job;
  std::string token;
  bool standby = false;
  Time hard_limit = Time::max();
  // Whether its machine has a way to the object store now.
  std::function<bool()> reaches_store = [] { return true; };
  std::function<void()> ended = {};  // by itself; not called after stop()
};

class AgentProcess {
 public:
  // Begins now. REQUIRES: this outlives the timeline's last event; `world` outlives this.
  AgentProcess(const ModelWorld& world, ProcessSetup setup, Random& random);
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  void notice(Time deadline);
  // Its machine has gone, or it was killed.
  void stop();
  // nullptr once it was stopped.
  const ModelAgent* agent() const { return stopped_ ? nullptr : agent_.get(); }

 private:
  void take_turn();
  Fault call_fault();
  void cut_off_for_a_while(Random& random);

  const ModelWorld& world_;
  ProcessSetup setup_;
  std::unique_ptr<ModelAgent> agent_;
  Time cut_off_from_ = Time::max();
  Time cut_off_until_ = Time::max();
  bool stopped_ = false;
};

// Whether these arguments of an agent tell it to wait for its order to start.
bool is_standby(const std::vector<std::string>& arguments);

}  // namespace tradewind::simulator
