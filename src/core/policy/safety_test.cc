#include "core/policy/safety.h"

#include <gtest/gtest.h>

#include "core/policy/player_registry.h"

namespace tradewind::policy {
namespace {

// Ticks of 100 s, 300 s of work, 50 s of set-up, and 30 s more to the other region.
Problem two_regions(int deadline_ticks) {
  Problem problem;
  problem.id = "p";
  problem.tick_s = 100;
  problem.deadline_ticks = deadline_ticks;
  problem.work_s = 300;
  problem.cold_start_s = 50;
  problem.checkpoint_gb = 10;
  problem.transfer_s = 30;
  problem.zones = {
      {"a1", "p", "a", "a1", 36, 0}, {"a2", "p", "a", "a2", 30, 0}, {"b1", "p", "b", "b1", 20, 1}};
  problem.regions = {"a", "b"};
  problem.move_usd = {0, 2, 3, 0};
  return problem;
}

Sight sight_at(int tick, double progress = 0) {
  Sight sight;
  sight.tick = tick;
  sight.progress_s = sight.checkpoint_s = progress;
  sight.capacity = {Seen::up, Seen::up, Seen::up};
  sight.spot_per_h = {4, 5, 6};
  if (progress > 0) sight.checkpoint_region = 0;
  return sight;
}

Sight holding(Sight sight, int zone, Purchase purchase, double setup_left_s = 0) {
  sight.held = Holding{zone, purchase};
  sight.setup_left_s = setup_left_s;
  return sight;
}

TEST(Safety, SetUpGrowsByTheMoveOnceThereIsProgress) {
  const Problem problem = two_regions(10);
  EXPECT_EQ(setup_s(problem, sight_at(0), 2), 50);
  EXPECT_EQ(move_usd(problem, sight_at(0), 2), 0);
  EXPECT_EQ(setup_s(problem, sight_at(3, 100), 2), 80);
  EXPECT_EQ(move_usd(problem, sight_at(3, 100), 2), 2);
  EXPECT_EQ(setup_s(problem, sight_at(3, 100), 1), 50);
}

TEST(Safety, SavedProgressIsTheLargestMultipleReachedOrALaterOne) {
  Problem problem = two_regions(10);
  EXPECT_EQ(saved_at(problem, 130, 20), 130);
  problem.checkpoint_interval_s = 60;
  EXPECT_EQ(saved_at(problem, 130, 20), 120);
  EXPECT_EQ(saved_at(problem, 120, 20), 120);
  EXPECT_EQ(saved_at(problem, 130, 125), 125);
}

TEST(Safety, IdlingIsSafeUntilTheLastMomentForOnDemand) {
  const Problem problem =
      two_regions(10);  // 350 s are needed: the launch may be in tick 6, and not in tick 7
  EXPECT_TRUE(is_safe(problem, sight_at(5), hold()));
  EXPECT_FALSE(is_safe(problem, sight_at(6), hold()));
  EXPECT_TRUE(can_be_saved(problem, sight_at(6)));
  EXPECT_FALSE(can_be_saved(problem, sight_at(7)));
  EXPECT_FALSE(can_be_saved(problem, sight_at(6), 51)) << "of 400 s, 350 are needed and 51 reserved";
  EXPECT_TRUE(is_safe(problem, sight_at(5), hold(), 50));
  EXPECT_FALSE(is_safe(problem, sight_at(5), hold(), 51));
}

TEST(Safety, WhatAPreemptionWouldTakeIsCountedAsLost) {
  Problem problem = two_regions(10);
  problem.checkpoint_interval_s = 200;
  Sight sight = holding(sight_at(6, 150), 0, Purchase::spot);
  sight.checkpoint_s = 0;
  // At the end of the tick 250 s are done and 200 kept: 150 s are needed, 300 are left.
  EXPECT_TRUE(is_safe(problem, sight, hold()));
  sight.progress_s = 90;  // 190 done and nothing kept: 350 s are needed
  EXPECT_FALSE(is_safe(problem, sight, hold()));
  // A willing release keeps the 90 s: 260 s are needed.
  EXPECT_TRUE(is_safe(problem, sight, stop()));
  EXPECT_TRUE(is_safe(problem, sight, launch(1, Purchase::on_demand)));
}

TEST(Safety, AnAttemptThatMayFailMustBeSafeBothWays) {
  Problem problem = two_regions(10);
  problem.info = Info::held;
  Sight sight = sight_at(6);
  sight.capacity = {Seen::unknown, Seen::unknown, Seen::unknown};
  EXPECT_FALSE(is_safe(problem, sight, launch(0, Purchase::spot))) << "it may fail, and the tick is gone";
  sight.capacity[0] = Seen::up;
  EXPECT_TRUE(is_safe(problem, sight, launch(0, Purchase::spot))) << "50 s are done even if it is lost then";
  sight = holding(sight_at(6, 20), 0, Purchase::on_demand);
  sight.capacity = {Seen::unknown, Seen::unknown, Seen::unknown};
  EXPECT_TRUE(is_safe(problem, sight, launch(0, Purchase::spot))) << "on failure on-demand goes on";
  EXPECT_FALSE(is_safe(problem, sight, launch(2, Purchase::spot)))
      << "80 s of set-up: 40 done, 310 needed, 300 left";
}

TEST(Safety, WorkThatEndsInThisTickNeedsNothingMore) {
  const Problem problem = two_regions(10);
  EXPECT_TRUE(is_safe(problem, holding(sight_at(9, 200), 0, Purchase::spot), hold()));
  EXPECT_FALSE(is_safe(problem, holding(sight_at(9, 199), 0, Purchase::spot), hold()));
}

TEST(Safety, RescueTakesTheCheapestZoneWhereTheCheckpointLies) {
  const Problem problem = two_regions(10);
  Answer answer = rescue(problem, sight_at(0));
  EXPECT_EQ(answer.launch, (Holding{2, Purchase::on_demand}));
  answer = rescue(problem, sight_at(3, 100));
  EXPECT_EQ(answer.launch, (Holding{1, Purchase::on_demand}));
  EXPECT_EQ(rescue(problem, holding(sight_at(3, 100), 0, Purchase::on_demand, 50)).action,
            Answer::Action::hold);
  answer = rescue(problem, holding(sight_at(3, 100), 2, Purchase::on_demand, 80));
  EXPECT_EQ(answer.launch, (Holding{1, Purchase::on_demand})) << "the move would end later";
}

TEST(Safety, RescueHoldsSpotThatMayYetBeInTimeWhenOnDemandIsNot) {
  const Problem problem = two_regions(10);
  EXPECT_EQ(rescue(problem, holding(sight_at(8, 100), 0, Purchase::spot)).action, Answer::Action::hold);
  EXPECT_EQ(rescue(problem, holding(sight_at(8, 90), 0, Purchase::spot)).action, Answer::Action::launch);
}

TEST(Safety, UsableAnswersNameAZoneThatIsNotShownToBeDown) {
  const Problem problem = two_regions(10);
  Sight sight = sight_at(0);
  sight.capacity = {Seen::up, Seen::down, Seen::unknown};
  EXPECT_TRUE(is_usable(problem, sight, launch(0, Purchase::spot)));
  EXPECT_FALSE(is_usable(problem, sight, launch(1, Purchase::spot)));
  EXPECT_TRUE(is_usable(problem, sight, launch(1, Purchase::on_demand)));
  EXPECT_TRUE(is_usable(problem, sight, launch(2, Purchase::spot)));
  EXPECT_FALSE(is_usable(problem, sight, launch(3, Purchase::on_demand)));
  EXPECT_FALSE(is_usable(problem, sight, launch(-1, Purchase::on_demand)));
}

class Nonsense final : public Player {
 public:
  explicit Nonsense(Answer answer) : answer_(answer) {}
  Answer decide(const Sight&) override { return answer_; }

