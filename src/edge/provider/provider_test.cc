#include <chrono>
#include <gtest/gtest.h>

#include "edge/provider/fault_provider.h"
#include "edge/provider/recording_provider.h"
#include "edge/provider/retry_provider.h"
#include "edge/provider/testing/conformance.h"
#include "edge/provider/testing/fake_provider.h"

namespace tradewind::provider {
namespace {

Time start() {
  return parse_utc("2026-07-20").value();
}

// The same fake through another object.
class Forward final : public Provider {
 public:
  explicit Forward(Provider& inner) : inner_(inner) {}
  const Capabilities& capabilities() const override { return inner_.capabilities(); }
  Result<std::vector<Offer>> offers(const OfferQuery& query) override { return inner_.offers(query); }
  Result<Launched> launch(const LaunchRequest& request) override { return inner_.launch(request); }
  Result<InstancePage> instances(const OwnerId& owner, const PageToken& page) override {
    return inner_.instances(owner, page);
  }
  Result<TerminateState> terminate(const InstanceRef& ref) override { return inner_.terminate(ref); }

 private:
  Provider& inner_;
};

// A slow fake: lists lag, ends take a while, pages hold two.
class FakeSubject : public ConformanceSubject {
 public:
  FakeSubject() : clock_(start()), fake_(clock_, options()) {
    fake_.set_capacity(offer_key(FakeSubject::offer()), 3);
    fake_.add_foreign(Instance{{{"fake", "one"}, InstanceId("i-foreign")}, OwnerId("else"), "", {}, start()});
  }
  Provider& provider() override { return fake_; }
  Provider& reopened() override { return fake_; }
  Offer offer() override { return simple_fake_options().offers[1]; }
  int capacity() override { return 3; }
  void wait(Duration span) override { clock_.advance(span); }

