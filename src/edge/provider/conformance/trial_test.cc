#include "edge/provider/conformance/trial.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "edge/provider/testing/fake_provider.h"

namespace tradewind::provider {
namespace {

using std::chrono::minutes;

Time start() {
  return parse_utc("2026-11-27T20:00:00Z").value();
}

// Forwards, and breaks a rule of choice.
class Broken : public Provider {
 public:
  explicit Broken(FakeProvider& inner) : inner_(inner) {}
  const Capabilities& capabilities() const override { return inner_.capabilities(); }
  Result<std::vector<Offer>> offers(const OfferQuery& query) override { return inner_.offers(query); }
  Result<Launched> launch(const LaunchRequest& request) override {
    ++launches;
    LaunchRequest asked = request;
    if (forgets_tokens) asked.token += "-" + std::to_string(launches);
    Result<Launched> launched = inner_.launch(asked);
    if (loses_answers && launched) return Error{Code::unavailable, "the answer was lost"};
    return launched;
  }
  Result<InstancePage> instances(const OwnerId& owner, const PageToken& page) override {
    if (lists_nothing) return Error{Code::unauthorized, "no right to list"};
    return inner_.instances(owner, page);
  }
  Result<TerminateState> terminate(const InstanceRef& instance) override {
    if (never_ends) return TerminateState::in_progress;
    return inner_.terminate(instance);
  }

  bool forgets_tokens = false;
  bool loses_answers = false;
  bool lists_nothing = false;
  bool never_ends = false;
  int launches = 0;

 private:
  FakeProvider& inner_;
};

class Trying : public testing::Test {
 protected:
  Trying() : clock_(start()), fake_(clock_, fake_options()), supplier_(fake_) {}
  static FakeOptions fake_options() {
    FakeOptions options = simple_fake_options();
    options.capabilities.list_delay = Duration(300);
    options.cold_start = Duration(1000);
    options.terminate_delay = Duration(500);
    options.page_size = 2;
    return options;
  }
  TrialOptions options() {
    TrialOptions options;
    options.offer = simple_fake_options().offers[0];
    options.patience = minutes(1);
    options.agent_arguments = {"idle"};
    options.interrupted = [this] { return interrupted_; };
    options.sleep = [this](Duration span) { clock_.advance(span); };
    return options;
  }
  static const ConformanceCheck& check(const std::string& name) {
    return *std::ranges::find(conformance_checks(), name, &ConformanceCheck::name);
  }
  int alive() const {
    return static_cast<int>(std::ranges::count_if(fake_.everything(), [](const Instance& instance) {
      return instance.state != InstanceState::terminated;
    }));
  }

