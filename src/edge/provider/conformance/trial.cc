#include "edge/provider/conformance/trial.h"

#include <algorithm>
#include <cstdio>
#include <thread>

namespace tradewind::provider {
namespace {

constexpr Duration first_pause{50};
constexpr Duration longest_pause = std::chrono::seconds(2);
constexpr int looks_needed = 2;  // that show nothing alive before it is believed

// As those of control planes: 128 bits in hex.
OwnerId new_owner(Random& random) {
  char text[40];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(random.next()),
                static_cast<unsigned long long>(random.next()));
  return OwnerId(text);
}

TrialOptions completed(TrialOptions options) {
  if (!options.sleep) options.sleep = [](Duration span) { std::this_thread::sleep_for(span); };
  return options;
}

// Grows, so that a supplier across a network is not asked twenty times a second for minutes.
class Pace {
 public:
  Duration next() {
    const Duration now = pause_;
    pause_ = std::min(longest_pause, pause_ * 5 / 4);
    return now;
  }

 private:
  Duration pause_ = first_pause;
};

}  // namespace

// Notes what is launched, before it is: whatever becomes of the answer.
class Trial::Noted final : public Provider {
 public:
  Noted(Provider& inner, Trial& trial) : inner_(inner), trial_(trial) {}
  const Capabilities& capabilities() const override { return inner_.capabilities(); }
  Result<std::vector<Offer>> offers(const OfferQuery& query) override { return inner_.offers(query); }
  Result<Launched> launch(const LaunchRequest& request) override {
    {
      const std::lock_guard lock(trial_.mutex_);
      trial_.owners_.insert(request.owner);
    }
    Result<Launched> launched = inner_.launch(request);
    if (launched) {
      const std::lock_guard lock(trial_.mutex_);
      trial_.living_.insert(launched->ref);
    }
    return launched;
  }
  Result<InstancePage> instances(const OwnerId& owner, const PageToken& page) override {
    return inner_.instances(owner, page);
  }
  Result<TerminateState> terminate(const InstanceRef& instance) override {
    Result<TerminateState> state = inner_.terminate(instance);
    if (state && *state == TerminateState::done) {
      const std::lock_guard lock(trial_.mutex_);
      trial_.living_.erase(instance);
    }
    return state;
  }

 private:
  Provider& inner_;
  Trial& trial_;
};

class Trial::Subject final : public ConformanceSubject {
 public:
  explicit Subject(Trial& trial)
      : trial_(trial),
        first_(trial.first_, trial),
        second_(trial.second_, trial),
        owner_(new_owner(trial.random_)),
        other_(new_owner(trial.random_)),
        prefix_(random_name(trial.random_, "l-", 14)),
        deadline_(trial.clock_.monotonic() + trial.options_.patience) {}

  Provider& provider() override { return first_; }
  Provider& reopened() override { return second_; }
  Offer offer() override { return trial_.options_.offer; }
  int capacity() override { return trial_.options_.capacity; }
  void wait(Duration /*span*/) override { trial_.options_.sleep(pace_.next()); }
  int patience() override { return std::numeric_limits<int>::max(); }
  bool cut_short() override { return trial_.options_.interrupted() || trial_.clock_.monotonic() > deadline_; }
  OwnerId owner() override { return owner_; }
  OwnerId other_owner() override { return other_; }
  std::string token(const std::string& name) override { return prefix_ + name; }
  void shape(LaunchRequest& request) override {
    request.agent_arguments = trial_.options_.agent_arguments;
    request.hard_limit = trial_.clock_.now() + trial_.options_.hard_limit;
  }

 private:
  Trial& trial_;
  Noted first_;
  Noted second_;
  const OwnerId owner_;
  const OwnerId other_;
  const std::string prefix_;
  const Duration deadline_;
  Pace pace_;
};

Trial::Trial(Provider& first, Provider& second, const Clock& clock, Random random, TrialOptions options)
    : first_(first),
      second_(second),
      clock_(clock),
      random_(random),
      options_(completed(std::move(options))) {}

