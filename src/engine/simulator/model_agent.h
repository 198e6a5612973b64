// An agent whose training is modelled and whose ledger and mailbox are the real ones.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/random.h"
#include "core/model/agent_status.h"
#include "edge/checkpoint/ledger.h"
#include "edge/mailbox/mailbox.h"
#include "engine/simulator/hooked_store.h"

namespace tradewind::simulator {

struct AgentSetup {
  OwnerId owner;
  JobId job;
  LeaseId lease;
  bool standby = false;
  std::uint64_t seed = 0;
};

// A job whose environment has this works on when it is ordered to stop.
inline constexpr std::string_view deaf_variable = "DEAF";

class ModelAgent {
 public:
  // REQUIRES: `store` outlives this. `hook` decides which of its calls fail.
  ModelAgent(AgentSetup setup, objectstore::ObjectStore& store, HookedStore::Hook hook,
             HookedStore::Later later);

  // One turn of its loop.
  void tick(Time now);
  void notice(Time now, Time deadline);
  void die() { dead_ = true; }
  // Its process has ended, by itself or not.
  bool ended() const { return dead_ || is_final(status_.phase); }
  // When it last managed to write its status.
  // The newest report older than `patience`: what a reader that lags by so much may know.
  std::optional<Time> reported_before(Time now, Duration patience) const {
    return reported_at_ && *reported_at_ + patience > now ? reported_earlier_ : reported_at_;
  }
  const AgentStatus& status() const { return status_; }
  // As orders extended it; Time::min() where none did.
  Time limit() const { return limit_; }

 private:
  void read_orders(Time now);
  void claim(Time now);
  void train(Time now);
  bool save(Time now);
  void stop(Time now, const std::string& message);
  void report(Time now);

  AgentSetup setup_;
  HookedStore store_;
  mailbox::Mailbox mailbox_;
  checkpoint::LedgerWriter ledger_;
  Random random_;
  AgentStatus status_;
  std::optional<JobSpec> spec_;
  std::optional<Time> trained_until_;
  std::optional<Order> stop_order_;
  std::optional<Time> reported_at_;
  std::optional<Time> reported_earlier_;
  Time limit_ = Time::min();
  bool may_claim_ = false;
  bool dead_ = false;
};

}  // namespace tradewind::simulator
