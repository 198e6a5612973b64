// The rules, by cases computed by hand. On-demand costs a cent a second, spot a tenth of one.
#include "core/backtest/run.h"

#include <gtest/gtest.h>
#include <map>

#include "core/backtest/testing/tiny_world.h"

namespace tradewind::backtest {
namespace {

using policy::Answer;
using policy::Purchase;
using policy::Seen;

Answer spot(int zone) {
  return policy::launch(zone, Purchase::spot);
}
Answer on_demand(int zone) {
  return policy::launch(zone, Purchase::on_demand);
}

Outcome go(const World& world, const std::map<int, Answer>& answers) {
  backtest::Run run(world);
  while (!run.done()) {
    const auto found = answers.find(run.tick());
    EXPECT_TRUE(run.act(found == answers.end() ? policy::hold() : found->second).ok());
  }
  return run.outcome();
}

TEST(Run, OnDemandIsBilledToTheSecondInWhichTheWorkEnds) {
  const Outcome outcome = go(tiny_world({"00000"}), {{0, on_demand(0)}});
  EXPECT_TRUE(outcome.finished);
  EXPECT_DOUBLE_EQ(outcome.finished_s, 350);
  EXPECT_NEAR(outcome.cost_usd, 3.5, 1e-9);
}

TEST(Run, ALostInstanceIsNotBilledForItsLastTick) {
  const Outcome outcome = go(tiny_world({"110111"}), {{0, spot(0)}, {3, spot(0)}});
  EXPECT_EQ(outcome.preemptions, 1);
  EXPECT_EQ(outcome.launches, 2);
  EXPECT_DOUBLE_EQ(outcome.finished_s, 500);
  EXPECT_NEAR(outcome.cost_usd, 0.4, 1e-9);
}

TEST(Run, APreemptionTakesProgressBackToTheCheckpoint) {
  const World world = tiny_world({"110111"}, {.checkpoint_interval_s = 120});
  backtest::Run run(world);
  ASSERT_TRUE(run.act(spot(0)).ok());
  ASSERT_TRUE(run.act(policy::hold()).ok());
  EXPECT_TRUE(run.look().preempted);
  EXPECT_FALSE(run.look().held);
  EXPECT_EQ(run.look().progress_s, 120);
}

TEST(Run, AWillingReleaseKeepsAllProgress) {
  const World world = tiny_world({"110111"}, {.checkpoint_interval_s = 120});
  backtest::Run run(world);
  ASSERT_TRUE(run.act(spot(0)).ok());
  ASSERT_TRUE(run.act(policy::stop()).ok());
  EXPECT_EQ(run.look().progress_s, 50);
  EXPECT_EQ(run.look().checkpoint_s, 50);
}

TEST(Run, AMoveToAnotherRegionCostsTimeAndEgress) {
  // 50 s done; then 130 s of set-up; then 70, 100 and the last 80.
  const World world =
      tiny_world({"11111111", "11111111"},
                 {.checkpoint_gb = 10, .transfer_s = 80, .egress_usd_per_gb = 0.05, .regions = "ab"});
  const Outcome outcome = go(world, {{0, spot(0)}, {1, spot(1)}});
  EXPECT_NEAR(outcome.egress_usd, 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(outcome.finished_s, 480);
  EXPECT_NEAR(outcome.cost_usd, 0.98, 1e-9);
}

TEST(Run, AMissedDeadlineCostsThreeTimesWhatIsLeft) {
  const Outcome outcome = go(tiny_world({"00000"}), {});
  EXPECT_FALSE(outcome.finished);
  EXPECT_NEAR(outcome.cost_usd, 10.5, 1e-9);
}

TEST(Run, ABlindAttemptCostsATickAndNoMoney) {
  const World world = tiny_world({"011111"}, {.info = policy::Info::held});
  backtest::Run run(world);
  EXPECT_EQ(run.look().capacity[0], Seen::unknown);
  ASSERT_TRUE(run.act(spot(0)).ok());
  EXPECT_FALSE(run.look().held);
  ASSERT_TRUE(run.look().last_attempt);
  EXPECT_FALSE(run.look().last_attempt->ok);
  EXPECT_EQ(run.look().cost_usd, 0);
}

TEST(Run, WhatIsHeldGoesOnWhenAnAttemptFails) {
  const World world = tiny_world({"00000", "00000"}, {.info = policy::Info::held});
  backtest::Run run(world);
  ASSERT_TRUE(run.act(on_demand(0)).ok());
  ASSERT_TRUE(run.act(spot(1)).ok());
  EXPECT_EQ(run.look().held->purchase, Purchase::on_demand);
  EXPECT_EQ(run.look().progress_s, 150);
}

TEST(Run, SpotThatIsShownToBeDownIsRefused) {
  const World world = tiny_world({"0111"});
  backtest::Run run(world);
  EXPECT_FALSE(run.act(spot(0)).ok());
  EXPECT_FALSE(run.act(spot(1)).ok());
  EXPECT_FALSE(run.act(on_demand(-1)).ok());
}

TEST(Run, TheRegionOfWhatIsHeldElseOfTheCheckpointIsShown) {
  const World world = tiny_world({"1111", "1111", "1111"}, {.info = policy::Info::region, .regions = "aab"});
  backtest::Run run(world);
  EXPECT_EQ(run.look().capacity, (std::vector<Seen>{Seen::up, Seen::up, Seen::unknown}));
  ASSERT_TRUE(run.act(spot(2)).ok());
  EXPECT_EQ(run.look().capacity, (std::vector<Seen>{Seen::unknown, Seen::unknown, Seen::up}));
  ASSERT_TRUE(run.act(policy::stop()).ok());
  EXPECT_EQ(run.look().capacity[2], Seen::up) << "the checkpoint lies there";
}

}  // namespace
}  // namespace tradewind::backtest
