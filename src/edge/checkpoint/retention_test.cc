#include "edge/checkpoint/retention.h"

#include <gtest/gtest.h>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/history.h"
#include "edge/checkpoint/repair.h"
#include "edge/checkpoint/testing/job_world.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::checkpoint {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Candidate candidate(const std::string& id, Duration at, std::map<std::string, double> metrics = {}) {
  return {ManifestId(id), Time(at), std::move(metrics)};
}
std::string text(const std::set<ManifestId>& ids) {
  std::string all;
  for (const ManifestId& id : ids) all += (all.empty() ? "" : " ") + id.text();
  return all;
}

const std::vector<Candidate> days = {
    candidate("a", hours(1), {{"loss", 3.0}}),
    candidate("b", hours(2), {{"loss", 1.0}, {"score", 5}}),
    candidate("c", hours(25) + minutes(1), {{"loss", 2.0}}),
    candidate("d", hours(25) + minutes(59), {{"loss", 1.0}}),
    candidate("e", hours(49), {{"score", 7}}),
    candidate("f", hours(49) + minutes(30)),
};

TEST(Retention, TheNewestAndOfEachSpanTheNewest) {
  EXPECT_EQ(text(chosen_by({.last = 2}, days)), "e f");
  EXPECT_EQ(text(chosen_by({.last = 1, .hourly = 2}, days)), "d f");
  EXPECT_EQ(text(chosen_by({.last = 1, .hourly = 9}, days)), "a b d f");
  EXPECT_EQ(text(chosen_by({.last = 1, .daily = 2}, days)), "d f");
  EXPECT_EQ(text(chosen_by({.last = 1, .daily = 9}, days)), "b d f");
  EXPECT_EQ(text(chosen_by({.last = 9}, {})), "");
}

TEST(Retention, TheBestByTheirMetric) {
  EXPECT_EQ(text(chosen_by({.last = 1, .best = 1, .metric = "loss"}, days)), "d f")
      << "of equal ones the newest";
  EXPECT_EQ(text(chosen_by({.last = 1, .best = 2, .metric = "loss"}, days)), "b d f");
  EXPECT_EQ(text(chosen_by({.last = 1, .best = 1, .metric = "loss", .highest = true}, days)), "a f");
  EXPECT_EQ(text(chosen_by({.last = 1, .best = 1, .metric = "score", .highest = true}, days)), "e f");
  EXPECT_EQ(text(chosen_by({.last = 1, .best = 9, .metric = "score"}, days)), "b e f");
  EXPECT_EQ(text(chosen_by({.last = 1, .best = 9, .metric = "other"}, days)), "f");
}

