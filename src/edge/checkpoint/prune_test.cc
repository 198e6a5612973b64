#include <algorithm>
#include <gtest/gtest.h>
#include <utility>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/testing/job_world.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::FaultStore;
using objectstore::Operation;
using objectstore::PutCondition;
using std::chrono::hours;
using std::chrono::minutes;

constexpr const char* prefix = "tradewind/o/jobs/j-1/";

// Commits `count` checkpoints: one chunk of their own each, and one that all share.
std::vector<Saved> commit_some(JobWorld& world, const ChunkPlace& place, int count) {
  std::vector<Saved> saved;
  world.write("shared", noise(5000, 99));
  for (int i = 0; i < count; ++i) {
    world.write("own", noise(1000, static_cast<std::uint64_t>(i)));
    saved.push_back(world.commit(place, i));
    world.clock.advance(minutes(1));
  }
  return saved;
}

TEST(Prune, TheNewestStayWholeAndTheRestGoes) {
  JobWorld world;
  const ChunkPlace place = world.place();
  const std::vector<Saved> saved = commit_some(world, place, 5);
  world.clock.advance(hours(48));
  const Result<PrunePlan> plan = plan_prune(place, 2, world.clock.now(), hours(24));
  ASSERT_TRUE(plan.ok()) << describe(plan.error());
  EXPECT_EQ(plan->keep_manifests, 2U);
  EXPECT_EQ(plan->remove_keys.size(), 6U) << "three manifests, three chunks";
  EXPECT_GT(plan->remove_bytes, 3000U);
  EXPECT_EQ(objects_in(*world.home, std::string(prefix) + "chunks/"), 6U) << "a plan removes nothing";
  ASSERT_TRUE(execute(place, *plan).ok());
  EXPECT_EQ(objects_in(*world.home, std::string(prefix) + "chunks/"), 3U);
  EXPECT_EQ(objects_in(*world.home, std::string(prefix) + "manifests/"), 2U);
  EXPECT_FALSE(read_manifest(place, saved[2].id).ok());
  for (const Saved& kept : {saved[3], saved[4]})
    EXPECT_TRUE(restore(place, {kept.id, world.beside("x")}).ok());
  EXPECT_TRUE(plan_prune(place, 2, world.clock.now(), hours(24))->remove_keys.empty());
  const Result<VerifyReport> report = verify(place);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->problems.empty()) << "what was pruned is not missed: " << report->problems[0];
  EXPECT_EQ(report->manifests, 2U);
}

TEST(Prune, YoungChunksAreSparedAndGoLater) {
  JobWorld world;
  const ChunkPlace place = world.place();
  commit_some(world, place, 3);
  const Result<PrunePlan> young = plan_prune(place, 1, world.clock.now(), hours(1));
  ASSERT_TRUE(young.ok());
  ASSERT_EQ(young->remove_keys.size(), 2U);
  for (const std::string& key : young->remove_keys) EXPECT_NE(key.find("/manifests/"), std::string::npos);
  ASSERT_TRUE(execute(place, *young).ok());
  world.clock.advance(hours(2));
  EXPECT_EQ(plan_prune(place, 1, world.clock.now(), hours(1))->remove_keys.size(), 2U);
}

TEST(Prune, ASaveThatIsNotYetCommittedSurvives) {
  JobWorld world;
  const ChunkPlace place = world.place();
  commit_some(world, place, 2);
  world.clock.advance(hours(48));
  world.write("own", "under way");
  const Result<Saved> under_way = world.save_as(place, 9);
  ASSERT_TRUE(under_way.ok());
  ASSERT_TRUE(execute(place, *plan_prune(place, 1, world.clock.now(), hours(24))).ok());
  EXPECT_TRUE(restore(place, {under_way->id, world.beside("x")}).ok());
  world.clock.advance(hours(48));
  ASSERT_TRUE(execute(place, *plan_prune(place, 1, world.clock.now(), hours(24))).ok());
  EXPECT_FALSE(read_manifest(place, under_way->id).ok()) << "it was never committed, and is old now";
}

