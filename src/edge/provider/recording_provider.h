// Tells a listener of every call to a supplier: for logs, metrics and tests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "edge/provider/call.h"
#include "edge/provider/provider.h"

namespace tradewind::provider {

struct CallRecord {
  Call call = Call::offers;
  std::string subject;  // the region, the token and offer, the owner and page, the instance
  Time started_at;
  Duration took{};
  std::optional<Error> error = std::nullopt;
};

class RecordingProvider final : public Provider {
 public:
  using Listener = std::function<void(const CallRecord&)>;
  // `clock` outlives this. The listener is called from the calling thread, from several at once.
  RecordingProvider(std::unique_ptr<Provider> inner, const Clock& clock, Listener listener);

  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  Result<std::vector<Offer>> offers(const OfferQuery& query) override;
  Result<Launched> launch(const LaunchRequest& request) override;
  Result<InstancePage> instances(const OwnerId& owner, const PageToken& page) override;
  Result<TerminateState> terminate(const InstanceRef& instance) override;

 private:
  template <class Function>
  auto record(Call call, std::string subject, Function function) -> decltype(function());
  std::unique_ptr<Provider> inner_;
  const Clock& clock_;
  Listener listener_;
};

}  // namespace tradewind::provider