class RetentionInAStore : public testing::Test {
 protected:
  ManifestId save(double step, double loss) {
    world_.clock.advance(hours(2));
    world_.write("weights", noise(50'000, static_cast<std::uint64_t>(step)));
    SaveRequest request{world_.state(), JobId("archive"),  0, LeaseId("-"), step,
                        std::nullopt,   world_.clock.now()};
    request.metrics = {{"loss", loss}};
    const Result<Saved> saved = checkpoint::save(request, place_);
    EXPECT_TRUE(saved.ok()) << describe(saved.error());
    return saved->id;
  }
  JobWorld world_;
  ChunkPlace place_{world_.home.get(), nullptr, {}, "", false};
};

TEST_F(RetentionInAStore, WhatIsChosenStaysWholeAndTheRestGoes) {
  const ManifestId best = save(1, 0.5);
  const ManifestId worse = save(2, 0.9);
  const ManifestId newest = save(3, 0.7);
  EXPECT_EQ(read_manifest(place_, best)->metrics.at("loss"), 0.5);
  world_.clock.advance(hours(5));
  const Retention retention{.last = 1, .best = 1, .metric = "loss"};
  const Result<PrunePlan> plan = plan_prune(place_, retention, world_.clock.now(), hours(1));
  ASSERT_TRUE(plan.ok()) << describe(plan.error());
  EXPECT_EQ(plan->keep_manifests, 2U);
  ASSERT_TRUE(execute(place_, *plan).ok());
  EXPECT_FALSE(read_manifest(place_, worse).ok());
  for (const ManifestId& id : {best, newest}) {
    EXPECT_TRUE(restore(place_, {id, world_.beside(id.text())}).ok());
  }
  EXPECT_TRUE(verify(place_)->problems.empty());
}

class RetentionOfAJob : public testing::Test {
 protected:
  // The second of five is the best.
  RetentionOfAJob() {
    for (const double loss : {0.9, 0.1, 0.8, 0.7, 0.6}) {
      world_.clock.advance(hours(2));
      world_.write("weights", noise(50'000, ids_.size() + 1));
      ids_.push_back(world_.commit(place_, static_cast<double>(ids_.size() + 1), {{"loss", loss}}).id);
    }
    world_.clock.advance(hours(5));
  }
  void prune_to(int last, int best) {
    const Retention retention{.last = last, .best = best, .metric = "loss"};
    const Result<PrunePlan> plan = plan_prune(place_, retention, world_.clock.now(), hours(1));
    ASSERT_TRUE(plan.ok()) << describe(plan.error());
    ASSERT_TRUE(execute(place_, *plan).ok());
  }
  std::vector<bool> present(objectstore::ObjectStore& store) {
    const ChunkPlace alone{&store, nullptr, {}, place_.job_prefix};
    std::vector<bool> there;
    for (const ManifestId& id : ids_) there.push_back(read_manifest(alone, id).ok());
    return there;
  }
  JobWorld world_;
  ChunkPlace place_ = [this] {
    ChunkPlace place = world_.place();
    place.standby = {world_.standby.get()};
    return place;
  }();
  std::vector<ManifestId> ids_;
};

TEST_F(RetentionOfAJob, WhatWentBetweenOthersIsNoLoss) {
  prune_to(2, 1);
  const std::vector<bool> kept = {false, true, false, true, true};
  EXPECT_EQ(present(*world_.home), kept);
  EXPECT_EQ(present(*world_.standby), kept);
  EXPECT_TRUE(verify(place_)->problems.empty()) << verify(place_)->problems.front();
  EXPECT_TRUE(restore(place_, {ids_[1], world_.beside("best")}).ok());
  // Word is left of the third alone: what is older than all is known to be pruned.
  EXPECT_EQ(objects_in(*world_.home, place_.job_prefix + "pruned/"), 1U);
  EXPECT_TRUE(world_.home->stat(pruned_key(place_.job_prefix, ids_[2])).ok());
}

TEST_F(RetentionOfAJob, AnotherOneThatIsMissingStillIsALoss) {
  prune_to(2, 1);
  ASSERT_TRUE(world_.home->remove(manifest_key(place_.job_prefix, ids_[3])).ok());
  const std::vector<std::string> problems = verify(place_)->problems;
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].find(ids_[3].text()), std::string::npos) << problems[0];
}

TEST_F(RetentionOfAJob, ARepairBringsBackWhatIsLostAndNotWhatWasPruned) {
  prune_to(2, 1);
  ASSERT_TRUE(world_.home->remove(manifest_key(place_.job_prefix, ids_[3])).ok());
  const Result<RepairReport> repaired = repair(place_, {});
  ASSERT_TRUE(repaired.ok());
  EXPECT_TRUE(repaired->lost.empty());
  EXPECT_EQ(present(*world_.home), (std::vector<bool>{false, true, false, true, true}));
}

TEST_F(RetentionOfAJob, WithoutTheBestTheGapGoesAsWell) {
  prune_to(2, 1);
  prune_to(1, 0);
  EXPECT_EQ(present(*world_.home), (std::vector<bool>{false, false, false, false, true}));
  EXPECT_TRUE(verify(place_)->problems.empty());
}

// Of a store that cannot be left word, nothing between others is removed.
TEST_F(RetentionOfAJob, WithoutTheWordNothingGoes) {
  const Retention retention{.last = 2, .best = 1, .metric = "loss"};
  const Result<PrunePlan> plan = plan_prune(place_, retention, world_.clock.now(), hours(1));
  ASSERT_TRUE(plan.ok());
  using objectstore::FaultStore;
  FaultStore full(*world_.home, [](const FaultStore::Call& call) -> Status {
    if (call.operation != objectstore::Operation::put) return {};
    return Error{Code::unavailable, "full"};
  });
  ChunkPlace place = place_;
  place.home = &full;
  EXPECT_FALSE(execute(place, *plan).ok());
  EXPECT_TRUE(read_manifest(place_, ids_[2]).ok());
}

}  // namespace
}  // namespace tradewind::checkpoint
