#include "core/planner/queue_wait.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <vector>

#include "base/random.h"

namespace tradewind::planner {
namespace {

constexpr double hour = 3600;

QueueWait wait_of(double estimate_s, const std::vector<QueueSample>& history = {}) {
  return {duration_of_seconds(estimate_s), history};
}

TEST(QueueWait, IsNothingWhereThereIsNoQueue) {
  const QueueWait none;
  EXPECT_EQ(none.p50_s(), 0);
  EXPECT_EQ(none.p95_s(), 0);
  EXPECT_EQ(none.mean_s(), 0);
  EXPECT_EQ(none.variance(), 0);
  EXPECT_EQ(none.rest_s(100), 0);
}

TEST(QueueWait, BelievesTheSupplierUntilItKnowsBetter) {
  const QueueWait wait = wait_of(2 * hour);
  EXPECT_NEAR(wait.p50_s(), 2 * hour, 1);
  EXPECT_NEAR(wait.p95_s() / hour, 6, 0.1);
  EXPECT_GT(wait.mean_s(), wait.p50_s());
  EXPECT_EQ(wait.samples(), 0U);
  EXPECT_NEAR(wait_of(0).p50_s(), 0, 1e-6);
  EXPECT_NEAR(wait_of(0).p95_s(), 120, 1);
}

TEST(QueueWait, LearnsThatEstimatesAreTooLongOrTooShort) {
  const std::vector<QueueSample> half(40, {4 * hour, 2 * hour});
  EXPECT_NEAR(wait_of(2 * hour, half).p50_s() / hour, 1.07, 0.05);
  EXPECT_LT(wait_of(2 * hour, half).p95_s(), wait_of(2 * hour).p95_s() / 2);
  const std::vector<QueueSample> twice(40, {hour, 2 * hour});
  EXPECT_NEAR(wait_of(hour, twice).p50_s() / hour, 1.9, 0.1);
  // One wait alone moves little.
  EXPECT_NEAR(wait_of(hour, {{hour, 2 * hour}}).p50_s() / hour, 1.15, 0.03);
}

TEST(QueueWait, IsWiderWhereEstimatesAreErratic) {
  std::vector<QueueSample> erratic;
  for (int i = 0; i < 20; ++i) erratic.push_back({hour, i % 2 == 0 ? hour / 8 : 8 * hour});
  const std::vector<QueueSample> steady(20, {hour, hour});
  EXPECT_GT(wait_of(hour, erratic).p95_s(), 3 * wait_of(hour, steady).p95_s());
}

// The same distribution, drawn.
TEST(QueueWait, FiguresAreThoseOfItsDistribution) {
  const QueueWait wait = wait_of(hour);
  const double sigma = std::log(3.0) / 1.6448536269514722;
  Random random(3);
  std::vector<double> drawn(200'000);
  for (double& each : drawn) {
    double normal = 0;
    for (int i = 0; i < 12; ++i) normal += random.unit();
    each = (hour + 60) * std::exp(sigma * (normal - 6)) - 60;
  }
  std::ranges::sort(drawn);
  double sum = 0;
  double squares = 0;
  double rest = 0;
  double left = 0;
  for (const double each : drawn) {
    sum += each;
    squares += each * each;
    if (each > 2 * hour) {
      rest += each - 2 * hour;
      ++left;
    }
  }
  const double mean = sum / static_cast<double>(drawn.size());
  EXPECT_NEAR(wait.mean_s() / mean, 1, 0.02);
  EXPECT_NEAR(
      std::sqrt(wait.variance()) / std::sqrt(squares / static_cast<double>(drawn.size()) - mean * mean), 1,
      0.1);
  EXPECT_NEAR(wait.p95_s() / drawn[drawn.size() * 95 / 100], 1, 0.03);
  EXPECT_NEAR(wait.rest_s(2 * hour) / (rest / left), 1, 0.1);
  const auto index = drawn.size() - static_cast<std::size_t>(left * 0.05);
  EXPECT_NEAR(wait.rest_p95_s(2 * hour) / (drawn[index] - 2 * hour), 1, 0.1);
  EXPECT_NEAR(wait.rest_p95_s(0) / wait.p95_s(), 1, 0.1);
}

TEST(QueueWait, TheRestGrowsForWhoHasWaitedLongerThanWasSaid) {
  const QueueWait wait = wait_of(hour);
  EXPECT_NEAR(wait.rest_s(0), wait.mean_s(), 60);
  double before = 0;
  for (const double waited : {2 * hour, 4 * hour, 20 * hour, 1e5 * hour, 1e9 * hour}) {
    const double rest = wait.rest_s(waited);
    EXPECT_GT(rest, before);
    EXPECT_TRUE(std::isfinite(rest));
    before = rest;
    EXPECT_GT(wait.rest_p95_s(waited), rest);
    EXPECT_TRUE(std::isfinite(wait.rest_p95_s(waited)));
  }
}

}  // namespace
}  // namespace tradewind::planner