// It may have been committed since the ledger was read: what it needs is not known until it is old.
TEST(Prune, AYoungManifestThatCannotBeReadPutsThePruningOff) {
  JobWorld world;
  const ChunkPlace place = world.place();
  commit_some(world, place, 2);
  world.clock.advance(hours(48));
  world.write("own", "under way");
  const Result<Saved> under_way = world.save_as(place, 9);
  ASSERT_TRUE(under_way.ok());
  world.flip(*world.home, manifest_key(prefix, under_way->id));
  EXPECT_EQ(plan_prune(place, 1, world.clock.now(), hours(24)).error().code, Code::corrupt);
  world.clock.advance(hours(48));
  EXPECT_TRUE(plan_prune(place, 1, world.clock.now(), hours(24)).ok());
}

TEST(Prune, AChunkThatASaveTookUpAgainAfterThePlanSurvives) {
  JobWorld world;
  const ChunkPlace place = world.place();
  commit_some(world, place, 3);
  world.clock.advance(hours(48));
  const Result<PrunePlan> plan = plan_prune(place, 1, world.clock.now(), hours(24));
  ASSERT_TRUE(plan.ok());
  world.write("own", noise(1000, 0));  // as in the first checkpoint, whose chunks the plan removes
  const Saved again = world.commit(place, 10);
  ASSERT_TRUE(execute(place, *plan).ok());
  EXPECT_TRUE(restore(place, {again.id, world.beside("x")}).ok());
}

// Plans to keep one of three, and carries the plan out while, just before the removal of the first chunk of
// `store`, the state comes back that has that chunk.
void prune_while_a_save_takes_up(JobWorld& world, const ChunkPlace& place, const std::string& chunk) {
  world.clock.advance(hours(48));
  const Result<PrunePlan> plan = plan_prune(place, 1, world.clock.now(), hours(1));
  ASSERT_TRUE(plan.ok());
  ASSERT_NE(std::ranges::find(plan->remove_keys, chunk), plan->remove_keys.end());
  bool taken_up = false;
  FaultStore home(*world.home, [&](const FaultStore::Call& call) -> Status {
    if (call.operation != Operation::remove || call.key != chunk || std::exchange(taken_up, true)) return {};
    world.write("own", noise(1000, 0));
    ChunkPlace alone = world.place();
    EXPECT_TRUE(world.save_as(alone, 9).ok());
    return {};
  });
  ChunkPlace watched = place;
  watched.home = &home;
  ASSERT_TRUE(execute(watched, *plan).ok());
  EXPECT_TRUE(taken_up);
}

TEST(Prune, AChunkThatASaveTakesUpJustBeforeItsRemovalSurvivesInEveryStore) {
  JobWorld world;
  ChunkPlace place = world.place();
  place.standby = {world.standby.get()};
  const std::vector<Saved> saved = commit_some(world, place, 3);
  const std::string chunk = chunk_key(prefix, saved[0].manifest.files[0].chunks[0].digest);
  prune_while_a_save_takes_up(world, place, chunk);
  EXPECT_TRUE(world.home->get(chunk).ok());
  EXPECT_TRUE(world.standby->get(chunk).ok()) << "the save may not have reached it";
}

TEST(Prune, TheOldestManifestGoesFirst) {
  JobWorld world;
  const ChunkPlace place = world.place();
  const std::vector<Saved> saved = commit_some(world, place, 6);
  const Result<PrunePlan> plan = plan_prune(place, 1, world.clock.now(), hours(1));
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->remove_keys.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(plan->remove_keys[i], manifest_key(prefix, saved[i].id));
  // However far a pruning came, what is left is no loss.
  for (const std::string& key : plan->remove_keys) {
    ASSERT_TRUE(world.home->remove(key).ok());
    EXPECT_TRUE(verify(place)->problems.empty()) << key;
  }
}

class PruneWithoutLedger : public testing::Test {
 protected:
  PruneWithoutLedger() : place_(world_.place()) { place_.has_ledger = false; }
  Saved save_one(std::uint64_t content) {
    world_.write("own", noise(1000, content));
    Result<Saved> saved = world_.save_as(place_, 1);
    EXPECT_TRUE(saved.ok());
    return saved.ok() ? *std::move(saved) : Saved{};
  }

  JobWorld world_;
  ChunkPlace place_;
};

