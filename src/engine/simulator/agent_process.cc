#include "engine/simulator/agent_process.h"

namespace tradewind::simulator {
namespace {

constexpr Duration agent_tick{10'000};

}  // namespace

bool is_standby(const std::vector<std::string>& arguments) {
  return std::find(arguments.begin(), arguments.end(), "--standby") != arguments.end();
}

AgentProcess::AgentProcess(const ModelWorld& world, ProcessSetup setup, Random& random)
    : world_(world), setup_(std::move(setup)) {
  if (world_.begun != nullptr && !world_.begun->insert(setup_.token).second)
    world_.violation("duplicate: a second agent begins for " + setup_.token);
  if (world_.faults.agent_is_cut_off()) cut_off_for_a_while(random);
  agent_ = std::make_unique<ModelAgent>(
      AgentSetup{setup_.owner, setup_.job, LeaseId(setup_.token), setup_.standby, random.next()},
      world_.store, [this] { return call_fault(); },
      [this, &random](std::function<void()> arrives) {
        world_.time.after(up_to(random, Duration(90'000)), std::move(arrives));
      });
  take_turn();
}

// From the start for about as long as the broker waits for a first report, or for minutes somewhere on the
// way.
void AgentProcess::cut_off_for_a_while(Random& random) {
  const bool from_the_start = random.chance(0.5);
  const Duration good_for = from_the_start ? Duration(0) : up_to(random, Duration(200'000));
  cut_off_from_ = world_.time.now() + good_for;
  cut_off_until_ = cut_off_from_ + Duration(from_the_start ? 130'000 : 60'000) +
                   up_to(random, Duration(from_the_start ? 80'000 : 240'000));
}

Fault AgentProcess::call_fault() {
  const Time now = world_.time.now();
  if (!setup_.reaches_store()) return Fault::lost_request;
  if (now >= cut_off_from_ && now < cut_off_until_) return Fault::lost_request;
  return world_.faults.draw_agent_call();
}

void AgentProcess::notice(Time deadline) {
  if (!stopped_) agent_->notice(world_.time.now(), deadline);
}

void AgentProcess::stop() {
  stopped_ = true;
  agent_->die();
}

void AgentProcess::take_turn() {
  if (stopped_) return;
  if (world_.faults.agent_dies()) {
    agent_->die();
    world_.log("the agent of " + setup_.token + " dies");
  }
  const Time now = world_.time.now();
  if (now > std::max(setup_.hard_limit, agent_->limit())) {
    agent_->die();
    world_.count("an agent ended at its hard limit");
  }
  agent_->tick(now);
  if (agent_->ended()) {
    if (setup_.ended) setup_.ended();
    return;
  }
  world_.time.after(agent_tick, [this] { take_turn(); });
}

}  // namespace tradewind::simulator
