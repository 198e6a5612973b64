#include "edge/provider/retry_provider.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tradewind::provider {

RetryProvider::RetryProvider(std::unique_ptr<Provider> inner, RetryOptions options, const Clock& clock,
                             Sleep sleep, Random random)
    : inner_(std::move(inner)),
      options_(options),
      clock_(clock),
      sleep_(std::move(sleep)),
      random_(random),
      budget_(options.budget_max) {}

Result<std::vector<Offer>> RetryProvider::offers(const OfferQuery& query) {
  return repeat([&] { return inner_->offers(query); });
}

Result<Launched> RetryProvider::launch(const LaunchRequest& request) {
  return repeat([&] { return inner_->launch(request); });
}

Result<InstancePage> RetryProvider::instances(const OwnerId& owner, const PageToken& page) {
  return repeat([&] { return inner_->instances(owner, page); });
}

Result<TerminateState> RetryProvider::terminate(const InstanceRef& instance) {
  return repeat([&] { return inner_->terminate(instance); });
}

template <class Function>
auto RetryProvider::repeat(Function call) -> decltype(call()) {
  const Duration start = clock_.monotonic();
  for (int attempts = 1;; ++attempts) {
    auto result = call();
    if (result.ok()) {
      succeeded();
      return result;
    }
    const std::optional<Duration> delay =
        next_delay(result.error().code, attempts, clock_.monotonic() - start);
    if (!delay) return result;
    sleep_(*delay);
  }
}

std::optional<Duration> RetryProvider::next_delay(Code code, int attempts_made, Duration spent) {
  if (code != Code::unavailable && code != Code::rate_limited) return std::nullopt;
  if (attempts_made >= options_.attempts_max) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const double full = static_cast<double>(options_.delay_base.count()) * std::exp2(attempts_made - 1);
  const double ceiling = std::min(full, static_cast<double>(options_.delay_max.count()));
  const Duration delay(static_cast<Duration::rep>(random_.unit() * ceiling));
  if (spent + delay > options_.time_max || budget_ < 1) return std::nullopt;
  budget_ -= 1;
  return delay;
}

void RetryProvider::succeeded() {
  const std::lock_guard lock(mutex_);
  budget_ = std::min(options_.budget_max, budget_ + options_.budget_per_success);
}

}  // namespace tradewind::provider
