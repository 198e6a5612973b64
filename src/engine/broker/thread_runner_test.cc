// What is performed together, and what by itself.
#include "engine/broker/thread_runner.h"

#include <future>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "edge/objectstore/memory_store.h"

namespace tradewind::broker {
namespace {

// Takes up to four at once; the first call waits until it is let go.
class BatchProvider final : public provider::Provider {
 public:
  explicit BatchProvider(int batch_max) {
    capabilities_.provider = "p";
    capabilities_.batch_max = batch_max;
  }
  const provider::Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<Offer>> offers(const provider::OfferQuery&) override { return std::vector<Offer>(); }
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override {
    note(1);
    if (request.token == "l-refused") return Error{Code::insufficient_capacity, "full"};
    return provider::Launched{{request.offer.location, InstanceId(request.token)}, Time()};
  }
  std::vector<Result<provider::Launched>> launch_many(
      std::span<const provider::LaunchRequest> requests) override {
    note(requests.size());
    std::vector<Result<provider::Launched>> answers;
    for (const auto& request : requests) answers.push_back(launch_quietly(request));
    return answers;
  }
  Result<InstancePage> instances(const OwnerId&, const provider::PageToken&) override {
    return InstancePage{};
  }
  Result<provider::TerminateState> terminate(const InstanceRef&) override {
    note(1);
    return provider::TerminateState::done;
  }
  std::vector<Result<provider::TerminateState>> terminate_many(
      std::span<const InstanceRef> instances) override {
    note(instances.size());
    return {instances.size(), provider::TerminateState::in_progress};
  }

  std::vector<std::size_t> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::promise<void> begun;
  std::promise<void> go;

 private:
  static Result<provider::Launched> launch_quietly(const provider::LaunchRequest& request) {
    if (request.token == "l-refused") return Error{Code::insufficient_capacity, "full"};
    return provider::Launched{{request.offer.location, InstanceId(request.token)}, Time()};
  }
  void note(std::size_t count) {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(count);
      first = calls_.size() == 1;
    }
    if (!first) return;
    begun.set_value();
    go.get_future().wait();
  }
  provider::Capabilities capabilities_;
  std::mutex mutex_;
  std::vector<std::size_t> calls_;
};

class Together : public testing::Test {
 protected:
  void use(BatchProvider& provider) {
    world_.owner = OwnerId("o-1");
    world_.clock = &clock_;
    world_.providers["p"] = &provider;
    world_.stores["home"] = home_.get();
  }
  static scheduler::Launch launch(const std::string& lease) {
    scheduler::Launch made;
    made.lease = LeaseId(lease);
    made.job = JobId("j-" + lease);
    made.home = "home";
    made.spec.run = "true";
    made.offer.location = {"p", "r", "z"};
    return made;
  }
  static std::vector<scheduler::Observation> collect(ThreadRunner& runner, const Clock& clock,
                                                     std::size_t count) {
    std::vector<scheduler::Observation> all;
    for (int i = 0; i < 1000 && all.size() < count; ++i) {
      for (auto& each : runner.wait_until(clock.now() + Duration(10))) all.push_back(std::move(each));
    }
    return all;
  }

  ManualClock clock_{Time()};
  std::unique_ptr<objectstore::ObjectStore> home_ = objectstore::make_memory_store();
  World world_;
};

TEST_F(Together, WhatComesWhileACallIsUnderWayGoesWithTheNext) {
  BatchProvider provider(4);
  use(provider);
  ThreadRunner runner(world_, 3);
  runner.start(launch("l-0"));
  provider.begun.get_future().wait();
  for (const char* lease : {"l-1", "l-refused", "l-3", "l-4", "l-5"}) runner.start(launch(lease));
  provider.go.set_value();
  std::map<std::string, scheduler::LaunchReply> replies;
  for (const auto& each : collect(runner, clock_, 6)) {
    const auto& reply = std::get<scheduler::LaunchReply>(each);
    replies[reply.lease.text()] = reply;
  }
  ASSERT_EQ(replies.size(), 6U);
  EXPECT_EQ(provider.calls(), (std::vector<std::size_t>{1, 4, 1}));
  EXPECT_EQ(replies["l-refused"].error->code, Code::insufficient_capacity) << "each has its own answer";
  for (const char* lease : {"l-0", "l-1", "l-3", "l-4", "l-5"}) {
    EXPECT_FALSE(replies[lease].error) << lease;
    EXPECT_EQ(replies[lease].instance.id.text(), lease);
  }
}

TEST_F(Together, TerminationsWaitForNoLaunch) {
  BatchProvider provider(4);
  use(provider);
  ThreadRunner runner(world_, 2);
  runner.start(launch("l-0"));
  provider.begun.get_future().wait();
  const auto end = [](const char* id) {
    return scheduler::Terminate{LeaseId(id), {{"p", "r", "z"}, InstanceId(id)}};
  };
  runner.start(end("l-7"));
  EXPECT_EQ(collect(runner, clock_, 1).size(), 1U);
  provider.go.set_value();
  EXPECT_EQ(collect(runner, clock_, 1).size(), 1U);
}

TEST_F(Together, AStoreThatIsMissingHoldsUpNobodyElse) {
  BatchProvider provider(4);
  use(provider);
  ThreadRunner runner(world_, 1);
  runner.start(launch("l-0"));
  provider.begun.get_future().wait();
  scheduler::Launch lost = launch("l-1");
  lost.home = "elsewhere";
  runner.start(lost);
  runner.start(launch("l-2"));
  provider.go.set_value();
  int errors = 0;
  for (const auto& each : collect(runner, clock_, 3))
    errors += std::get<scheduler::LaunchReply>(each).error ? 1 : 0;
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(provider.calls(), (std::vector<std::size_t>{1, 1}));
}

TEST_F(Together, WhoTakesOneAtATimeIsAskedByAllWorkers) {
  BatchProvider provider(1);
  use(provider);
  ThreadRunner runner(world_, 2);
  runner.start(launch("l-0"));
  provider.begun.get_future().wait();
  runner.start(launch("l-1"));
  EXPECT_EQ(collect(runner, clock_, 1).size(), 1U) << "while the first call is under way";
  provider.go.set_value();
}

}  // namespace
}  // namespace tradewind::broker
