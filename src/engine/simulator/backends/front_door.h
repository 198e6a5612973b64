// What stands between the control plane and a driver in a simulation: whoever calls again until it is
// answered, and who takes down what was asked.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/clock.h"
#include "edge/provider/retry_provider.h"
#include "engine/simulator/backends/backends.h"
#include "engine/simulator/model_world.h"

namespace tradewind::simulator {

// Virtual time stands still within a call; a repetition of it comes a moment later nevertheless.
class CallClock final : public Clock {
 public:
  explicit CallClock(const Timeline& time) : time_(time) {}
  Time now() const override { return std::max(time_.now(), ahead_); }
  Duration monotonic() const override { return time_.monotonic() + (now() - time_.now()); }
  void tick() { ahead_ = now() + Duration(1); }

 private:
  const Timeline& time_;
  Time ahead_;  // it never goes back
};

class FrontDoor final : public provider::Provider {
 public:
  using Launched = provider::Launched;
  // Looks at a list that the driver answered.
  using Listed = std::function<void(const OwnerId&, const InstancePage&)>;

  // REQUIRES: `world` and `clock` outlive this. Each has a seed of its own: it goes on in `setup`.
  FrontDoor(const ModelWorld& world, CallClock& clock, std::unique_ptr<provider::Provider> driver,
            BackendSetup& setup, Listed listed = nullptr)
      : world_(world),
        clock_(clock),
        asked_(setup.asked_to_launch),
        listed_(std::move(listed)),
        driver_(*driver),
        inner_(
            std::move(driver), provider::RetryOptions{}, clock, [&clock](Duration) { clock.tick(); },
            Random(++setup.seed)),
        random_(setup.seed + 1),
        is_wedged_(setup.is_wedged) {}

  const provider::Capabilities& capabilities() const override { return inner_.capabilities(); }
  Result<std::vector<Offer>> offers(const provider::OfferQuery& query) override {
    return inner_.offers(query);
  }
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override {
    asked_(request);
    if (*is_wedged_) return Error{Code::unavailable, "another launch is under way"};
    Result<Launched> answer = inner_.launch(request);
    note({&answer, 1});
    return answer;
  }
  Result<InstancePage> instances(const OwnerId& owner, const provider::PageToken& page) override {
    Result<InstancePage> answer = inner_.instances(owner, page);
    if (!answer.ok() && world_.mutant == Mutant::blackout_is_loss) return InstancePage{};
    if (answer.ok() && answer->next_page.empty() && world_.mutant == Mutant::owners_mixed_up)
      add_others(owner, *answer);
    if (answer.ok() && listed_) listed_(owner, *answer);
    return answer;
  }
  Result<provider::TerminateState> terminate(const InstanceRef& instance) override {
    return inner_.terminate(instance);
  }
  // What was not answered is asked for again, all of it at once, every other time.
  std::vector<Result<Launched>> launch_many(std::span<const provider::LaunchRequest> requests) override {
    for (const provider::LaunchRequest& request : requests) asked_(request);
    world_.count("many were launched by one call");
    if (*is_wedged_)
      return std::vector<Result<Launched>>(requests.size(), Error{Code::unavailable, "others are under way"});
    std::vector<Result<Launched>> answers = driver_.launch_many(requests);
    note(answers);
    std::vector<std::size_t> open;
    std::vector<provider::LaunchRequest> again;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i].ok() || answers[i].error().code != Code::unavailable) continue;
      open.push_back(i);
      again.push_back(requests[i]);
    }
    if (again.empty() || random_.chance(0.5)) return answers;
    world_.count("many launches were asked for again");
    clock_.tick();
    std::vector<Result<Launched>> second = driver_.launch_many(again);
    for (std::size_t i = 0; i < open.size(); ++i) answers[open[i]] = std::move(second[i]);
    return answers;
  }
  std::vector<Result<provider::TerminateState>> terminate_many(
      std::span<const InstanceRef> instances) override {
    world_.count("many were terminated by one call");
    return driver_.terminate_many(instances);
  }

 private:
  void note(std::span<const Result<Launched>> answers) {
    if (world_.mutant != Mutant::driver_wedged) return;
    for (const Result<Launched>& answer : answers)
      *is_wedged_ = *is_wedged_ || (!answer.ok() && answer.error().code == Code::unavailable);
  }
  void add_others(const OwnerId& owner, InstancePage& page) {
    const Result<InstancePage> others = driver_.instances(OwnerId("ffffffffffffffffffffffffffffffff"), "");
    if (!others.ok()) return;
    for (Instance instance : others->instances) {
      instance.owner = owner;
      page.instances.push_back(std::move(instance));
    }
  }

  const ModelWorld& world_;
  CallClock& clock_;
  std::function<void(const provider::LaunchRequest&)> asked_;
  Listed listed_;
  provider::Provider& driver_;
  provider::RetryProvider inner_;
  Random random_;
  std::shared_ptr<bool> is_wedged_;
};

}  // namespace tradewind::simulator
