#include <gtest/gtest.h>
#include <limits>

#include "core/policy/players.h"

namespace tradewind::policy {
namespace {

constexpr double hour = 3600;
constexpr double never = std::numeric_limits<double>::infinity();

// Ten hours of work: zone 0 is free and has a queue of three hours, zone 1 costs 40 USD at once.
class Burst : public ::testing::Test {
 protected:
  Burst() {
    problem_.tick_s = 60;
    problem_.deadline_ticks = 1'000'000;
    problem_.work_s = 10 * hour;
    problem_.info = Info::held;
    for (int i = 0; i < 2; ++i) {
      problem_.regions.push_back("r" + std::to_string(i));
      problem_.zones.push_back({"z" + std::to_string(i), i == 0 ? "slurm" : "aws", problem_.regions.back(),
                                "", i == 0 ? 0.0 : 4.0, i});
    }
    problem_.move_usd.assign(4, 0);
    sight_.capacity.assign(2, Seen::unknown);
    sight_.spot_per_h.assign(2, 1e6);
    sight_.barred.assign(2, 0);
    runs_ = {{{}, {0, 10 * hour, 11 * hour, 3 * hour, 9 * hour}}, {{}, {40, 10 * hour, 11 * hour, 0, 0}}};
  }
  Answer decide(double deadline_s = never) {
    player_ = burst_player(problem_, runs_, deadline_s);
    return player_->decide(sight_);
  }
  void stand_in_queue(double rest_s, double rest_sure_s) {
    sight_.held = queue_;
    sight_.queued = Queued{rest_s, rest_sure_s};
  }

  const Holding queue_{0, Purchase::on_demand};
  const Holding rented_{1, Purchase::on_demand};
  Problem problem_;
  Sight sight_;
  std::vector<WholeRuns> runs_;
  std::unique_ptr<Player> player_;
};

TEST_F(Burst, QueuesForItsOwnMachinesWhereTimeIsWorthLess) {
  problem_.waiting_usd_per_h = 13;  // 39 USD for three hours
  EXPECT_EQ(decide().launch, queue_);
  EXPECT_NE(player_->why().find("worth a wait of 3.00 h"), std::string::npos) << player_->why();
  problem_.waiting_usd_per_h = 14;
  EXPECT_EQ(decide().launch, rented_);
}

TEST_F(Burst, LeavesTheQueueWhenWaitingOnCostsMoreThanRenting) {
  problem_.waiting_usd_per_h = 10;
  stand_in_queue(3.9 * hour, 9 * hour);
  EXPECT_EQ(decide().action, Answer::Action::hold);
  stand_in_queue(4.5 * hour, 12 * hour);
  EXPECT_EQ(decide().launch, rented_);
  EXPECT_NE(player_->why().find("4.50 h sooner at 10.00 USD an hour"), std::string::npos) << player_->why();
}

TEST_F(Burst, HoldsWhatRuns) {
  problem_.waiting_usd_per_h = 1000;
  sight_.held = queue_;
  EXPECT_EQ(decide().action, Answer::Action::hold);
}

TEST_F(Burst, StaysInTheQueueUntilRentingMustSaveTheDeadline) {
  stand_in_queue(3 * hour, 9 * hour);
  EXPECT_EQ(decide(15 * hour).action, Answer::Action::hold);  // renting would do for hours yet
  sight_.tick = static_cast<int>((15 - 11) * 60) - 3;         // three ticks before it no more does
  EXPECT_EQ(decide(15 * hour).action, Answer::Action::hold);
  sight_.tick += 2;
  EXPECT_EQ(decide(15 * hour).launch, rented_);
  EXPECT_NE(player_->why().find("not sure to keep the deadline"), std::string::npos) << player_->why();
}

TEST_F(Burst, TakesWhatIsSureToEndFirstWhereNothingIsInTime) {
  EXPECT_EQ(decide(5 * hour).launch, rented_);
  stand_in_queue(60, 120);
  runs_[1].on_demand.run_s = runs_[1].on_demand.sure_s = 12 * hour;
  EXPECT_EQ(decide(5 * hour).action, Answer::Action::hold);
}

TEST_F(Burst, QueuesOnWhereWhatCouldBeRentedIsRefused) {
  problem_.waiting_usd_per_h = 1000;
  sight_.barred[1] = 3;
  EXPECT_EQ(decide().launch, queue_);
  stand_in_queue(30 * hour, 90 * hour);
  EXPECT_EQ(decide().action, Answer::Action::hold);
}

// What is left to do decides, not the whole job.
TEST_F(Burst, CountsWhatIsDone) {
  problem_.waiting_usd_per_h = 10;
  sight_.progress_s = 9 * hour;  // 4 USD for the last hour, against 30 for waiting
  sight_.checkpoint_region = 0;
  EXPECT_EQ(decide().launch, rented_);
  problem_.move_usd = {0, 50, 0, 0};
  EXPECT_EQ(decide().launch, queue_);
}

}  // namespace
}  // namespace tradewind::policy
