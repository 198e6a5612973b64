#include "app/agent/segment_buffer.h"

#include <gtest/gtest.h>

namespace tradewind::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SegmentBuffer, ASegmentIsDueWhenItIsFullOrItsOldestByteIsOld) {
  SegmentBuffer buffer(8, seconds(1));
  EXPECT_FALSE(buffer.due(seconds(100)));
  EXPECT_EQ(buffer.due_at(), std::nullopt);
  buffer.add("abc", seconds(10));
  buffer.add("d", milliseconds(10900));
  EXPECT_EQ(buffer.room(), 4U);
  EXPECT_FALSE(buffer.due(milliseconds(10999)));
  EXPECT_TRUE(buffer.due(seconds(11)));
  EXPECT_EQ(buffer.due_at(), seconds(11));
  EXPECT_EQ(buffer.take(), "abcd");
  EXPECT_FALSE(buffer.due(seconds(100)));
  buffer.add("12345678", seconds(100));
  EXPECT_TRUE(buffer.due(seconds(100)));
  EXPECT_EQ(buffer.room(), 0U);
}

TEST(SegmentBuffer, AnyByteIsKeptAsItIs) {
  SegmentBuffer buffer(100, seconds(1));
  const std::string bytes("\0\xff\n\x80", 4);
  buffer.add(bytes, seconds(1));
  EXPECT_EQ(buffer.take(), bytes);
}

}  // namespace
}  // namespace tradewind::agent
