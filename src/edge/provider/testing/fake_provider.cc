#include "edge/provider/testing/fake_provider.h"

#include <algorithm>
#include <charconv>

namespace tradewind::provider {

FakeOptions simple_fake_options() {
  FakeOptions options;
  options.capabilities.provider = "fake";
  options.capabilities.regions = {"one"};
  options.capabilities.spot = true;
  Offer offer;
  offer.location = {"fake", "one"};
  offer.instance_type = "cpu";
  offer.vcpus = 2;
  offer.memory_gib = 4;
  offer.price_per_hour = Money(1'000'000'000);
  options.offers.push_back(offer);
  offer.purchase = Purchase::spot;
  offer.price_per_hour = Money(400'000'000);
  options.offers.push_back(offer);
  return options;
}

Result<std::vector<Offer>> FakeProvider::offers(const OfferQuery& query) {
  const std::lock_guard lock(mutex_);
  if (const std::optional<Planned> plan = planned(Call::offers)) return plan->error;
  std::vector<Offer> found;
  for (const Offer& offer : options_.offers) {
    if (query.region.empty() || offer.location.region == query.region) found.push_back(offer);
  }
  return found;
}

Result<Launched> FakeProvider::launch(const LaunchRequest& request) {
  const std::lock_guard lock(mutex_);
  const std::optional<Planned> plan = planned(Call::launch);
  if (plan && !plan->acts) return plan->error;
  Result<Launched> launched = launch_locked(request);
  if (plan) return plan->error;
  return launched;
}

Result<Launched> FakeProvider::launch_locked(const LaunchRequest& request) {
  if (const auto known = by_token_.find(request.token); known != by_token_.end()) {
    const Made& made = made_[known->second];
    if (made.offer_key != offer_key(request.offer)) {
      return Error{Code::invalid_argument, "token " + request.token + " was used for " + made.offer_key};
    }
    return Launched{made.instance.ref, made.instance.launched_at};
  }
  const std::string key = offer_key(request.offer);
  const bool sold = std::any_of(options_.offers.begin(), options_.offers.end(),
                                [&](const Offer& offer) { return offer_key(offer) == key; });
  if (!sold) return Error{Code::invalid_argument, key + " is not on offer"};
  if (const auto limit = capacity_.find(key); limit != capacity_.end() && living(key) >= limit->second) {
    return Error{Code::insufficient_capacity, "no capacity for " + key};
  }
  Instance instance;
  instance.ref = {request.offer.location, InstanceId("i-" + std::to_string(made_.size() + 1))};
  instance.owner = request.owner;
  instance.token = request.token;
  instance.launched_at = clock_.now();
  by_token_[request.token] = made_.size();
  made_.push_back({instance, key});
  launches_.push_back(request);
  return Launched{instance.ref, instance.launched_at};
}

Result<InstancePage> FakeProvider::instances(const OwnerId& owner, const PageToken& page) {
  const std::lock_guard lock(mutex_);
  if (const std::optional<Planned> plan = planned(Call::instances)) return plan->error;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(page.data(), page.data() + page.size(), index);
  if (!page.empty() && (error != std::errc() || end != page.data() + page.size())) {
    return Error{Code::invalid_argument, "'" + page + "' is not a page"};
  }
  InstancePage answer;
  for (; index < made_.size() && answer.instances.size() < options_.page_size; ++index) {
    const Instance seen = as_seen(made_[index]);
    const bool shown = clock_.now() >= seen.launched_at + options_.capabilities.list_delay;
    if (seen.owner == owner && shown) answer.instances.push_back(seen);
  }
  if (index < made_.size()) answer.next_page = std::to_string(index);
  return answer;
}

Result<TerminateState> FakeProvider::terminate(const InstanceRef& instance) {
  const std::lock_guard lock(mutex_);
  const std::optional<Planned> plan = planned(Call::terminate);
  if (plan && !plan->acts) return plan->error;
  terminations_.push_back(instance);
  TerminateState state = TerminateState::done;
  for (Made& made : made_) {
    if (made.instance.ref != instance) continue;
    if (!made.instance.terminated_at) {
      made.instance.terminated_at = clock_.now() + options_.terminate_delay;
      made.instance.reason = "terminated on request";
    }
    if (as_seen(made).state != InstanceState::terminated) state = TerminateState::in_progress;
  }
  if (plan) return plan->error;
  return state;
}

void FakeProvider::set_capacity(const std::string& offer_key, int count) {
  const std::lock_guard lock(mutex_);
  capacity_[offer_key] = count;
}

void FakeProvider::preempt(const InstanceId& instance, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  for (Made& made : made_) {
    if (made.instance.ref.id != instance || made.instance.terminated_at) continue;
    made.instance.terminated_at = clock_.now();
    made.instance.preempted = true;
    made.instance.reason = reason;
  }
}

void FakeProvider::add_foreign(Instance instance) {
  const std::lock_guard lock(mutex_);
  made_.push_back({std::move(instance), ""});
}

void FakeProvider::fail_next(Call call, Error error) {
  const std::lock_guard lock(mutex_);
  planned_[call].push_back({std::move(error), false});
}

void FakeProvider::lose_next_reply(Call call) {
  const std::lock_guard lock(mutex_);
  planned_[call].push_back({Error{Code::unavailable, "planned fault: the reply was lost"}, true});
}

std::vector<LaunchRequest> FakeProvider::launches() const {
  const std::lock_guard lock(mutex_);
  return launches_;
}

std::vector<Instance> FakeProvider::everything() const {
  const std::lock_guard lock(mutex_);
  std::vector<Instance> all;
  for (const Made& made : made_) all.push_back(as_seen(made));
  return all;
}

std::vector<InstanceRef> FakeProvider::terminations() const {
  const std::lock_guard lock(mutex_);
  return terminations_;
}

std::optional<FakeProvider::Planned> FakeProvider::planned(Call call) {
  std::deque<Planned>& queue = planned_[call];
  if (queue.empty()) return std::nullopt;
  Planned first = std::move(queue.front());
  queue.pop_front();
  return first;
}

Instance FakeProvider::as_seen(const Made& made) const {
  Instance seen = made.instance;
  const Time now = clock_.now();
  if (seen.terminated_at && now >= *seen.terminated_at) {
    seen.state = InstanceState::terminated;
  } else if (seen.terminated_at) {
    seen.state = InstanceState::stopping;
    seen.terminated_at.reset();  // a supplier does not know the end in advance
  } else if (now >= seen.launched_at + options_.cold_start) {
    seen.state = InstanceState::running;
  }
  return seen;
}

int FakeProvider::living(const std::string& key) const {
  return static_cast<int>(std::count_if(made_.begin(), made_.end(), [&](const Made& made) {
    return made.offer_key == key && as_seen(made).state != InstanceState::terminated;
  }));
}

}  // namespace tradewind::provider
