#include "core/policy/waiting.h"

#include <gtest/gtest.h>

namespace tradewind::policy {
namespace {

constexpr double never = 1e30;

TEST(Waiting, WithoutAnyPlaceItEndsOnDemand) {
  Waiting waiting;
  waiting.add(3, 0);
  waiting.add(2, 0).on_demand = 40;
  waiting.add(1, 0).on_demand = 30;
  EXPECT_DOUBLE_EQ(waiting.cost(0), 30);
  EXPECT_DOUBLE_EQ(waiting.cost(7), 44);  // two hours of waiting
}

TEST(Waiting, WhatComesBackIsTakenIfItIsBetter) {
  Waiting waiting;
  waiting.add(2, 0);
  Waiting::Moment& last = waiting.add(1, 2);
  last.on_demand = 30;
  last.places[0] = {10, never, 0.25, 0};  // comes back with 1/4
  last.places[1] = {20, never, 0.5, 0};   // second best
  // 1/4 · 10 + 3/4 · (1/2 · 20 + 1/2 · 30)
  EXPECT_DOUBLE_EQ(waiting.cost(0), 0.25 * 10 + 0.75 * 25);
  last.places[1].fresh = 35;  // no use any more
  EXPECT_DOUBLE_EQ(waiting.cost(0), 0.25 * 10 + 0.75 * 30);
}

TEST(Waiting, WhatIsUpNowMayStillBeUpLater) {
  Waiting waiting;
  waiting.add(3, 0);
  Waiting::Moment& next = waiting.add(2, 1);
  next.on_demand = 40;
  next.places[0] = {never, 12, 0, 0.9};
  waiting.add(1, 1).on_demand = 30;
  EXPECT_DOUBLE_EQ(waiting.cost(0), 0.9 * 12 + 0.1 * 30);
}

TEST(Waiting, MomentsAreReused) {
  Waiting waiting;
  waiting.add(2, 1);
  waiting.add(1, 1).places[0] = {1, 1, 1, 1};
  waiting.clear();
  waiting.add(2, 1);
  waiting.add(1, 1).on_demand = 9;
  EXPECT_EQ(waiting.count(), 2U);
  EXPECT_DOUBLE_EQ(waiting.cost(0), 9);
}

}  // namespace
}  // namespace tradewind::policy
