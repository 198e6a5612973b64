// What goes wrong, where, drawn from a seed of its own: the same run without faults is the same model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"

namespace tradewind::simulator {

// Where the control plane's process touches the world.
enum class Boundary { commit, supplier_call, mailbox_call };
enum class Fault {
  none,
  crash_before,  // the process dies; the call was not made
  crash_after,   // the process dies; the call was made
  lost_request,  // an error, and nothing happened
  lost_reply,    // an error, although it happened
  late_request,  // an error, and it happens after all, but later
};
std::string_view to_text(Fault fault);

struct FaultRates {
  double crash = 0;         // of the process, at each boundary, before or after
  double lost = 0;          // of a request or its reply
  double agent_lost = 0;    // of an agent's own store calls
  double agent_death = 0;   // of an agent's process, each tick
  double boot_failure = 0;  // of an instance: it runs, and no agent ever starts on it
  double partition = 0;     // of an agent from its object store, for minutes
  double refusal = 0;       // of a launch: no capacity
  double stale_list = 0;    // how often a list is as old as the supplier's list delay allows
  double accidents = 0;     // of a backend's own kind, as a part of how often its model has them
};

class Faults {
 public:
  Faults(std::uint64_t seed, FaultRates rates) : random_(seed), rates_(rates) {}
  void switch_off() { rates_ = {}; }
  Fault draw(Boundary boundary);
  // At a commit that is seldom seen: a crash every other time, so that a run of many seeds crosses each edge
  // with one.
  Fault draw_at_rare_commit();
  Fault draw_agent_call();
  bool boot_fails() { return random_.chance(rates_.boot_failure); }
  bool agent_is_cut_off() { return random_.chance(rates_.partition); }
  bool agent_dies() { return random_.chance(rates_.agent_death); }
  bool launch_refused() { return random_.chance(rates_.refusal); }
  bool list_is_stale() { return random_.chance(rates_.stale_list); }
  // Whether one happens that its model has with that probability.
  bool accident(double probability) { return random_.chance(probability * rates_.accidents); }
  bool has_accidents() const { return rates_.accidents > 0; }
  Random& random() { return random_; }

 private:
  Random random_;
  FaultRates rates_;
};

}  // namespace tradewind::simulator
