// Repeats calls that may succeed later, so that drivers hold no retry loop.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/random.h"
#include "edge/provider/provider.h"

namespace tradewind::provider {

struct RetryOptions {
  int attempts_max = 5;
  // Before attempt n (from 1) the wait is uniform in [0, min(delay_max, delay_base * 2^(n-1))): "full
  // jitter", Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog 2015.
  Duration delay_base{200};
  Duration delay_max{20'000};
  Duration time_max{60'000};  // no further attempt begins later than this after the first
  // A budget over all calls, so that a supplier that is down is not hammered: every retry takes one, every
  // success gives a part back. With none left, errors pass at once.
  double budget_max = 20;
  double budget_per_success = 0.2;
};

// Repeats on unavailable and rate_limited; every other code passes at once. Launching is safe to repeat
// because it is idempotent on its token.
class RetryProvider final : public Provider {
 public:
  using Sleep = std::function<void(Duration)>;
  // `clock` outlives this.
  RetryProvider(std::unique_ptr<Provider> inner, RetryOptions options, const Clock& clock, Sleep sleep,
                Random random);

  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  Result<std::vector<Offer>> offers(const OfferQuery& query) override;
  Result<Launched> launch(const LaunchRequest& request) override;
  Result<InstancePage> instances(const OwnerId& owner, const PageToken& page) override;
  Result<TerminateState> terminate(const InstanceRef& instance) override;

 private:
  template <class Function>
  auto repeat(Function call) -> decltype(call());
  // How long to wait before the next attempt; nothing: give up.
  std::optional<Duration> next_delay(Code code, int attempts_made, Duration spent);
  void succeeded();

  std::unique_ptr<Provider> inner_;
  RetryOptions options_;
  const Clock& clock_;
  Sleep sleep_;
  std::mutex mutex_;  // guards random_ and budget_
  Random random_;
  double budget_;
};

}  // namespace tradewind::provider
