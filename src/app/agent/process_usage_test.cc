#include "app/agent/process_usage.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace tradewind::agent {
namespace {

TEST(ProcessUsage, TimesAndMemoryAreReadBehindANameWithBrackets) {
  const std::string line =
      "77 (a) b (c)) S 1 77 77 0 -1 4194560 100 0 0 0 150 50 30 20 20 0 1 0 999 1000000 25 "
      "18446744073709551615";
  EXPECT_EQ(parse_usage(line, 100, 4096), (ProcessUsage{2.5, 25 * 4096}));
  EXPECT_EQ(parse_usage("77 (cut", 100, 4096), ProcessUsage{});
  EXPECT_EQ(parse_usage("77 (cut) S 1", 100, 4096), ProcessUsage{});
}

TEST(ProcessUsage, ThisProcessUsesMemoryAndTime) {
  const std::vector<io::ProcessInfo> self = {*io::process_info(::getpid())};
  EXPECT_GT(usage_of(self).resident_bytes, 100'000U);
}

TEST(ProcessUsage, ASignalIsHandledOnceThereIsAHandler) {
  EXPECT_FALSE(handles_signal(::getpid(), SIGUSR2));
  struct sigaction ours = {};
  struct sigaction before = {};
  ours.sa_handler = [](int) {};
  ASSERT_EQ(::sigaction(SIGUSR2, &ours, &before), 0);
  EXPECT_TRUE(handles_signal(::getpid(), SIGUSR2));
  EXPECT_FALSE(handles_signal(::getpid(), SIGUSR1));
  ASSERT_EQ(::sigaction(SIGUSR2, &before, nullptr), 0);
  EXPECT_FALSE(parse_handles_signal("\nSigCgt:\tzz\n", 10));
  EXPECT_TRUE(parse_handles_signal("Name:\tx\nSigIgn:\t0\nSigCgt:\t0000000000000200\n", 10));
}

TEST(ProcessUsage, SignalsAreKnownByTheirNames) {
  EXPECT_EQ(signal_number("SIGUSR1"), SIGUSR1);
  EXPECT_EQ(signal_number("usr2"), SIGUSR2);
  EXPECT_EQ(signal_number("SIGNONE"), 0);
}

}  // namespace
}  // namespace tradewind::agent
