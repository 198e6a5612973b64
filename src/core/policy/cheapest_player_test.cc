#include <gtest/gtest.h>
#include <limits>

#include "core/policy/players.h"
#include "core/policy/safety.h"

namespace tradewind::policy {
namespace {

constexpr double not_sold = std::numeric_limits<double>::infinity();

// Three zones, one region each.
class Cheapest : public ::testing::Test {
 protected:
  Cheapest() {
    problem_.tick_s = 60;
    problem_.deadline_ticks = 1'000'000;
    problem_.work_s = 3600;
    problem_.info = Info::held;
    for (int i = 0; i < 3; ++i) {
      problem_.regions.push_back("r" + std::to_string(i));
      problem_.zones.push_back({"z" + std::to_string(i), "aws", problem_.regions.back(), "", 3, i});
    }
    problem_.move_usd.assign(9, 0);
    sight_.capacity.assign(3, Seen::unknown);
    sight_.spot_per_h.assign(3, 1);
    sight_.barred.assign(3, 0);
  }
  void bar(int zone, Purchase purchase) {
    auto& bits = sight_.barred[static_cast<std::size_t>(zone)];
    bits = static_cast<std::uint8_t>(bits | 1 << static_cast<int>(purchase));
  }
  Answer decide(std::vector<WholeCost> costs) {
    return cheapest_player(problem_, std::move(costs))->decide(sight_);
  }

  Problem problem_;
  Sight sight_;
};

TEST_F(Cheapest, TakesWhatCostsLeastInExpectationHoweverItIsBought) {
  EXPECT_EQ(decide({{5, 9}, {4, 9}, {6, 9}}).launch, (Holding{1, Purchase::spot}));
  EXPECT_EQ(decide({{5, 9}, {not_sold, 3}, {6, 9}}).launch, (Holding{1, Purchase::on_demand}));
}

TEST_F(Cheapest, PassesOverWhatIsBarredAndWaitsWhereEverythingIs) {
  bar(1, Purchase::spot);
  EXPECT_EQ(decide({{5, 9}, {4, 9}, {6, 9}}).launch, (Holding{0, Purchase::spot}));
  bar(0, Purchase::spot);
  bar(2, Purchase::spot);
  EXPECT_EQ(decide({{5, 9}, {4, 8}, {6, 9}}).launch, (Holding{1, Purchase::on_demand}));
  for (int zone = 0; zone < 3; ++zone) bar(zone, Purchase::on_demand);
  EXPECT_EQ(decide({{5, 9}, {4, 8}, {6, 9}}).action, Answer::Action::hold);
}

TEST_F(Cheapest, HoldsWhatItHas) {
  sight_.held = Holding{2, Purchase::on_demand};
  EXPECT_EQ(decide({{5, 9}, {4, 9}, {6, 9}}).action, Answer::Action::hold);
}

TEST_F(Cheapest, CountsWhatBringingTheCheckpointCosts) {
  sight_.progress_s = sight_.checkpoint_s = 1800;
  sight_.checkpoint_region = 0;
  problem_.move_usd = {0, 2, 2, 2, 0, 2, 2, 2, 0};
  EXPECT_EQ(decide({{5, 9}, {4, 9}, {6, 9}}).launch, (Holding{0, Purchase::spot}));
  EXPECT_EQ(decide({{9, 9}, {4, 9}, {6, 9}}).launch, (Holding{1, Purchase::spot}));
}

// Where on-demand cannot be had, the rule of the deadline takes what can.
TEST_F(Cheapest, RescuePassesOverBarredZones) {
  sight_.progress_s = sight_.checkpoint_s = 1800;
  sight_.checkpoint_region = 0;
  problem_.zones[2].on_demand_per_h = 2;
  EXPECT_EQ(rescue(problem_, sight_).launch, (Holding{0, Purchase::on_demand}));
  bar(0, Purchase::on_demand);
  EXPECT_EQ(rescue(problem_, sight_).launch, (Holding{2, Purchase::on_demand}));
  bar(1, Purchase::on_demand);
  bar(2, Purchase::on_demand);
  bar(0, Purchase::spot);
  EXPECT_EQ(rescue(problem_, sight_).launch, (Holding{1, Purchase::spot}));
  sight_.held = Holding{2, Purchase::spot};
  EXPECT_EQ(rescue(problem_, sight_).action, Answer::Action::hold);
}

}  // namespace
}  // namespace tradewind::policy
