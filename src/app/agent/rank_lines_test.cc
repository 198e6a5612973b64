#include "app/agent/rank_lines.h"

#include <gtest/gtest.h>

namespace tradewind::agent {
namespace {

class RankLinesTest : public ::testing::Test {
 protected:
  std::string out_;
  RankLines lines_{"[3] ", [this](std::string_view bytes) { out_ += bytes; }};
};

TEST_F(RankLinesTest, EachLineIsMarkedOnceItIsWhole) {
  lines_.add("first\nsec");
  EXPECT_EQ(out_, "[3] first\n");
  lines_.add("ond\n\nlast");
  EXPECT_EQ(out_, "[3] first\n[3] second\n[3] \n");
  lines_.finish();
  EXPECT_EQ(out_, "[3] first\n[3] second\n[3] \n[3] last\n");
  lines_.finish();
  EXPECT_TRUE(out_.ends_with("[3] last\n"));
}

TEST_F(RankLinesTest, AProgressBarIsALineEachTimeItIsDrawn) {
  lines_.add("10%\r20%\r");
  EXPECT_EQ(out_, "[3] 10%\r[3] 20%\r");
  lines_.add("\nend\r\n");
  EXPECT_EQ(out_, "[3] 10%\r[3] 20%\r\n[3] end\r\n");
}

TEST_F(RankLinesTest, ALongLineGoesOnInParts) {
  const std::string half(40 << 10, 'x');
  lines_.add(half);
  EXPECT_EQ(out_, "");
  lines_.add(half);
  EXPECT_EQ(out_.size(), std::size_t{64} << 10);
  lines_.add("\nnext\n");
  EXPECT_EQ(out_, "[3] " + half + half + "\n[3] next\n");
}

}  // namespace
}  // namespace tradewind::agent
