#include "app/agent/cadence.h"

#include <gtest/gtest.h>

namespace tradewind::agent {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST(Cadence, WhatTheUserAskedForIsTakenButNotBelowASecond) {
  EXPECT_EQ(save_interval({.asked = seconds(5), .hazard_per_hour = 10}), seconds(5));
  EXPECT_EQ(save_interval({.asked = Duration(10)}), seconds(1));
}

TEST(Cadence, TheIntervalIsTheRootOfTwiceThePauseTimesTheMeanTimeToInterruption) {
  // 2 s of pause, one interruption an hour: sqrt(2 * 2 * 3600) = 120 s.
  EXPECT_EQ(save_interval({.pause = seconds(2), .hazard_per_hour = 1}), seconds(120));
}

TEST(Cadence, EnoughWarningMakesSavesRarer) {
  const CadenceInput without{.pause = seconds(2), .upload = seconds(3), .hazard_per_hour = 1};
  CadenceInput with = without;
  with.notice_lead = seconds(30);
  CadenceInput too_little = without;
  too_little.notice_lead = seconds(8);
  EXPECT_GT(save_interval(with), save_interval(without));
  EXPECT_EQ(save_interval(too_little), save_interval(without));
}

TEST(Cadence, ItStaysBetweenTenSecondsAndHalfAnHourAndAboveTwiceTheUpload) {
  EXPECT_EQ(save_interval({.pause = Duration(1), .hazard_per_hour = 1000}), seconds(10));
  EXPECT_EQ(save_interval({.pause = minutes(5), .hazard_per_hour = 1e-9}), minutes(30));
  EXPECT_EQ(save_interval({.pause = Duration(1), .upload = minutes(20), .hazard_per_hour = 1000}),
            minutes(40));
}

}  // namespace
}  // namespace tradewind::agent