 protected:
  static FakeOptions options() {
    FakeOptions options = simple_fake_options();
    options.capabilities.list_delay = Duration(300);
    options.cold_start = Duration(1000);
    options.terminate_delay = Duration(500);
    options.page_size = 2;
    return options;
  }
  ManualClock clock_;
  FakeProvider fake_;
};

// The same with faults that retries must hide from the checks.
class WrappedSubject final : public FakeSubject {
 public:
  WrappedSubject()
      : retry_(
            std::make_unique<FaultProvider>(std::make_unique<Forward>(fake_), FaultOptions{0.1, 0.1, 0.2, 0},
                                            Random(7)),
            RetryOptions{50, Duration(1), Duration(5), Duration(60'000), 1e9, 1}, clock_, [](Duration) {},
            Random(8)) {}
  Provider& provider() override { return retry_; }
  Provider& reopened() override { return retry_; }

 private:
  RetryProvider retry_;
};

const bool fake_registered = register_conformance("Fake", [] { return std::make_unique<FakeSubject>(); });
const bool wrapped_registered =
    register_conformance("FaultyRetriedFake", [] { return std::make_unique<WrappedSubject>(); });

class Wrapper : public testing::Test {
 protected:
  Wrapper() : clock_(start()), fake_(clock_, simple_fake_options()) {}
  std::unique_ptr<Provider> inner() { return std::make_unique<Forward>(fake_); }
  RetryProvider retry(RetryOptions options) {
    return RetryProvider(
        inner(), options, clock_,
        [this](Duration span) {
          slept_.push_back(span);
          clock_.advance(span);
        },
        Random(1));
  }
  LaunchRequest request(const std::string& token) {
    return {token, OwnerId("o"), simple_fake_options().offers[0], JobId("j"), 1, {}, start()};
  }
  ManualClock clock_;
  FakeProvider fake_;
  std::vector<Duration> slept_;
};

TEST_F(Wrapper, RetryRepeatsALaunchWhoseReplyWasLostAndGetsTheSameInstance) {
  RetryProvider provider = retry({});
  fake_.lose_next_reply(Call::launch);
  const Result<Launched> launched = provider.launch(request("t"));
  ASSERT_TRUE(launched.ok());
  EXPECT_EQ(slept_.size(), 1U);
  EXPECT_EQ(fake_.everything().size(), 1U);
}

TEST_F(Wrapper, RetryPassesOtherErrorsAtOnce) {
  RetryProvider provider = retry({});
  for (const Code code : {Code::insufficient_capacity, Code::quota_exceeded, Code::unauthorized,
                          Code::not_found, Code::invalid_argument, Code::internal}) {
    fake_.fail_next(Call::launch, Error{code, "x"});
    EXPECT_EQ(provider.launch(request("t")).error().code, code);
  }
  EXPECT_TRUE(slept_.empty());
}

TEST_F(Wrapper, RetryGivesUpAfterItsAttemptsWithDelaysUnderTheCeiling) {
  RetryOptions options;
  options.attempts_max = 4;
  options.delay_base = Duration(100);
  options.delay_max = Duration(150);
  RetryProvider provider = retry(options);
  for (int i = 0; i < 10; ++i) fake_.fail_next(Call::offers, Error{Code::rate_limited, "slow down"});
  EXPECT_EQ(provider.offers({}).error().message, "slow down");
  ASSERT_EQ(slept_.size(), 3U);
  EXPECT_LT(slept_[0], Duration(100));
  EXPECT_LT(slept_[1], Duration(150));
  EXPECT_LT(slept_[2], Duration(150));
}

TEST_F(Wrapper, RetryStopsWhenItsTimeIsUp) {
  RetryOptions options;
  options.attempts_max = 1000;
  options.delay_base = Duration(1000);
  options.delay_max = Duration(1000);
  options.time_max = Duration(3000);
  options.budget_max = 1000;
  RetryProvider provider = retry(options);
  for (int i = 0; i < 1000; ++i) fake_.fail_next(Call::offers, Error{Code::unavailable, "down"});
  EXPECT_FALSE(provider.offers({}).ok());
  EXPECT_LE(clock_.now() - start(), Duration(3000));
  EXPECT_GE(slept_.size(), 2U);
}

TEST_F(Wrapper, RetryBudgetIsSharedAndRefilledBySuccess) {
  RetryOptions options;
  options.attempts_max = 3;
  options.budget_max = 2;
  options.budget_per_success = 1;
  RetryProvider provider = retry(options);
  for (int i = 0; i < 4; ++i) fake_.fail_next(Call::offers, Error{Code::unavailable, "down"});
  EXPECT_FALSE(provider.offers({}).ok());
  EXPECT_EQ(slept_.size(), 2U);
  EXPECT_FALSE(provider.offers({}).ok()) << "the budget is spent: one attempt";
  EXPECT_EQ(slept_.size(), 2U);
  EXPECT_TRUE(provider.offers({}).ok());
  fake_.fail_next(Call::offers, Error{Code::unavailable, "down"});
  EXPECT_TRUE(provider.offers({}).ok()) << "the success gave one retry back";
  EXPECT_EQ(slept_.size(), 3U);
}

TEST_F(Wrapper, RecordingTellsOfEveryCall) {
  std::vector<CallRecord> records;
  RecordingProvider provider(inner(), clock_, [&](const CallRecord& record) { records.push_back(record); });
  fake_.fail_next(Call::terminate, Error{Code::unauthorized, "no"});
  EXPECT_TRUE(provider.offers({"one"}).ok());
  const Result<Launched> launched = provider.launch(request("t"));
  ASSERT_TRUE(launched.ok());
  EXPECT_TRUE(provider.instances(OwnerId("o"), "").ok());
  EXPECT_FALSE(provider.terminate(launched->ref).ok());
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0].subject, "one");
  EXPECT_EQ(records[1].subject, "t fake/one:cpu:on_demand");
  EXPECT_EQ(records[2].subject, "o");
  EXPECT_EQ(records[3].subject, "fake/one i-1");
  EXPECT_EQ(to_text(records[3].call), "terminate");
  EXPECT_EQ(records[3].error->code, Code::unauthorized);
  EXPECT_FALSE(records[0].error.has_value());
  EXPECT_EQ(records[0].started_at, start());
}

TEST_F(Wrapper, FaultsOfOneSeedAreTheSameEveryTime) {
  const auto run = [&](std::uint64_t seed) {
    FaultProvider provider(inner(), {0.2, 0.2, 0.2, 0.2}, Random(seed));
    std::string fates;
    for (int i = 0; i < 40; ++i) {
      const Result<Launched> launched = provider.launch(request("t" + std::to_string(i)));
      fates += launched ? std::string("ok ") : std::string(to_text(launched.error().code)) + " ";
    }
    return fates;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
  for (const char* fate : {"ok", "unavailable", "rate_limited", "insufficient_capacity"}) {
    EXPECT_NE(run(1).find(fate), std::string::npos) << fate;
  }
}

TEST_F(Wrapper, ALostReplyHasActedAndARefusalHasNot) {
  FaultProvider lost(inner(), {0, 0, 1, 0}, Random(1));
  EXPECT_EQ(lost.launch(request("lost")).error().code, Code::unavailable);
  EXPECT_EQ(fake_.everything().size(), 1U);
  FaultProvider refused(inner(), {1, 0, 0, 0}, Random(1));
  EXPECT_EQ(refused.launch(request("refused")).error().code, Code::unavailable);
  EXPECT_EQ(fake_.everything().size(), 1U);
}

TEST_F(Wrapper, AFakePreemptionIsSeenInLists) {
  const Result<Launched> launched = fake_.launch(request("t"));
  ASSERT_TRUE(launched.ok());
  clock_.advance(Duration(5000));
  fake_.preempt(launched->ref.id, "capacity is needed elsewhere");
  const std::vector<Instance> seen = list_all(fake_, OwnerId("o"));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(seen[0].preempted);
  EXPECT_EQ(seen[0].terminated_at, start() + Duration(5000));
  EXPECT_EQ(seen[0].reason, "capacity is needed elsewhere");
}

}  // namespace
}  // namespace tradewind::provider
