#include "core/planner/wait_or_rent.h"

#include <gtest/gtest.h>

#include "core/planner/planner.h"
#include "core/planner/testing/market.h"

namespace tradewind::planner {
namespace {

constexpr Time now = Time(std::chrono::hours(500'000));

// Ten hours of work: a cluster's own GPUs behind a queue, and a cloud's at once.
class Queued : public ::testing::Test {
 protected:
  Queued() {
    offers_ = testing::offers_of(R"(
      slurm/hpc/gpu  gpu-8 on_demand 8xH100-80 64  1024 0
      aws/us-east-1  p5    on_demand 8xH100-80 192 2048 4
    )");
    offers_[0].queue_wait = std::chrono::hours(3);
    job_ = testing::job_of(36'000, "H100", 8);
    job_.work.rate_per_s = {{"H100", 1.0}};
  }
  PlanResult plan() {
    PlanRequest request{.job = job_, .offers = offers_, .now = now};
    request.queue_history = history_;
    return make_plan(request);
  }
  std::string chosen() {
    const PlanResult result = plan();
    return result.chosen() == nullptr ? "" : result.chosen()->offer.location.provider;
  }

  std::vector<Offer> offers_;
  JobSpec job_;
  std::function<std::span<const QueueSample>(const Offer&)> history_;
};

TEST_F(Queued, WaitsForWhatIsFreeWhereTimeIsWorthNothing) {
  const PlanResult result = plan();
  EXPECT_EQ(result.chosen()->offer.location.provider, "slurm");
  EXPECT_NEAR(seconds_of(*result.chosen()->p50_finish) / 3600, 13.4, 0.7);
  ASSERT_TRUE(result.wait_or_rent);
  EXPECT_EQ(result.plans[result.wait_or_rent->wait].offer.location.provider, "slurm");
  EXPECT_EQ(result.plans[result.wait_or_rent->rent].offer.location.provider, "aws");
  // 40.2 USD against 3.8 hours: over ten USD an hour.
  ASSERT_TRUE(result.wait_or_rent->break_even_per_h);
  EXPECT_NEAR(result.wait_or_rent->break_even_per_h->as_double(), 10.6, 1);
  EXPECT_NE(result.wait_or_rent->text.find("wait 3h"), std::string::npos) << result.wait_or_rent->text;
  EXPECT_NE(result.wait_or_rent->text.find("and pay nothing, or start now at aws/us-east-1 for"),
            std::string::npos)
      << result.wait_or_rent->text;
}

TEST_F(Queued, RentsWhereAnHourIsWorthMoreThanTheBreakEven) {
  const double break_even = plan().wait_or_rent->break_even_per_h->as_double();
  job_.waiting_cost = Money::parse(std::to_string(break_even * 0.98)).value();
  EXPECT_EQ(chosen(), "slurm");
  job_.waiting_cost = Money::parse(std::to_string(break_even * 1.02)).value();
  EXPECT_EQ(chosen(), "aws");
  const PlanResult result = plan();
  EXPECT_NE(result.chosen()->why.find("an hour being worth"), std::string::npos) << result.chosen()->why;
  EXPECT_GT(result.chosen()->time_cost, Money());
  EXPECT_NE(result.wait_or_rent->text.find("to you it is"), std::string::npos) << result.wait_or_rent->text;
}

TEST_F(Queued, SpeaksOfNoChoiceWhereThereIsNone) {
  offers_[0].queue_wait = Duration(0);
  EXPECT_FALSE(plan().wait_or_rent);
  offers_[0].queue_wait = std::chrono::hours(3);
  offers_.pop_back();
  EXPECT_FALSE(plan().wait_or_rent);
}

TEST_F(Queued, LearnsFromTheWaitsThatWereSeen) {
  job_.waiting_cost = Money::parse("8").value();
  EXPECT_EQ(chosen(), "slurm");
  const std::vector<QueueSample> waits(20, {3600, 4 * 3600});
  history_ = [&waits](const Offer& offer) {
    EXPECT_EQ(offer.location.provider, "slurm");
    return std::span(waits);
  };
  EXPECT_EQ(chosen(), "aws");
}

TEST_F(Queued, RefusesADeadlineThatTheQueueMayMiss) {
  job_.deadline_after = std::chrono::hours(15);
  const PlanResult result = plan();
  EXPECT_EQ(result.chosen()->offer.location.provider, "aws");
  ASSERT_EQ(result.rejections.size(), 1U);
  EXPECT_EQ(result.rejections[0].code, RejectionCode::misses_deadline);
}

TEST_F(Queued, GoesOnInAsManyAllocationsAsTheLimitTakes) {
  offers_[0].queue_wait = std::chrono::minutes(30);
  offers_[0].time_limit = std::chrono::hours(4);
  const PlanResult result = plan();
  const auto slurm = std::ranges::find_if(
      result.plans, [](const Plan& plan) { return plan.offer.location.provider == "slurm"; });
  ASSERT_NE(slurm, result.plans.end());
  EXPECT_EQ(slurm->run.continued, 2);
  EXPECT_NEAR(slurm->run.waiting_s, 2 * (slurm->queue.mean_s() + 30), 10);
  job_.checkpoint.path = {};
  const PlanResult unsaved = plan();
  ASSERT_EQ(unsaved.rejections.size(), 1U);
  EXPECT_EQ(unsaved.rejections[0].code, RejectionCode::over_time_limit);
  PlanRequest request{.job = job_, .offers = offers_, .now = now};
  EXPECT_NE(reason_of(request, unsaved.rejections[0]).find("allocations of 4h"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::planner
