#include "edge/provider/recording_provider.h"

#include <utility>

namespace tradewind::provider {

RecordingProvider::RecordingProvider(std::unique_ptr<Provider> inner, const Clock& clock, Listener listener)
    : inner_(std::move(inner)), clock_(clock), listener_(std::move(listener)) {}

Result<std::vector<Offer>> RecordingProvider::offers(const OfferQuery& query) {
  return record(Call::offers, query.region, [&] { return inner_->offers(query); });
}

Result<Launched> RecordingProvider::launch(const LaunchRequest& request) {
  return record(Call::launch, request.token + " " + offer_key(request.offer),
                [&] { return inner_->launch(request); });
}

Result<InstancePage> RecordingProvider::instances(const OwnerId& owner, const PageToken& page) {
  const std::string subject = page.empty() ? owner.text() : owner.text() + " " + page;
  return record(Call::instances, subject, [&] { return inner_->instances(owner, page); });
}

Result<TerminateState> RecordingProvider::terminate(const InstanceRef& instance) {
  return record(Call::terminate, to_text(instance.location) + " " + instance.id.text(),
                [&] { return inner_->terminate(instance); });
}

template <class Function>
auto RecordingProvider::record(Call call, std::string subject, Function function) -> decltype(function()) {
  CallRecord entry{call, std::move(subject), clock_.now(), Duration(0)};
  const Duration start = clock_.monotonic();
  auto result = function();
  entry.took = clock_.monotonic() - start;
  if (!result.ok()) entry.error = result.error();
  listener_(entry);
  return result;
}

}  // namespace tradewind::provider
