#include "app/agent/metadata_answers.h"

#include <gtest/gtest.h>

namespace tradewind::agent {
namespace {

using std::chrono::seconds;

const Time now = *parse_utc("2026-11-24T01:00:00Z");

TEST(MetadataAnswers, AwsNamesTheActionAndItsTime) {
  const auto notice = aws_instance_action(R"({"action": "terminate", "time": "2026-11-24T01:02:00Z"})", now);
  ASSERT_TRUE(notice.ok()) << notice.error().message;
  EXPECT_EQ(*notice, (PreemptionNotice{now, now + seconds(120), "spot interruption (terminate)"}));
}

TEST(MetadataAnswers, HibernationBeginsAtOnce) {
  const auto notice = aws_instance_action(R"({"action": "hibernate", "time": "2026-11-24T01:02:00Z"})", now);
  ASSERT_TRUE(notice.ok());
  EXPECT_EQ(notice->deadline, now);
}

TEST(MetadataAnswers, ATimeThatHasPassedIsNow) {
  const auto notice = aws_termination_time("2026-11-24T00:59:00Z\n", now);
  ASSERT_TRUE(notice.ok());
  EXPECT_EQ(notice->deadline, now);
}

TEST(MetadataAnswers, TheAdviceToRebalanceHasATime) {
  EXPECT_EQ(*aws_rebalance(R"({"noticeTime": "2026-11-24T00:58:30Z"})"), now - seconds(90));
}

TEST(MetadataAnswers, GoogleSaysTrueOrFalse) {
  EXPECT_EQ(google_preempted("TRUE", now, seconds(30))->value().deadline, now + seconds(30));
  EXPECT_FALSE(google_preempted("FALSE\n", now, seconds(30))->has_value());
  EXPECT_EQ(google_maintenance("TERMINATE_ON_HOST_MAINTENANCE", now)->value().deadline, now + seconds(60));
  EXPECT_FALSE(google_maintenance("NONE", now)->has_value());
  EXPECT_FALSE(google_maintenance("MIGRATE_ON_HOST_MAINTENANCE", now)->has_value());
}

std::string event(const std::string& type, const std::string& machine, const std::string& at) {
  return R"({"EventId": "A1", "EventType": ")" + type +
         R"(", "ResourceType": "VirtualMachine", "Resources": [")" + machine +
         R"("], "EventStatus": "Scheduled", "NotBefore": ")" + at +
         R"(", "Description": "", "EventSource": "Platform"})";
}

std::string events(const std::string& all) {
  return R"({"DocumentIncarnation": 2, "Events": [)" + all + "]}";
}

TEST(MetadataAnswers, AzureEndsTheMachineItNames) {
  const std::string body = events(event("Preempt", "other_1", "Tue, 24 Nov 2026 01:00:10 GMT") + "," +
                                  event("Preempt", "TW-7", "Tue, 24 Nov 2026 01:00:30 GMT"));
  const auto found = azure_event(body, "tw-7", now);
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_TRUE(found->has_value());
  EXPECT_EQ((*found)->notice, (PreemptionNotice{now, now + seconds(30), "Azure: Preempt"}));
  EXPECT_EQ(azure_approval(**found), R"({"StartRequests":[{"EventId":"A1"}]})");
}

TEST(MetadataAnswers, AnAzureEventThatHasBegunIsNow) {
  EXPECT_EQ((*azure_event(events(event("Redeploy", "a", "")), "a", now))->notice.deadline, now);
}

TEST(MetadataAnswers, AFreezeIsNoEnd) {
  EXPECT_FALSE(azure_event(events(event("Freeze", "a", "")), "a", now)->has_value());
  EXPECT_FALSE(azure_event(events(""), "a", now)->has_value());
}

TEST(MetadataAnswers, WhatIsNoneIsRefused) {
  for (const char* text : {"", "{", "[]", "{}", "<html>404</html>", "null"}) {
    EXPECT_FALSE(aws_instance_action(text, now).ok()) << text;
    EXPECT_FALSE(aws_termination_time(text, now).ok()) << text;
    EXPECT_FALSE(aws_rebalance(text).ok()) << text;
    EXPECT_FALSE(google_preempted(text, now, seconds(1)).ok()) << text;
    EXPECT_FALSE(google_maintenance(text, now).ok()) << text;
    EXPECT_FALSE(azure_event(text, "a", now).ok()) << text;
  }
  EXPECT_FALSE(azure_event(events(event("Preempt", "a", "soon")), "a", now).ok());
  EXPECT_FALSE(azure_event(events("7"), "a", now).ok());
}

}  // namespace
}  // namespace tradewind::agent
