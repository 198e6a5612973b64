#include "edge/cloud/retry.h"

#include <gtest/gtest.h>

namespace tradewind::cloud {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const Error dead{Code::unavailable, "the server closed the connection"};

RetryTuning hasty() {
  RetryTuning tuning;
  tuning.delay_first = Duration(1);
  tuning.delay_max = Duration(1);
  return tuning;
}

class AttemptsTest : public testing::Test {
 protected:
  ManualClock clock_{Time()};
  RetryTuning tuning_ = hasty();
  Jitter jitter_;
};

TEST_F(AttemptsTest, AnotherFollowsOneThatStoodStill) {
  Attempts attempts(tuning_, clock_, jitter_);
  attempts.begin();
  clock_.advance(minutes(20));
  EXPECT_EQ(attempts.failed(dead), std::nullopt);
  attempts.begin();
  ASSERT_TRUE(attempts.failed(dead)) << "it began when the patience was spent";
}

TEST_F(AttemptsTest, NoneBeginsWhenThePatienceIsSpent) {
  Attempts attempts(tuning_, clock_, jitter_);
  int made = 0;
  do {
    attempts.begin();
    ++made;
    clock_.advance(seconds(25));
  } while (!attempts.failed(dead));
  EXPECT_EQ(made, 4) << "after 0, 25, 50 and 75 seconds";
}

TEST_F(AttemptsTest, AFewFollowFastFailures) {
  Attempts attempts(tuning_, clock_, jitter_);
  int made = 0;
  do {
    attempts.begin();
    ++made;
  } while (!attempts.failed(dead));
  EXPECT_EQ(made, tuning_.attempts_max);
}

}  // namespace
}  // namespace tradewind::cloud
