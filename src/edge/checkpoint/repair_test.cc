#include "edge/checkpoint/repair.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <mutex>

#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/history.h"
#include "edge/checkpoint/testing/job_world.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::FaultStore;
using std::chrono::hours;
using std::chrono::minutes;

class RepairTest : public testing::Test {
 protected:
  RepairTest() : place_(world_.place()) {
    place_.standby = {world_.standby.get()};
    for (int i = 0; i < 3; ++i) {
      world_.write("own", noise(1000, static_cast<std::uint64_t>(i)));
      world_.write("shared", noise(5000, 99));
      saved_.push_back(world_.commit(place_, i));
      world_.clock.advance(minutes(1));
    }
  }
  std::string chunk_of(const Saved& saved, std::size_t file) const {
    return chunk_key(place_.job_prefix, saved.manifest.files.at(file).chunks.at(0).digest);
  }
  std::string manifest_of(const Saved& saved) const { return manifest_key(place_.job_prefix, saved.id); }
  RepairReport repair_all(const RepairRequest& request = {}) {
    const Result<RepairReport> report = repair(place_, request);
    EXPECT_TRUE(report.ok()) << describe(report.error());
    return report.value_or(RepairReport{});
  }
  // Of the home store.
  std::size_t problems() {
    ChunkPlace home = place_;
    home.standby = {};
    const Result<VerifyReport> report = verify(home);
    EXPECT_TRUE(report.ok());
    return report.ok() ? report->problems.size() : 999;
  }

  JobWorld world_;
  ChunkPlace place_;
  std::vector<Saved> saved_;
};

TEST_F(RepairTest, WhatIsWholeIsLeftAlone) {
  const RepairReport report = repair_all();
  EXPECT_EQ(report.manifests, 3U);
  EXPECT_EQ(report.chunks, 4U);
  EXPECT_EQ(report.bytes, 8000U);
  EXPECT_TRUE(report.repaired.empty());
  EXPECT_TRUE(report.lost.empty());
}

TEST_F(RepairTest, FlippedCutAndMissingObjectsComeBackFromTheCopy) {
  world_.flip(*world_.home, chunk_of(saved_[0], 0));
  world_.truncate(*world_.home, chunk_of(saved_[1], 0));
  ASSERT_TRUE(world_.home->remove(chunk_of(saved_[2], 0)).ok());
  world_.flip(*world_.home, manifest_of(saved_[1]));
  ASSERT_TRUE(world_.home->remove(manifest_of(saved_[2])).ok());
  const std::size_t before = problems();
  RepairRequest only_look;
  only_look.dry_run = true;
  EXPECT_EQ(repair_all(only_look).repaired.size(), 5U);
  EXPECT_EQ(problems(), before) << "a dry run mends nothing";
  std::uint64_t told = 0;
  RepairRequest request;
  std::mutex mutex;
  request.on_chunk = [&](std::uint64_t bytes) {
    const std::lock_guard lock(mutex);
    told += bytes;
  };
  const RepairReport report = repair_all(request);
  ASSERT_EQ(report.repaired.size(), 5U);
  EXPECT_EQ(report.repaired[0].from, world_.standby->url());
  EXPECT_TRUE(report.lost.empty());
  EXPECT_EQ(report.manifests, 3U);
  EXPECT_EQ(told, 8000U);
  EXPECT_EQ(problems(), 0U);
  EXPECT_TRUE(restore(place_, {saved_[2].id, world_.beside("back")}).ok());
}

TEST_F(RepairTest, ADamagedCopyMendsNothing) {
  world_.flip(*world_.home, chunk_of(saved_[0], 0));
  world_.flip(*world_.standby, chunk_of(saved_[0], 0));
  const Result<std::string> damaged = world_.home->get(chunk_of(saved_[0], 0));
  const RepairReport report = repair_all();
  EXPECT_TRUE(report.repaired.empty());
  ASSERT_EQ(report.lost.size(), 1U);
  EXPECT_TRUE(report.lost[0].starts_with(chunk_of(saved_[0], 0))) << report.lost[0];
  EXPECT_NE(report.lost[0].find(world_.standby->url()), std::string::npos) << report.lost[0];
  EXPECT_EQ(*world_.home->get(chunk_of(saved_[0], 0)), *damaged);
}

