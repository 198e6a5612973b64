#include "edge/provider/fault_provider.h"

#include <utility>

namespace tradewind::provider {

FaultProvider::FaultProvider(std::unique_ptr<Provider> inner, FaultOptions options, Random random)
    : inner_(std::move(inner)), options_(options), random_(random) {}

Result<std::vector<Offer>> FaultProvider::offers(const OfferQuery& query) {
  return endanger(false, [&] { return inner_->offers(query); });
}

Result<Launched> FaultProvider::launch(const LaunchRequest& request) {
  return endanger(true, [&] { return inner_->launch(request); });
}

Result<InstancePage> FaultProvider::instances(const OwnerId& owner, const PageToken& page) {
  return endanger(false, [&] { return inner_->instances(owner, page); });
}

Result<TerminateState> FaultProvider::terminate(const InstanceRef& instance) {
  return endanger(false, [&] { return inner_->terminate(instance); });
}

FaultProvider::Fate FaultProvider::draw(bool launching) {
  const std::lock_guard lock(mutex_);
  // All are drawn every time, so that changing one probability leaves the others' luck as it was.
  const bool refused = random_.chance(options_.refused);
  const bool limited = random_.chance(options_.rate_limited);
  const bool lost = random_.chance(options_.reply_lost);
  const bool full = random_.chance(options_.capacity_gone) && launching;
  Fate fate;
  if (refused) fate.before = Error{Code::unavailable, "planned fault: the supplier did not answer"};
  if (limited) fate.before = Error{Code::rate_limited, "planned fault: too many requests"};
  if (full) fate.before = Error{Code::insufficient_capacity, "planned fault: no capacity"};
  if (lost) fate.after = Error{Code::unavailable, "planned fault: the reply was lost"};
  return fate;
}

template <class Function>
auto FaultProvider::endanger(bool launching, Function call) -> decltype(call()) {
  Fate fate = draw(launching);
  if (fate.before) return std::move(*fate.before);
  auto result = call();
  if (fate.after) return std::move(*fate.after);
  return result;
}

}  // namespace tradewind::provider
