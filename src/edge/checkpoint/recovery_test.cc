#include "edge/checkpoint/recovery.h"

#include <gtest/gtest.h>

#include "edge/checkpoint/testing/job_world.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::checkpoint {
namespace {

class Recovery : public testing::Test {
 protected:
  Recovery() { place_.standby = {world_.standby.get()}; }
  void save(const ChunkPlace& place, double step) {
    world_.write("w", noise(1000, static_cast<std::uint64_t>(step)));
    world_.commit(place, step);
  }
  std::vector<RecoveryPoint> points(const ChunkPlace& place) {
    const auto ledger = read_ledger(*world_.home, place.job_prefix, 0);
    EXPECT_TRUE(ledger.ok());
    return recovery_points(place, ledger.value_or({}));
  }
  JobWorld world_;
  ChunkPlace place_ = world_.place();
};

TEST_F(Recovery, OfAJobWithoutCheckpointsThereIsNone) {
  ASSERT_EQ(points(place_).size(), 2U);
  EXPECT_FALSE(points(place_)[0].step || points(place_)[1].step);
  EXPECT_EQ(points(place_)[1].problem, "");
}

TEST_F(Recovery, AStandbyStoreThatLagsHasAnEarlierOne) {
  save(place_, 1);
  save(place_, 2);
  save(world_.place(), 3);
  const std::vector<RecoveryPoint> found = points(place_);
  ASSERT_TRUE(found[0].step && found[1].step);
  EXPECT_EQ(*found[0].step, 3);
  EXPECT_EQ(found[0].store_url, world_.home->url());
  EXPECT_EQ(*found[1].step, 2);
}

TEST_F(Recovery, AStoreThatDoesNotAnswerIsNamedAsSuch) {
  save(place_, 1);
  objectstore::FaultStore away(*world_.standby, [](const objectstore::FaultStore::Call&) -> Status {
    return Error{Code::unavailable, "away"};
  });
  ChunkPlace place = place_;
  place.standby = {&away};
  const std::vector<RecoveryPoint> found = points(place);
  EXPECT_EQ(*found[0].step, 1);
  EXPECT_FALSE(found[1].step);
  EXPECT_EQ(found[1].problem, "away");
}

}  // namespace
}  // namespace tradewind::checkpoint