// It began before the newest one did and ended after the pruning had looked: by age, it is not the newest.
TEST_F(PruneWithoutLedger, ACheckpointThatComesWhileThePlanIsMadeIsSpared) {
  world_.write("own", noise(1000, 1));
  SaveRequest slow{world_.state(), JobId("j-1"), 1, LeaseId("l-1"), 1, std::nullopt, world_.clock.now()};
  world_.clock.advance(minutes(5));
  save_one(2);
  std::optional<ManifestId> came;
  FaultStore home(*world_.home, [&](const FaultStore::Call& call) -> Status {
    if (call.operation != Operation::get || came) return {};
    came = ManifestId();
    world_.write("own", noise(1000, 1));
    const Result<Saved> saved = save(slow, place_);
    EXPECT_TRUE(saved.ok());
    if (saved.ok()) came = saved->id;
    return {};
  });
  ChunkPlace watched = place_;
  watched.home = &home;
  const Result<PrunePlan> plan = plan_prune(watched, 1, world_.clock.now(), hours(1));
  ASSERT_TRUE(plan.ok());
  ASSERT_TRUE(came);
  EXPECT_TRUE(plan->remove_keys.empty()) << plan->remove_keys[0];
}

// The store got the older ones last, as after a copy: by its dates, they would be the newest.
TEST_F(PruneWithoutLedger, WhatAnotherPruningRemovesMeanwhileCountsAsGone) {
  std::vector<Saved> saved;
  for (const std::uint64_t content : {1U, 2U, 3U}) {
    saved.push_back(save_one(content));
    world_.clock.advance(minutes(5));
  }
  const std::string oldest = manifest_key(prefix, saved[0].id);
  const std::string bytes = world_.home->get(oldest).value_or("");
  ASSERT_TRUE(world_.home->put(oldest, bytes, PutCondition::always).ok());
  world_.clock.advance(minutes(5));
  const std::string newest = manifest_key(prefix, saved[2].id);
  ASSERT_TRUE(world_.home->put(newest, world_.home->get(newest).value_or(""), PutCondition::always).ok());
  world_.clock.advance(hours(48));
  FaultStore home(*world_.home, [&](const FaultStore::Call& call) -> Status {
    return call.key == oldest && call.moment == FaultStore::Moment::before ? world_.home->remove(oldest)
                                                                           : Status();
  });
  ChunkPlace watched = place_;
  watched.home = &home;
  const Result<PrunePlan> plan = plan_prune(watched, 2, world_.clock.now(), hours(1));
  ASSERT_TRUE(plan.ok()) << describe(plan.error());
  EXPECT_EQ(plan->keep_manifests, 2U);
  for (const std::string& key : plan->remove_keys) {
    EXPECT_EQ(key.find(saved[1].id.text()), std::string::npos) << "it is one of the newest two";
  }
}

TEST(Prune, AnUnreadableCheckpointToKeepStopsEverything) {
  for (const bool missing : {true, false}) {
    JobWorld world;
    const ChunkPlace place = world.place();
    const std::vector<Saved> saved = commit_some(world, place, 3);
    world.clock.advance(hours(48));
    const std::string key = manifest_key(prefix, saved[2].id);
    if (missing) {
      ASSERT_TRUE(world.home->remove(key).ok());
    } else {
      world.flip(*world.home, key);
    }
    const Result<PrunePlan> plan = plan_prune(place, 1, world.clock.now(), hours(24));
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.error().code, Code::corrupt);
  }
}

TEST(Prune, KeepingMoreThanAnEarlierPruningLeftIsNoError) {
  JobWorld world;
  const ChunkPlace place = world.place();
  commit_some(world, place, 4);
  world.clock.advance(hours(48));
  ASSERT_TRUE(execute(place, *plan_prune(place, 1, world.clock.now(), hours(24))).ok());
  const Result<PrunePlan> plan = plan_prune(place, 3, world.clock.now(), hours(24));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->keep_manifests, 1U);
  EXPECT_TRUE(plan->remove_keys.empty());
}

TEST(Prune, StandbyAndLocalCopiesGoTooAndOneThatIsAwayWaits) {
  JobWorld world;
  bool away = false;
  FaultStore standby(*world.standby, [&](const FaultStore::Call&) -> Status {
    if (away) return Error{Code::unavailable, "no answer"};
    return {};
  });
  ChunkPlace place = world.place();
  place.standby = {&standby};
  place.local = world.local.get();
  commit_some(world, place, 3);
  world.clock.advance(hours(48));
  away = true;
  ASSERT_TRUE(execute(place, *plan_prune(place, 1, world.clock.now(), hours(24))).ok());
  EXPECT_EQ(objects_in(*world.home, std::string(prefix) + "chunks/"), 2U);
  EXPECT_EQ(objects_in(*world.local, std::string(prefix) + "chunks/"), 2U);
  EXPECT_EQ(objects_in(*world.standby, std::string(prefix) + "chunks/"), 4U);
  away = false;
  ASSERT_TRUE(execute(place, *plan_prune(place, 1, world.clock.now(), hours(24))).ok());
  EXPECT_EQ(objects_in(*world.standby, std::string(prefix) + "chunks/"), 2U);
}

