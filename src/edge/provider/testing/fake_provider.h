// A scripted supplier in memory, for tests of whoever calls suppliers.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "edge/provider/call.h"
#include "edge/provider/provider.h"

namespace tradewind::provider {

struct FakeOptions {
  Capabilities capabilities;  // with list_delay
  std::vector<Offer> offers;
  Duration cold_start{};        // pending for that long
  Duration terminate_delay{};   // stopping for that long
  std::size_t page_size = 100;  // instances in a page
};

// Offers "fake/one" (cpu, on demand and spot) at 1.00 and 0.40 an hour, no delays.
FakeOptions simple_fake_options();

class FakeProvider final : public Provider {
 public:
  // `clock` outlives this.
  FakeProvider(const Clock& clock, FakeOptions options) : clock_(clock), options_(std::move(options)) {}

  const Capabilities& capabilities() const override { return options_.capabilities; }
  Result<std::vector<Offer>> offers(const OfferQuery& query) override;
  Result<Launched> launch(const LaunchRequest& request) override;
  Result<InstancePage> instances(const OwnerId& owner, const PageToken& page) override;
  Result<TerminateState> terminate(const InstanceRef& instance) override;

  // --- the script ---
  // How many instances of an offer (by offer_key) may live at once; without a limit: any number.
  void set_capacity(const std::string& offer_key, int count);
  // The supplier takes the instance back now.
  void preempt(const InstanceId& instance, const std::string& reason);
  // An instance that somebody else made: nobody may touch it.
  void add_foreign(Instance instance);
  // The next call of that kind answers this and does nothing. Queued.
  void fail_next(Call call, Error error);
  // The next call of that kind does its work and answers unavailable. Queued.
  void lose_next_reply(Call call);
  // --- what happened ---
  std::vector<LaunchRequest> launches() const;    // the accepted ones, one per token
  std::vector<Instance> everything() const;       // whatever lists may show
  std::vector<InstanceRef> terminations() const;  // asked for, in order

 private:
  struct Made {
    Instance instance;
    std::string offer_key;
  };
  struct Planned {
    Error error;
    bool acts = false;
  };
  std::optional<Planned> planned(Call call);
  Result<Launched> launch_locked(const LaunchRequest& request);
  Instance as_seen(const Made& made) const;
  int living(const std::string& key) const;

  const Clock& clock_;
  FakeOptions options_;
  mutable std::mutex mutex_;  // guards all below
  std::vector<Made> made_;
  std::map<std::string, std::size_t> by_token_;
  std::map<std::string, int> capacity_;
  std::map<Call, std::deque<Planned>> planned_;
  std::vector<LaunchRequest> launches_;
  std::vector<InstanceRef> terminations_;
};

}  // namespace tradewind::provider
