#include "edge/io/host.h"

#include <gtest/gtest.h>

namespace tradewind::io {
namespace {

LocalHost here() {
  return LocalHost({{"PATH", "/usr/bin:/bin"}, {"GREETING", "ahoy"}});
}

TEST(LocalHost, RunsAProgramWithInputAndItsOwnEnvironment) {
  LocalHost host = here();
  const Result<CommandOutput> output =
      host.run({{"sh", "-c", "cat; printf %s \"$GREETING\"; exit 3"}, "in "});
  ASSERT_TRUE(output.ok()) << describe(output.error());
  EXPECT_EQ(output->out, "in ahoy");
  EXPECT_EQ(output->status.code, 3);
}

TEST(LocalHost, GivesLargeInputWhole) {
  LocalHost host = here();
  const Result<CommandOutput> output = host.run({{"wc", "-c"}, std::string(3'000'000, 'x')});
  ASSERT_TRUE(output.ok()) << describe(output.error());
  EXPECT_EQ(output->out, "3000000\n");
}

TEST(LocalHost, SaysThatAProgramIsMissingOrHangs) {
  LocalHost host = here();
  EXPECT_EQ(host.run({{"no-such-program-here"}}).error().code, Code::not_found);
  EXPECT_EQ(host.run({{"sleep", "60"}, "", Duration(50)}).error().code, Code::unavailable);
}

TEST(ShellQuoted, IsOneWordForAShell) {
  LocalHost host = here();
  for (const char* text : {"plain", "", "a b", "it's", "$(id)", "`id`", "\"", "a\nb", "\\", "*"}) {
    const Result<CommandOutput> output = host.run({{"sh", "-c", "printf %s " + shell_quoted(text)}});
    ASSERT_TRUE(output.ok());
    EXPECT_EQ(output->out, text);
  }
  EXPECT_EQ(shell_quoted("plain/path.txt"), "plain/path.txt");
}

}  // namespace
}  // namespace tradewind::io