TEST(Prune, NeverTouchesTheLedgerOrOtherJobs) {
  JobWorld world;
  const ChunkPlace place = world.place();
  commit_some(world, place, 3);
  ASSERT_TRUE(world.home->put("tradewind/o/jobs/j-2/chunks/aa/other", "x", PutCondition::always).ok());
  world.clock.advance(hours(48));
  const Result<PrunePlan> plan = plan_prune(place, 1, world.clock.now(), hours(24));
  ASSERT_TRUE(plan.ok());
  for (const std::string& key : plan->remove_keys) {
    EXPECT_TRUE(key.starts_with(std::string(prefix) + "chunks/") ||
                key.starts_with(std::string(prefix) + "manifests/"));
  }
  PrunePlan evil;
  evil.remove_keys = {std::string(prefix) + "ledger/00000001"};
  EXPECT_EQ(execute(place, evil).error().code, Code::invalid_argument);
  EXPECT_EQ(plan_prune(place, 0, world.clock.now(), hours(24)).error().code, Code::invalid_argument);
}

TEST(Verify, NamesEachDamagedObject) {
  JobWorld world;
  ChunkPlace place = world.place();
  place.standby = {world.standby.get()};
  commit_some(world, place, 3);
  const Result<VerifyReport> good = verify(place);
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(good->problems.empty());
  EXPECT_EQ(good->manifests, 6U) << "three at home, three in the standby copy";
  EXPECT_EQ(good->chunks, 8U);
  EXPECT_EQ(good->bytes, 2 * (5000U + 3 * 1000U));
  const std::string key = first_key(*world.home, std::string(prefix) + "chunks/");
  world.flip(*world.home, key);
  ASSERT_TRUE(world.standby->remove(key).ok());
  const Result<VerifyReport> bad = verify(place);
  ASSERT_TRUE(bad.ok());
  ASSERT_EQ(bad->problems.size(), 2U);
  for (const std::string& problem : bad->problems) EXPECT_NE(problem.find(key), std::string::npos) << problem;
}

TEST(Verify, AMissingManifestBetweenOthersIsAProblem) {
  for (const std::size_t lost : {std::size_t{1}, std::size_t{2}}) {
    JobWorld world;
    const std::vector<Saved> saved = commit_some(world, world.place(), 3);
    ASSERT_TRUE(world.home->remove(manifest_key(prefix, saved[lost].id)).ok());
    const Result<VerifyReport> report = verify(world.place());
    ASSERT_TRUE(report.ok());
    ASSERT_EQ(report->problems.size(), 1U) << lost;
    EXPECT_NE(report->problems[0].find(saved[lost].id.text()), std::string::npos);
  }
}

TEST(Verify, ADamagedManifestIsAProblem) {
  JobWorld world;
  const std::vector<Saved> saved = commit_some(world, world.place(), 2);
  world.flip(*world.home, manifest_key(prefix, saved[0].id));
  const Result<VerifyReport> report = verify(world.place());
  ASSERT_TRUE(report.ok());
  ASSERT_EQ(report->problems.size(), 1U);
  EXPECT_NE(report->problems[0].find(saved[0].id.text()), std::string::npos);
  EXPECT_EQ(report->manifests, 1U);
}

TEST(Verify, AStandbyThatIsAwayIsAProblemAndAHomeThatIsAwayAnError) {
  JobWorld world;
  ChunkPlace place = world.place();
  commit_some(world, place, 1);
  FaultStore away(*world.home, [](const FaultStore::Call&) -> Status {
    return Error{Code::unavailable, "no answer"};
  });
  place.standby = {&away};
  const Result<VerifyReport> report = verify(place);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->problems.size(), 1U);
  place.home = &away;
  EXPECT_EQ(verify(place).error().code, Code::unavailable);
}

}  // namespace
}  // namespace tradewind::checkpoint
