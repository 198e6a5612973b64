#include "edge/checkpoint/retention.h"

#include <gtest/gtest.h>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/testing/job_world.h"

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

TEST_F(RetentionInAStore, OfAJobOnlyTheNewestAreKept) {
  place_.has_ledger = true;
  const Result<PrunePlan> plan =
      plan_prune(place_, Retention{.last = 1, .hourly = 3}, world_.clock.now(), hours(1));
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace tradewind::checkpoint
