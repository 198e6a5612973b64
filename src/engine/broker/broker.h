// The one loop: snapshot, decide, commit, act, observe. The same for real suppliers and for modelled ones.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "core/scheduler/decide.h"
#include "edge/store/store.h"
#include "engine/broker/action_runner.h"

namespace tradewind::broker {

// The decision core, as a value: the simulator's mutation tests put a defective one in its place.
using Decide =
    std::function<scheduler::Decisions(ClusterState&, scheduler::Working&, const scheduler::Survey&,
                                       const std::vector<scheduler::Observation>&, Time)>;

struct BrokerParts {
  store::Store& store;
  ActionRunner& runner;
  const Clock& clock;
  scheduler::Survey survey;
  // Tempo, suppliers, offers and the seed of lease ids; the rest is empty.
  scheduler::Working start;
  Decide decide = scheduler::decide;
  std::function<void(const scheduler::Answer&)> answer = [](const scheduler::Answer&) {};
};

// One thread at a time calls it.
class Broker {
 public:
  explicit Broker(BrokerParts parts);

  // Takes the first snapshot. Everything in flight before is unknown now, and will be looked for.
  Status load();

  // Waits for observations, or until there is something to do. REQUIRES: load()
  std::vector<scheduler::Observation> wait();
  // Decides on them, commits, then starts actions and gives answers. An error: nothing of this turn was
  // stored or started, its commands were answered with the error, and the state was read anew. Where that
  // failed too, is_readable() is false until a later turn has read it.
  Status turn(const std::vector<scheduler::Observation>& observations);

  // REQUIRES, for showing it to anybody: is_readable(). Else it may hold what was decided and never stored.
  const ClusterState& state() const { return state_; }
  bool is_readable() const { return !stale_; }
  // Grows with every turn that changed what readers see, progress included.
  std::uint64_t changes() const { return changes_; }
  // Sets what the suppliers sell now.
  void set_offers(std::vector<Offer> offers) {
    working_.offers = std::move(offers);
    ++working_.offers_version;
  }
  const scheduler::Working& working() const { return working_; }

 private:
  void refuse_commands(const std::vector<scheduler::Observation>& observations, const Error& error);
  BrokerParts parts_;
  ClusterState state_;
  scheduler::Working working_;
  Time wake_at_;
  bool stale_ = true;  // the state must be read again before the next decision
  std::uint64_t changes_ = 0;
};

}  // namespace tradewind::broker