 private:
  Answer answer_;
};

TEST(Safety, AGuardedPlayerIsOverruledWhereItWouldBeLate) {
  const Problem problem = two_regions(10);
  Guarded idle(std::make_unique<Nonsense>(hold()), problem);
  EXPECT_EQ(idle.decide(sight_at(5)).action, Answer::Action::hold);
  EXPECT_EQ(idle.decide(sight_at(6)).action, Answer::Action::launch);
  Guarded unusable(std::make_unique<Nonsense>(launch(77, Purchase::spot)), problem);
  EXPECT_EQ(unusable.decide(sight_at(0)).launch, (Holding{2, Purchase::on_demand}));
}

TEST(PlayerRegistry, MakesEveryPlayerThatItNames) {
  const Problem problem = two_regions(10);
  for (const std::string_view name : player_names()) {
    const std::unique_ptr<Player> player = make_player(name, problem);
    ASSERT_NE(player, nullptr) << name;
    EXPECT_TRUE(is_usable(problem, sight_at(0), player->decide(sight_at(0)))) << name;
  }
  EXPECT_EQ(make_player("nope", problem), nullptr);
}

TEST(Players, GreedyWaitsForSpotAndFailoverTakesTheCheapestZoneThatIsUp) {
  const Problem problem = two_regions(10);
  Sight sight = sight_at(0);
  sight.capacity = {Seen::down, Seen::up, Seen::up};
  EXPECT_EQ(make_player("greedy", problem)->decide(sight).action, Answer::Action::hold);
  EXPECT_EQ(make_player("failover", problem)->decide(sight).launch, (Holding{1, Purchase::spot}));
  sight.spot_per_h[1] = 30;  // as dear as its on-demand
  EXPECT_EQ(make_player("failover", problem)->decide(sight).launch, (Holding{2, Purchase::spot}));
}

TEST(Players, GreedyTakesOnDemandAtTheLastMomentOnly) {
  const Problem problem = two_regions(10);
  const std::unique_ptr<Player> greedy = make_player("greedy", problem);
  Sight sight = sight_at(5);
  sight.capacity[0] = Seen::down;
  EXPECT_EQ(greedy->decide(sight).action, Answer::Action::hold);
  sight.tick = 6;
  EXPECT_EQ(greedy->decide(sight).launch.purchase, Purchase::on_demand);
}

TEST(Players, UniformProgressBuysOnDemandBehindItsLineAndStopsAheadOfIt) {
  const Problem problem = two_regions(10);  // the line rises by 30 s a tick
  const std::unique_ptr<Player> uniform = make_player("uniform_progress", problem);
  Sight sight = sight_at(2, 61);
  sight.capacity[0] = Seen::down;
  EXPECT_EQ(uniform->decide(sight).action, Answer::Action::hold);
  sight.progress_s = 59;
  EXPECT_EQ(uniform->decide(sight).launch, (Holding{1, Purchase::on_demand}));
  // On on-demand it goes on until two set-ups (30 s of line) ahead.
  sight = holding(sight_at(3, 119), 1, Purchase::on_demand);
  sight.capacity[0] = Seen::down;
  EXPECT_EQ(uniform->decide(sight).action, Answer::Action::hold);
  sight.progress_s = 121;
  EXPECT_EQ(uniform->decide(sight).action, Answer::Action::stop);
  sight.capacity[0] = Seen::up;
  EXPECT_EQ(uniform->decide(sight).launch, (Holding{0, Purchase::spot}));
}

TEST(Players, BlindAttemptsGoRoundTheZones) {
  Problem problem = two_regions(50);
  problem.info = Info::held;
  const std::unique_ptr<Player> failover = make_player("failover", problem);
  Sight sight = sight_at(0);
  sight.capacity = {Seen::unknown, Seen::unknown, Seen::unknown};
  std::vector<int> tried;
  for (sight.tick = 0; sight.tick < 4; ++sight.tick) {
    const Answer answer = failover->decide(sight);
    ASSERT_EQ(answer.action, Answer::Action::launch);
    tried.push_back(answer.launch.zone);
    sight.last_attempt = Attempt{answer.launch, false};
  }
  EXPECT_EQ(tried, (std::vector<int>{0, 1, 2, 0}));
}

}  // namespace
}  // namespace tradewind::policy