Trial::~Trial() {
  static_cast<void>(end_all());
}

Trial::Outcome Trial::run(const ConformanceCheck& check) {
  if (options_.interrupted()) return {Verdict::interrupted};
  if (check.to_the_limit && options_.capacity < 1)
    return {Verdict::not_run,
            {"it is not known how often " + offer_key(options_.offer) + " can be had at once"}};
  Outcome outcome;
  {
    Subject subject(*this);
    outcome.problems = run_check(check, subject);
  }
  outcome.left = end_all();
  if (options_.interrupted()) {
    outcome.verdict = Verdict::interrupted;
    outcome.problems.clear();
  } else if (!outcome.problems.empty() || !outcome.left.empty()) {
    outcome.verdict = Verdict::broken;
  }
  return outcome;
}

Trial::Extent Trial::extent() const {
  Extent extent;
  for (const ConformanceCheck& check : conformance_checks()) {
    if (check.to_the_limit && options_.capacity < 1) continue;
    ++extent.checks;
    const int filled = check.to_the_limit ? options_.capacity : 0;
    extent.launches += check.launches + filled;
    extent.at_once = std::max(extent.at_once, check.at_once + filled);
  }
  extent.most = cost_of(options_.offer.price_per_hour, options_.hard_limit).scaled(extent.launches);
  return extent;
}

// By what the supplier lists, also where the launch was never answered, and by what it answered, also where
// it lists nothing.
std::vector<std::string> Trial::end_all() {
  std::set<OwnerId> owners;
  {
    const std::lock_guard lock(mutex_);
    owners.swap(owners_);
  }
  std::vector<std::string> left;
  for (const OwnerId& owner : owners) {
    std::string why;
    if (!end_those_of(owner, why)) left.push_back("of the owner " + owner.text() + ": " + why);
  }
  const std::lock_guard lock(mutex_);
  for (const InstanceRef& ref : living_) {
    const Result<TerminateState> state = first_.terminate(ref);
    if (!state.ok())
      left.push_back(to_text(ref.location) + " " + ref.id.text() + ": " + describe(state.error()));
  }
  living_.clear();
  return left;
}

bool Trial::end_those_of(const OwnerId& owner, std::string& why) {
  const Duration begun = clock_.monotonic();
  const Duration listed_by = begun + first_.capabilities().list_delay;
  Pace pace;
  for (int quiet = 0; quiet < looks_needed;) {
    const Result<std::vector<Instance>> listed = all_instances(first_, owner);
    if (!listed.ok()) why = "they cannot be listed: " + describe(listed.error());
    int alive = 0;
    for (const Instance& instance : listed.value_or({})) {
      if (instance.state == InstanceState::terminated) {
        const std::lock_guard lock(mutex_);
        living_.erase(instance.ref);
        continue;
      }
      ++alive;
      why = instance.ref.id.text() + " is " + std::string(to_text(instance.state)) + " after it was to end";
      if (const auto asked = first_.terminate(instance.ref); !asked.ok())
        why = instance.ref.id.text() + " cannot be ended: " + describe(asked.error());
    }
    quiet = listed.ok() && alive == 0 && clock_.monotonic() >= listed_by ? quiet + 1 : 0;
    if (clock_.monotonic() > listed_by + options_.patience) return false;
    if (quiet < looks_needed) options_.sleep(pace.next());
  }
  return true;
}

const Offer* cheapest(const std::vector<Offer>& offers) {
  const Offer* best = nullptr;
  for (const Offer& offer : offers) {
    const bool by_the_hour = offer.purchase == Purchase::on_demand || offer.purchase == Purchase::spot;
    if (!by_the_hour) continue;
    // Prices of two currencies have no order; on demand is not taken away in the middle of a check.
    const auto rank = [](const Offer& each) {
      return std::pair(each.price_per_hour.nanos(), each.purchase == Purchase::spot);
    };
    if (best == nullptr || rank(offer) < rank(*best)) best = &offer;
  }
  return best;
}

}  // namespace tradewind::provider
