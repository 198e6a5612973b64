#include "edge/checkpoint/under_way.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <utility>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copy.h"
#include "edge/checkpoint/parallel.h"
#include "edge/checkpoint/testing/job_world.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::FaultStore;
using objectstore::Operation;
using objectstore::PutCondition;
using std::chrono::hours;
using std::chrono::minutes;

class UnderWayTest : public testing::Test {
 protected:
  UnderWayTest() : place_(world_.place()) { place_.has_ledger = false; }

  std::vector<std::string> told() {
    std::vector<std::string> keys;
    const auto page = world_.home->list(under_way_folder(place_.job_prefix), "");
    for (const auto& object : page->objects) keys.push_back(object.key);
    return keys;
  }
  Result<Saved> save_to(objectstore::ObjectStore& home) {
    ChunkPlace place = place_;
    place.home = &home;
    SaveRequest request{world_.state(), JobId("j-1"), 1, LeaseId("l-1"), 1, std::nullopt, world_.clock.now()};
    request.clock = &world_.clock;
    return save(request, place);
  }

  JobWorld world_;
  ChunkPlace place_;
  const InOrder in_order_;
};

TEST_F(UnderWayTest, AQuickSaveTellsNothing) {
  world_.write("a", noise(1000, 1));
  int others = 0;
  FaultStore home(*world_.home, [&](const FaultStore::Call& call) {
    others += call.key.find("underway/") == std::string_view::npos ? 0 : 1;
    return Status();
  });
  ASSERT_TRUE(save_to(home).ok());
  EXPECT_EQ(others, 0);
}

// Each file takes 25 minutes; meanwhile somebody prunes all that is older than an hour.
TEST_F(UnderWayTest, ALongSaveLosesNothingToAPruning) {
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    world_.write(name, noise(1000, static_cast<std::uint64_t>(*name)));
  }
  std::size_t most_told = 0;
  FaultStore home(*world_.home, [&](const FaultStore::Call& call) -> Status {
    if (call.operation != Operation::put || call.key.find("chunks/") == std::string_view::npos) return {};
    if (call.moment == FaultStore::Moment::before) return {};
    world_.clock.advance(minutes(25));
    const Result<PrunePlan> plan = plan_prune(place_, 1, world_.clock.now(), hours(1));
    EXPECT_TRUE(plan.ok());
    EXPECT_TRUE(plan->remove_keys.empty());
    EXPECT_TRUE(execute(place_, *plan).ok());
    if (!told().empty()) most_told = std::max(most_told, read_under_way(*world_.home, told()[0])->size());
    return {};
  });
  const Result<Saved> saved = save_to(home);
  ASSERT_TRUE(saved.ok()) << describe(saved.error());
  EXPECT_EQ(most_told, 5U) << "all but the one that is on its way";
  EXPECT_TRUE(told().empty()) << "the manifest tells it now";
  EXPECT_TRUE(verify(place_)->problems.empty());
  EXPECT_TRUE(restore(place_, {saved->id, world_.beside("x")}).ok());
}

TEST_F(UnderWayTest, ASaveThatStoodStillForTooLongBeginsAnew) {
  world_.write("a", noise(1000, 1));
  world_.write("b", noise(1000, 2));
  bool stands = true;
  FaultStore home(*world_.home, [&](const FaultStore::Call& call) -> Status {
    if (call.operation != Operation::put) return {};
    // Nothing can be told either.
    if (call.key.find("underway/") != std::string_view::npos) return Error{Code::unavailable, "no answer"};
    if (std::exchange(stands, false)) world_.clock.advance(minutes(31));
    return {};
  });
  const Result<Saved> saved = save_to(home);
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(saved.error().code, Code::unavailable);
  EXPECT_EQ(objects_in(*world_.home, place_.job_prefix + "manifests/"), 0U);
  EXPECT_TRUE(save_to(home).ok());
}

TEST_F(UnderWayTest, ALongCopyLosesNothingToAPruning) {
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    world_.write(name, noise(1000, static_cast<std::uint64_t>(*name)));
  }
  const Result<Saved> saved = save_to(*world_.home);
  ASSERT_TRUE(saved.ok());
  ChunkPlace to = place_;
  to.home = world_.standby.get();
  FaultStore slow(*world_.standby, [&](const FaultStore::Call& call) -> Status {
    if (call.operation != Operation::put || call.key.find("chunks/") == std::string_view::npos) return {};
    world_.clock.advance(minutes(12));
    EXPECT_TRUE(execute(to, *plan_prune(to, 1, world_.clock.now(), hours(1))).ok());
    return {};
  });
  ChunkPlace slow_to = to;
  slow_to.home = &slow;
  const Result<CopyPlan> plan = plan_copy(place_, slow_to, {saved->id});
  ASSERT_TRUE(plan.ok());
  const auto copied = copy(place_, slow_to, *plan, world_.clock.now(), {}, &world_.clock);
  ASSERT_TRUE(copied.ok()) << describe(copied.error());
  EXPECT_TRUE(verify(to)->problems.empty());
  EXPECT_EQ(objects_in(*world_.standby, under_way_folder(place_.job_prefix)), 0U);
}

TEST_F(UnderWayTest, WhatACutSaveToldGoesWhenItIsOldAndDamageStopsAPruning) {
  const std::string key = under_way_folder(place_.job_prefix) + "one";
  world_.write("a", noise(1000, 1));
  ASSERT_TRUE(save_to(*world_.home).ok());
  ASSERT_TRUE(world_.home->put(key, "no frame", PutCondition::always).ok());
  EXPECT_EQ(plan_prune(place_, 1, world_.clock.now(), hours(1)).error().code, Code::corrupt);
  world_.clock.advance(hours(2));
  const Result<PrunePlan> plan = plan_prune(place_, 1, world_.clock.now(), hours(1));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->remove_keys, std::vector<std::string>{key});
  ASSERT_TRUE(execute(place_, *plan).ok());
  EXPECT_TRUE(told().empty());
}

TEST_F(UnderWayTest, TheExampleOfTheFormatIsRead) {
  const std::string digest = "f0a977efab41ded324c7f0c4abe112426c7fefa2ba4b213f61bc252342f8bfcc";
  ASSERT_TRUE(world_.home->put("underway/x", encode_manifest(digest + "\n"), PutCondition::always).ok());
  EXPECT_EQ(read_under_way(*world_.home, "underway/x").value_or({}), std::set<std::string>{digest});
  ASSERT_TRUE(world_.home->put("underway/x", encode_manifest("short\n"), PutCondition::always).ok());
  EXPECT_EQ(read_under_way(*world_.home, "underway/x").error().code, Code::corrupt);
}

}  // namespace
}  // namespace tradewind::checkpoint