TEST_F(RepairTest, WhatWasPrunedStaysAway) {
  ChunkPlace home = place_;
  home.standby = {};
  world_.clock.advance(hours(48));
  ASSERT_TRUE(execute(home, *plan_prune(home, 1, world_.clock.now(), hours(1))).ok());
  const RepairReport report = repair_all();
  EXPECT_EQ(report.manifests, 1U);
  EXPECT_TRUE(report.repaired.empty());
  EXPECT_FALSE(world_.home->get(manifest_of(saved_[0])).ok());
}

TEST_F(RepairTest, ACopyThatDoesNotAnswerIsNamedAndTheHomeStoreMustAnswer) {
  FaultStore away(*world_.standby, [](const FaultStore::Call&) {
    return Status(Error{Code::unavailable, "the copy does not answer"});
  });
  place_.standby = {&away};
  world_.flip(*world_.home, chunk_of(saved_[0], 0));
  const RepairReport report = repair_all();
  ASSERT_EQ(report.lost.size(), 1U);
  EXPECT_NE(report.lost[0].find("the copy does not answer"), std::string::npos);
  FaultStore silent(*world_.home, [](const FaultStore::Call& call) {
    return call.key.find("/chunks/") == std::string::npos
               ? Status()
               : Status(Error{Code::unavailable, "home does not answer"});
  });
  place_.home = &silent;
  EXPECT_EQ(repair(place_, {}).error().code, Code::unavailable);
}

// A save may begin from what was mended, since the store has it as new; a pruning may have planned to remove
// it while it was old.
TEST(RepairWithoutLedger, TheChunksOfAMendedManifestAreYoungWithIt) {
  JobWorld world;
  ChunkPlace place = world.place();
  place.has_ledger = false;
  place.standby = {world.standby.get()};
  std::vector<Saved> saved;
  for (int i = 0; i < 2; ++i) {
    world.write("own", noise(1000, static_cast<std::uint64_t>(i)));
    const Result<Saved> done = world.save_as(place, i);
    ASSERT_TRUE(done.ok());
    saved.push_back(*done);
    world.clock.advance(hours(48));
  }
  const std::string chunk = chunk_key(place.job_prefix, saved[0].manifest.files[0].chunks[0].digest);
  ChunkPlace home = place;
  home.standby = {};
  const Result<PrunePlan> plan = plan_prune(home, 1, world.clock.now(), hours(1));
  ASSERT_TRUE(plan.ok());
  ASSERT_NE(std::ranges::find(plan->remove_keys, chunk), plan->remove_keys.end());
  world.flip(*world.home, manifest_key(place.job_prefix, saved[0].id));
  RepairRequest only_look;
  only_look.dry_run = true;
  const Time before = world.home->stat(chunk)->modified_at;
  ASSERT_TRUE(repair(place, only_look).ok());
  EXPECT_EQ(world.home->stat(chunk)->modified_at, before) << "a dry run touches nothing";
  const Result<RepairReport> report = repair(place, {});
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->repaired.size(), 1U) << "the manifest alone was damaged";
  ASSERT_TRUE(execute(home, *plan).ok());
  EXPECT_TRUE(world.home->get(chunk).ok());
}

// In a store without a ledger the date that the store gave says what came last.
TEST(RepairWithoutLedger, AnOldOneThatWasMendedIsNotTheNewest) {
  JobWorld world;
  ChunkPlace place = world.place();
  place.has_ledger = false;
  place.standby = {world.standby.get()};
  std::vector<ManifestId> saved;
  for (int i = 0; i < 3; ++i) {
    world.write("own", noise(1000, static_cast<std::uint64_t>(i)));
    const Result<Saved> done = world.save_as(place, i);
    ASSERT_TRUE(done.ok());
    saved.push_back(done->id);
    world.clock.advance(hours(48));
  }
  world.flip(*world.home, manifest_key(place.job_prefix, saved[0]));
  FaultStore slow(*world.home, [&](const FaultStore::Call&) {
    world.clock.advance(std::chrono::seconds(1));
    return Status();
  });
  place.home = &slow;
  const Result<RepairReport> report = repair(place, {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->repaired.size(), 1U);
  EXPECT_EQ(committed_checkpoints(place)->back(), saved[2]) << "a save goes on from there";
  EXPECT_EQ(*checkpoints_by_age(place), saved);
  world.clock.advance(hours(48));
  const Result<PrunePlan> plan = plan_prune(place, 2, world.clock.now(), hours(1));
  ASSERT_TRUE(plan.ok());
  ASSERT_TRUE(execute(place, *plan).ok());
  EXPECT_EQ(*checkpoints_by_age(place), (std::vector<ManifestId>{saved[1], saved[2]}));
}

}  // namespace
}  // namespace tradewind::checkpoint
