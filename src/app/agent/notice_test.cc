#include "app/agent/notice.h"

#include <gtest/gtest.h>

namespace tradewind::agent {
namespace {

const Time now = *parse_utc("2026-11-24T01:00:00Z");

TEST(Notice, BothFormsAreRead) {
  const PreemptionNotice ours{now, now + std::chrono::minutes(2), "capacity"};
  EXPECT_EQ(*parse_notice(R"({"deadline":"2026-11-24T01:02:00Z","reason":"capacity"})", now), ours);
  const PreemptionNotice ec2{now, now + std::chrono::minutes(2), "terminate"};
  EXPECT_EQ(*parse_notice(R"({"action":"terminate","time":"2026-11-24T01:02:00Z"})", now), ec2);
}

TEST(Notice, AHalfWrittenOneIsRefused) {
  for (const char* text : {"", "{\"deadline\":\"2026-", "{}", "[]", "{\"deadline\":\"soon\"}"}) {
    EXPECT_FALSE(parse_notice(text, now).ok()) << text;
  }
}

TEST(Notice, OneWithoutContentComesAfterTheUsualWarning) {
  EXPECT_EQ(bare_notice(now, std::chrono::seconds(30)).deadline, now + std::chrono::seconds(30));
}

}  // namespace
}  // namespace tradewind::agent
