// What a program says on stderr, on its way into our log.
#include <gtest/gtest.h>

#include "edge/drivers/exec/hidden_words.h"
#include "edge/drivers/exec/said_lines.h"

namespace tradewind::exec {
namespace {

using std::chrono::seconds;

TEST(HiddenWords, SecretsAreClearedFromWhatIsSaid) {
  HiddenWords hidden;
  hidden.add({{"KEY", "hunter2hunter2"}, {"PEM", "first-line\nsecond-line\n"}, {"FLAG", "1"}});
  EXPECT_EQ(hidden.cleared("key=hunter2hunter2, again hunter2hunter2"), "key=***, again ***");
  EXPECT_EQ(hidden.cleared("got second-line"), "got ***") << "a log has lines, not files";
  EXPECT_EQ(hidden.cleared("1 of 12"), "1 of 12") << "what is short is in every sentence";
  EXPECT_EQ(hidden.cleared(""), "");
}

TEST(HiddenWords, SoManySecretsAreRememberedAndNoMore) {
  HiddenWords hidden;
  for (int i = 0; i < 300; ++i) hidden.add({{"KEY", "secret-" + std::to_string(1000 + i)}});
  EXPECT_EQ(hidden.cleared("secret-1299"), "***");
  EXPECT_EQ(hidden.cleared("secret-1000"), "secret-1000");
}

TEST(SaidLines, LinesAreCutAndCannotSteerATerminal) {
  std::vector<std::string> lines;
  SaidLines said([&](const std::string& line) { lines.push_back(line); });
  said.take("one\r\ntw", seconds(1));
  said.take("o \033[31mred\n\n" + std::string(2000, 'x') + "\n\xff\n", seconds(1));
  said.take("no end", seconds(1));
  said.finish();
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "one");
  EXPECT_EQ(lines[1], "two  [31mred");
  EXPECT_EQ(lines[2], std::string(500, 'x') + "…");
  EXPECT_EQ(lines[3], "\xef\xbf\xbd");
  EXPECT_EQ(lines[4], "no end");
  EXPECT_EQ(said.last(), "no end");
}

TEST(SaidLines, AProgramThatNeverStopsTalkingFillsNoLog) {
  std::vector<std::string> lines;
  SaidLines said([&](const std::string& line) { lines.push_back(line); });
  for (int i = 0; i < 1000; ++i) said.take("line " + std::to_string(i) + "\n", Duration(0));
  EXPECT_EQ(lines.size(), 20U);
  said.take("later\n", seconds(2));
  ASSERT_EQ(lines.size(), 22U);
  EXPECT_EQ(lines[20], "… 980 lines left out");
  EXPECT_EQ(lines[21], "later");
  EXPECT_EQ(said.last(), "later");
}

}  // namespace
}  // namespace tradewind::exec
