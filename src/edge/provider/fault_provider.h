// A supplier that fails by seed: what it does with calls is what networks and clouds do with them.
#pragma once

#include <memory>
#include <mutex>

#include "base/random.h"
#include "edge/provider/provider.h"

namespace tradewind::provider {

// Probabilities of each call, from 0 to 1.
struct FaultOptions {
  double refused = 0;        // unavailable; nothing was done
  double rate_limited = 0;   // rate_limited; nothing was done
  double reply_lost = 0;     // it was done, yet the answer is unavailable
  double capacity_gone = 0;  // launch alone: insufficient_capacity; nothing was done
};

class FaultProvider final : public Provider {
 public:
  FaultProvider(std::unique_ptr<Provider> inner, FaultOptions options, Random random);

  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  Result<std::vector<Offer>> offers(const OfferQuery& query) override;
  Result<Launched> launch(const LaunchRequest& request) override;
  Result<InstancePage> instances(const OwnerId& owner, const PageToken& page) override;
  Result<TerminateState> terminate(const InstanceRef& instance) override;

 private:
  struct Fate {
    std::optional<Error> before;
    std::optional<Error> after;
  };
  Fate draw(bool launching);
  template <class Function>
  auto endanger(bool launching, Function call) -> decltype(call());

  std::unique_ptr<Provider> inner_;
  FaultOptions options_;
  std::mutex mutex_;  // guards random_
  Random random_;
};

}  // namespace tradewind::provider
