#include "edge/cloud/rate_limit.h"

#include <gtest/gtest.h>

namespace tradewind::cloud {
namespace {

using std::chrono::seconds;

TEST(RateLimit, ABurstGoesAtOnceAndTheRestInTurn) {
  RateLimit limit({.per_second = 2, .burst = 3});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limit.take(seconds(100)), Duration(0));
  EXPECT_EQ(limit.take(seconds(100)), Duration(500));
  EXPECT_EQ(limit.take(seconds(100)), Duration(1000)) << "it waits behind the one before";
  EXPECT_EQ(limit.take(seconds(102)), Duration(0))
      << "four places came in two seconds, and two were promised";
}

TEST(RateLimit, APauseSavesNoMoreThanABurst) {
  RateLimit limit({.per_second = 10, .burst = 2});
  EXPECT_EQ(limit.take(seconds(1)), Duration(0));
  EXPECT_EQ(limit.take(seconds(3600)), Duration(0));
  EXPECT_EQ(limit.take(seconds(3600)), Duration(0));
  EXPECT_EQ(limit.take(seconds(3600)), Duration(100));
}

TEST(RateLimit, WhatTheServerAskedForHoldsForAll) {
  RateLimit limit({.per_second = 10, .burst = 5});
  limit.pause_until(seconds(12));
  limit.pause_until(seconds(11));
  EXPECT_EQ(limit.take(seconds(10)), seconds(2));
  EXPECT_EQ(limit.take(seconds(12)), Duration(0));
}

}  // namespace
}  // namespace tradewind::cloud
