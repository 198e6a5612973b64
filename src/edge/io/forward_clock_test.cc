#include "edge/io/forward_clock.h"

#include <chrono>
#include <gtest/gtest.h>
#include <vector>

namespace tradewind::io {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Time start{hours(24 * 365 * 50)};

TEST(ForwardClock, says_what_the_inner_clock_says_while_that_goes_forward) {
  ManualClock inner(start);
  const ForwardClock clock(inner);
  EXPECT_EQ(clock.now(), start);
  inner.advance(seconds(5));
  EXPECT_EQ(clock.now(), start + seconds(5));
  inner.set_wall(start + hours(10));
  EXPECT_EQ(clock.now(), start + hours(10));
}

TEST(ForwardClock, goes_on_from_where_it_was_when_the_inner_clock_is_set_back_and_tells_once) {
  ManualClock inner(start);
  std::vector<Duration> told;
  const ForwardClock clock(inner, [&told](Duration back) { told.push_back(back); });
  inner.set_wall(start - hours(1));
  EXPECT_EQ(clock.now(), start);
  inner.advance(seconds(7));
  EXPECT_EQ(clock.now(), start + seconds(7));
  inner.advance(seconds(3));
  EXPECT_EQ(clock.now(), start + seconds(10));
  EXPECT_EQ(told, std::vector<Duration>{hours(1)});
}

TEST(ForwardClock, follows_the_inner_clock_again_once_that_has_caught_up) {
  ManualClock inner(start);
  int told = 0;
  const ForwardClock clock(inner, [&told](Duration) { ++told; });
  inner.set_wall(start - hours(1));
  EXPECT_EQ(clock.now(), start);
  inner.set_wall(start + hours(2));
  EXPECT_EQ(clock.now(), start + hours(2));
  inner.set_wall(start + hours(1));
  EXPECT_EQ(clock.now(), start + hours(2));
  EXPECT_EQ(told, 2);
}

TEST(ForwardClock, keeps_quiet_about_small_corrections) {
  ManualClock inner(start);
  int told = 0;
  const ForwardClock clock(inner, [&told](Duration) { ++told; });
  inner.set_wall(start - milliseconds(300));
  EXPECT_EQ(clock.now(), start);
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace tradewind::io
