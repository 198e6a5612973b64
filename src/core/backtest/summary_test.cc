#include "core/backtest/summary.h"

#include <cmath>
#include <gtest/gtest.h>

namespace tradewind::backtest {
namespace {

std::vector<Sample> some() {
  return {{"a", "one", 2, 1, 4, false},
          {"a", "one", 4, 1, 4, false},
          {"b", "two", 5, 1, 5, true},
          {"c", "two", 1, 0, 2, false}};
}

TEST(Summary, MeansAndWorstByClassAndOverAll) {
  const Summary one = summarise(some(), "one");
  EXPECT_EQ(one.runs, 2U);
  EXPECT_DOUBLE_EQ(one.over_optimum.mean, 3);
  EXPECT_DOUBLE_EQ(one.over_on_demand.mean, 0.75);
  EXPECT_DOUBLE_EQ(one.over_optimum.worst, 4);
  EXPECT_EQ(one.missed, 0U);
  const Summary all = summarise(some(), "ALL");
  EXPECT_EQ(all.runs, 4U);
  EXPECT_EQ(all.missed, 1U);
  EXPECT_EQ(all.over_optimum.runs, 3U) << "one has no optimum";
  EXPECT_DOUBLE_EQ(all.over_optimum.mean, 11.0 / 3);
  EXPECT_EQ(labels_of(some()), (std::vector<std::string>{"one", "two", "ALL"}));
}

TEST(Summary, TheIntervalCountsScenariosNotTheirRuns) {
  // Means of scenarios: 3 and 5; deviation sqrt(2), of the mean 1; t of one degree 12.706.
  EXPECT_NEAR(summarise(some(), "ALL").over_optimum.half_width, 12.706, 1e-9);
  // One scenario: its runs 2 and 4.
  EXPECT_NEAR(summarise(some(), "one").over_optimum.half_width, 12.706, 1e-9);
  EXPECT_DOUBLE_EQ(summarise(some(), "one").over_optimum.deviation, std::sqrt(2));
  EXPECT_TRUE(std::isinf(summarise(some(), "two").over_optimum.half_width)) << "of one run nothing is known";
}

TEST(Summary, StudentsPointIsContinuedBeyondTheTable) {
  std::vector<Sample> samples;
  samples.reserve(31);
  for (int i = 0; i < 31; ++i)
    samples.push_back({std::to_string(i), "x", i % 2 == 0 ? 1.0 : 3.0, 1, 1, false});
  const Estimate estimate = summarise(samples, "x").over_optimum;
  EXPECT_NEAR(estimate.half_width / (estimate.deviation / std::sqrt(31)), 2.042, 0.001) << "of 30 degrees";
}

}  // namespace
}  // namespace tradewind::backtest