  bool interrupted_ = false;
  ManualClock clock_;
  FakeProvider fake_;
  Broken supplier_;
};

TEST_F(Trying, ASupplierThatKeepsTheRulesPassesThemAllAndNothingIsLeft) {
  fake_.set_capacity(offer_key(options().offer), 3);
  TrialOptions full = options();
  full.capacity = 3;
  Trial trial(fake_, fake_, clock_, Random(1), full);
  for (const ConformanceCheck& each : conformance_checks()) {
    const Trial::Outcome outcome = trial.run(each);
    EXPECT_EQ(outcome.verdict, Trial::Verdict::holds)
        << each.name << ": " << (outcome.problems.empty() ? "" : outcome.problems.front());
    EXPECT_TRUE(outcome.left.empty()) << each.name;
    EXPECT_EQ(alive(), 0) << each.name;
  }
}

TEST_F(Trying, NoMoreIsLaunchedThanWasSaidBefore) {
  fake_.set_capacity(offer_key(options().offer), 3);
  TrialOptions full = options();
  full.capacity = 3;
  Trial trial(fake_, fake_, clock_, Random(1), full);
  for (const ConformanceCheck& each : conformance_checks()) {
    const std::size_t before = fake_.launches().size();
    static_cast<void>(trial.run(each));
    const int made = static_cast<int>(fake_.launches().size() - before);
    EXPECT_EQ(made, each.launches + (each.to_the_limit ? 3 : 0)) << each.name;
  }
  const Trial::Extent extent = trial.extent();
  EXPECT_EQ(static_cast<std::size_t>(extent.launches), fake_.launches().size());
  EXPECT_EQ(extent.checks, 13);
  EXPECT_EQ(extent.at_once, 3);
  EXPECT_EQ(extent.most, Money(500'000'000).scaled(extent.launches)) << "half an hour each at 1.00";
}

TEST_F(Trying, WithoutItsCapacityThatCheckIsNotRunAndSaysSo) {
  Trial trial(fake_, fake_, clock_, Random(1), options());
  const Trial::Outcome outcome = trial.run(check("FullSupplierSaysSoUntilThereIsRoom"));
  EXPECT_EQ(outcome.verdict, Trial::Verdict::not_run);
  ASSERT_EQ(outcome.problems.size(), 1U);
  EXPECT_NE(outcome.problems[0].find("fake/one:cpu:on_demand"), std::string::npos);
  EXPECT_TRUE(fake_.launches().empty());
  EXPECT_EQ(trial.extent().checks, 12);
}

TEST_F(Trying, ABrokenRuleIsToldAndWhatItMadeIsEnded) {
  supplier_.forgets_tokens = true;
  Trial trial(supplier_, supplier_, clock_, Random(1), options());
  const Trial::Outcome outcome = trial.run(check("RepeatedTokenGivesTheSameInstance"));
  EXPECT_EQ(outcome.verdict, Trial::Verdict::broken);
  ASSERT_FALSE(outcome.problems.empty());
  EXPECT_EQ(outcome.problems[0], "the second launch made another instance");
  EXPECT_EQ(fake_.launches().size(), 3U);
  EXPECT_EQ(alive(), 0);
  EXPECT_TRUE(outcome.left.empty());
}

TEST_F(Trying, WhatWasLaunchedWithoutAnAnswerIsEndedToo) {
  supplier_.loses_answers = true;
  Trial trial(supplier_, supplier_, clock_, Random(1), options());
  EXPECT_EQ(trial.run(check("LaunchedInstanceIsListedAndRuns")).verdict, Trial::Verdict::broken);
  EXPECT_EQ(fake_.launches().size(), 1U);
  EXPECT_EQ(alive(), 0);
}

TEST_F(Trying, WhatCannotBeListedIsEndedByItsName) {
  supplier_.lists_nothing = true;
  Trial trial(supplier_, supplier_, clock_, Random(1), options());
  const Trial::Outcome outcome = trial.run(check("LaunchedInstanceIsListedAndRuns"));
  EXPECT_EQ(outcome.verdict, Trial::Verdict::broken);
  ASSERT_FALSE(outcome.left.empty()) << "that nothing else is there was not seen";
  EXPECT_NE(outcome.left[0].find("no right to list"), std::string::npos);
  clock_.advance(minutes(1));
  EXPECT_EQ(alive(), 0);
}

TEST_F(Trying, WhatDoesNotEndIsTold) {
  supplier_.never_ends = true;
  Trial trial(supplier_, supplier_, clock_, Random(1), options());
  const Trial::Outcome outcome = trial.run(check("LaunchedInstanceIsListedAndRuns"));
  EXPECT_EQ(outcome.verdict, Trial::Verdict::broken);
  EXPECT_TRUE(outcome.problems.empty());
  ASSERT_EQ(outcome.left.size(), 1U);
  EXPECT_NE(outcome.left[0].find("is running after it was to end"), std::string::npos) << outcome.left[0];
}

TEST_F(Trying, AnInterruptEndsTheCheckAndWhatItLaunched) {
  TrialOptions sleepy = options();
  sleepy.sleep = [this](Duration span) {
    clock_.advance(span);
    interrupted_ = true;  // while it waits for the instance to run
  };
  Trial trial(fake_, fake_, clock_, Random(1), sleepy);
  const Trial::Outcome outcome = trial.run(check("LaunchedInstanceIsListedAndRuns"));
  EXPECT_EQ(outcome.verdict, Trial::Verdict::interrupted);
  EXPECT_EQ(fake_.launches().size(), 1U);
  EXPECT_EQ(alive(), 0);
  EXPECT_EQ(trial.run(check("PagesShowEachInstanceOnce")).verdict, Trial::Verdict::interrupted);
  EXPECT_EQ(fake_.launches().size(), 1U) << "nothing more is launched";
}

TEST_F(Trying, EachCheckHasAnOwnerAndTokensOfItsOwn) {
  Trial trial(fake_, fake_, clock_, Random(1), options());
  static_cast<void>(trial.run(check("LaunchedInstanceIsListedAndRuns")));
  static_cast<void>(trial.run(check("LaunchedInstanceIsListedAndRuns")));
  const std::vector<LaunchRequest> launches = fake_.launches();
  ASSERT_EQ(launches.size(), 2U);
  EXPECT_NE(launches[0].owner, launches[1].owner);
  EXPECT_NE(launches[0].token, launches[1].token);
  EXPECT_EQ(launches[0].owner.text().size(), 32U);
  EXPECT_EQ(launches[0].agent_arguments, std::vector<std::string>{"idle"});
  EXPECT_LE(launches[0].hard_limit, start() + minutes(31));
}

TEST(Cheapest, IsTheOneByTheHourThatIsNotTakenAway) {
  std::vector<Offer> offers = simple_fake_options().offers;
  EXPECT_EQ(cheapest(offers)->purchase, Purchase::spot) << "0.40 against 1.00";
  offers[0].price_per_hour = offers[1].price_per_hour;
  EXPECT_EQ(cheapest(offers)->purchase, Purchase::on_demand);
  offers[0].purchase = offers[1].purchase = Purchase::reserved_1y;
  EXPECT_EQ(cheapest(offers), nullptr);
  EXPECT_EQ(cheapest({}), nullptr);
}

}  // namespace
}  // namespace tradewind::provider
