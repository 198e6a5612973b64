#include "core/policy/tradewind_player.h"

#include <gtest/gtest.h>

#include "core/policy/player_registry.h"
#include "core/policy/safety.h"

namespace tradewind::policy {
namespace {

// A day of work, asked every six minutes; zones 0 and 1 in one region, zone 2 elsewhere.
Problem a_day(double deadline_h, double egress_usd = 1, Info info = Info::all) {
  Problem problem;
  problem.id = "day";
  problem.tick_s = 360;
  problem.deadline_ticks = static_cast<int>(deadline_h * 10);
  problem.work_s = 24 * 3600;
  problem.cold_start_s = 180;
  problem.transfer_s = 60;
  problem.info = info;
  problem.zones = {{"a1", "p", "a", "a1", 3, 0}, {"a2", "p", "a", "a2", 3, 0}, {"b1", "p", "b", "b1", 3, 1}};
  problem.regions = {"a", "b"};
  problem.move_usd = {0, egress_usd, egress_usd, 0};
  return problem;
}

Sight at_tick(int tick, std::vector<Seen> capacity, double progress_h = 0) {
  Sight sight;
  sight.tick = tick;
  sight.capacity = std::move(capacity);
  sight.spot_per_h = {0.9, 0.9, 0.9};
  sight.progress_s = sight.checkpoint_s = progress_h * 3600;
  if (progress_h > 0) sight.checkpoint_region = 0;
  return sight;
}

constexpr Seen up = Seen::up;
constexpr Seen down = Seen::down;
constexpr Seen unknown = Seen::unknown;

bool launches(const Answer& answer, int zone, Purchase purchase) {
  return answer.action == Answer::Action::launch && answer.launch == Holding{zone, purchase};
}

TEST(Tradewind, TakesSpotThatIsThereAndKeepsIt) {
  const Problem problem = a_day(36);
  TradewindPlayer player(problem);
  EXPECT_TRUE(launches(player.decide(at_tick(0, {up, down, down})), 0, Purchase::spot));
  Sight sight = at_tick(1, {up, up, up}, 0.05);
  sight.held = Holding{0, Purchase::spot};
  EXPECT_EQ(player.decide(sight).action, Answer::Action::hold);
}

TEST(Tradewind, StartsWhereItCostsLess) {
  const Problem problem = a_day(36);
  TradewindPlayer player(problem);
  Sight sight = at_tick(0, {up, up, up});
  sight.spot_per_h = {0.9, 0.6, 0.8};
  EXPECT_TRUE(launches(player.decide(sight), 1, Purchase::spot));
}

TEST(Tradewind, WaitsAtHomeWhereTimeIsPlentyAndMovingIsDear) {
  const Problem problem = a_day(60, 30);
  TradewindPlayer player(problem);
  player.decide(at_tick(0, {up, up, up}));
  EXPECT_EQ(player.decide(at_tick(1, {down, down, up}, 0.1)).action, Answer::Action::hold);
  EXPECT_LT(player.weighed().wait, player.weighed().launch[2]);
}

TEST(Tradewind, MovesWhereMovingIsCheap) {
  const Problem problem = a_day(25.5, 0.05);
  TradewindPlayer player(problem);
  player.decide(at_tick(0, {up, up, up}));
  EXPECT_TRUE(launches(player.decide(at_tick(1, {down, down, up}, 0.1)), 2, Purchase::spot)) << player.why();
}

TEST(Tradewind, BuysOnDemandWhenNothingElseKeepsTheDeadline) {
  const Problem problem = a_day(24.1);
  TradewindPlayer player(problem);
  const Answer answer = player.decide(at_tick(0, {down, down, down}));
  EXPECT_TRUE(answer.action == Answer::Action::launch && answer.launch.purchase == Purchase::on_demand);
}

TEST(Tradewind, GoesBackToSpotFromOnDemand) {
  const Problem problem = a_day(30);
  TradewindPlayer player(problem);
  Sight sight = at_tick(0, {down, down, down});
  player.decide(sight);
  for (int tick = 1; tick < 30; ++tick) {
    sight = at_tick(tick, {down, down, down}, 0.1 * tick);
    sight.held = Holding{0, Purchase::on_demand};
    player.decide(sight);
  }
  sight = at_tick(30, {up, up, down}, 3);
  sight.held = Holding{0, Purchase::on_demand};
  const Answer answer = player.decide(sight);
  EXPECT_TRUE(answer.action == Answer::Action::launch && answer.launch.purchase == Purchase::spot);
}

TEST(Tradewind, LeavesASpotMachineOnlyForAGain) {
  const Problem problem = a_day(36);
  TradewindPlayer player(problem);
  player.decide(at_tick(0, {up, up, up}));
  Sight sight = at_tick(1, {up, up, up}, 0.05);
  sight.held = Holding{0, Purchase::spot};
  sight.spot_per_h = {0.9, 0.88, 0.88};
  EXPECT_EQ(player.decide(sight).action, Answer::Action::hold);
  sight.tick = 2;
  sight.spot_per_h = {0.9, 0.3, 0.9};
  EXPECT_TRUE(launches(player.decide(sight), 1, Purchase::spot));
}

TEST(Tradewind, SearchesBlindlyWhereCapacityIsLikeliestForItsPrice) {
  const Problem problem = a_day(36, 1, Info::held);
  TradewindPlayer player(problem);
  Sight sight = at_tick(0, {unknown, unknown, unknown});
  sight.spot_per_h = {0.9, 0.5, 0.9};
  EXPECT_TRUE(launches(player.decide(sight), 1, Purchase::spot));
  for (int tick = 1; tick < 4; ++tick) {  // what was refused is hardly there a moment later
    Sight next = sight;
    next.tick = tick;
    next.last_attempt = Attempt{{1, Purchase::spot}, false};
    const Answer answer = player.decide(next);
    if (tick > 1) continue;
    EXPECT_FALSE(launches(answer, 1, Purchase::spot));
  }
}

TEST(Tradewind, TellsWhyInNumbers) {
  const Problem problem = a_day(36);
  const auto player = make_player("tradewind", problem);
  player->decide(at_tick(0, {up, down, down}));
  const std::string why = player->why();
  for (const char* part : {"spot in a1", "USD", "waiting", "on demand", "h of slack", "times an hour"}) {
    EXPECT_NE(why.find(part), std::string::npos) << part << " is not in: " << why;
  }
}

// Ticks until on-demand is bought while nothing is to be had.
int patience(const Problem& problem) {
  TradewindPlayer player(problem);
  for (int tick = 0; tick < 200; ++tick) {
    if (player.decide(at_tick(tick, {down, down, down})).action == Answer::Action::launch) return tick;
  }
  return 200;
}

TEST(Tradewind, AnHourThatIsWorthMuchIsNotWaited) {
  Problem problem = a_day(24 * 30, 1);  // as good as none
  EXPECT_EQ(patience(problem), 200);
  problem.waiting_usd_per_h = 6;
  const int some = patience(problem);
  EXPECT_LT(some, 200);
  problem.waiting_usd_per_h = 40;
  EXPECT_LT(patience(problem), some);
}

TEST(Tradewind, ABudgetIsNeverExceeded) {
  Problem problem = a_day(48);
  problem.budget_usd = 5;
  const auto player = make_player("tradewind", problem);
  Sight sight = at_tick(0, {up, up, up});
  EXPECT_TRUE(launches(player->decide(sight), 0, Purchase::spot));
  sight = at_tick(1, {up, up, up}, 5);
  sight.held = Holding{0, Purchase::spot};
  sight.cost_usd = 4.90;
  EXPECT_EQ(player->decide(sight).action, Answer::Action::hold);  // 0.09 USD a tick
  sight.tick = 2;
  sight.cost_usd = 4.99;
  EXPECT_EQ(player->decide(sight).action, Answer::Action::stop);
  EXPECT_NE(player->why().find("4.99 of the budget's 5 USD"), std::string::npos) << player->why();
  sight.held.reset();
  sight.cost_usd = 4.90;  // a tick would be paid for, not the set-up before it
  EXPECT_NE(player->decide(sight).action, Answer::Action::launch);
}

TEST(Tradewind, WhatIsNotSoldIsNotBought) {
  Problem problem = a_day(24 * 30);
  for (Zone& zone : problem.zones) zone.on_demand_per_h = not_sold_per_h;
  TradewindPlayer player(problem);
  EXPECT_EQ(player.decide(at_tick(0, {down, down, down})).action, Answer::Action::hold);
  EXPECT_TRUE(launches(player.decide(at_tick(1, {down, up, down})), 1, Purchase::spot));
}

}  // namespace
}  // namespace tradewind::policy
