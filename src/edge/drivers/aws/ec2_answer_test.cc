#include "edge/drivers/aws/ec2_answer.h"

#include <gtest/gtest.h>

#include "edge/drivers/aws/instance_view.h"

namespace tradewind::aws {
namespace {

std::string described(const std::string& state, int code, const std::string& more) {
  return R"(<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>
<reservationSet><item><reservationId>r-1</reservationId><instancesSet><item><instanceId>i-0a</instanceId>
<instanceState><code>)" +
         std::to_string(code) + "</code><name>" + state +
         R"(</name></instanceState><instanceType>g5.xlarge</instanceType>
<launchTime>2026-01-01T08:00:00.000Z</launchTime><placement><availabilityZone>us-east-1b</availabilityZone></placement>
<tagSet><item><key>tradewind-owner</key><value>o1</value></item><item><key>tradewind-lease</key><value>l-1</value></item>
<item><key>tradewind-place</key><value>aws/us-east-1</value></item></tagSet>)" +
         more +
         "</item></instancesSet></item></reservationSet><nextToken>n2</nextToken></"
         "DescribeInstancesResponse>";
}

Instance seen(const std::string& state, int code, const std::string& more = "") {
  const Result<Ec2Page> page = parse_instances(described(state, code, more));
  EXPECT_TRUE(page.ok());
  return instance_of(page->instances.at(0), "us-east-1", *parse_utc("2026-01-01T10:00:00Z"));
}

TEST(Ec2Answer, AnInstanceIsReadWithItsTags) {
  const Result<Ec2Page> page = parse_instances(described("running", 272, ""));
  ASSERT_TRUE(page.ok()) << describe(page.error());
  EXPECT_EQ(page->next_token, "n2");
  const Ec2Instance& one = page->instances.at(0);
  EXPECT_EQ(one.state_code, 16) << "the high byte is not for us";
  EXPECT_EQ(one.zone, "us-east-1b");
  const Instance instance = instance_of(one, "us-east-1", Time());
  EXPECT_EQ(to_text(instance.ref.location), "aws/us-east-1");
  EXPECT_EQ(instance.owner, OwnerId("o1"));
  EXPECT_EQ(instance.token, "l-1");
  EXPECT_EQ(instance.state, InstanceState::running);
  EXPECT_EQ(instance.launched_at, *parse_utc("2026-01-01T08:00:00Z"));
}

TEST(Ec2Answer, WhatIsNoneIsCorruptAndNotEmpty) {
  for (const char* none :
       {"", "{}", "<html/>", "<DescribeInstancesResponse/>",
        "<DescribeInstancesResponse><reservationSet><item><instancesSet><item/></instancesSet></item>"
        "</reservationSet></DescribeInstancesResponse>"}) {
    const Result<Ec2Page> page = parse_instances(none);
    ASSERT_FALSE(page.ok()) << none;
    EXPECT_EQ(page.error().code, Code::corrupt);
  }
}

TEST(InstanceView, ASpotInstanceThatWasTakenIsToldFromOneThatWasEnded) {
  const Instance taken =
      seen("terminated", 48,
           "<reason>Server.SpotInstanceTermination</reason><stateReason><code>"
           "Server.SpotInstanceTermination</code><message>Server.SpotInstanceTermination: Spot "
           "instance termination</message></stateReason>");
  EXPECT_TRUE(taken.preempted);
  EXPECT_EQ(taken.terminated_at, *parse_utc("2026-01-01T10:00:00Z")) << "as it was first seen";
  const Instance ended = seen("terminated", 48,
                              "<reason>User initiated (2026-01-01 08:22:00 GMT)</reason><stateReason><code>"
                              "Client.UserInitiatedShutdown</code></stateReason>");
  EXPECT_FALSE(ended.preempted);
  EXPECT_EQ(ended.terminated_at, *parse_utc("2026-01-01T08:22:00Z"));
  EXPECT_EQ(ended.reason, "Client.UserInitiatedShutdown");
  EXPECT_FALSE(seen("terminated", 48).reason.empty());
}

TEST(InstanceView, AStateOfAnotherNameIsTakenByItsCodeAndElseForOneThatRuns) {
  EXPECT_EQ(seen("finished", 48).state, InstanceState::terminated);
  EXPECT_EQ(seen("thinking", 112).state, InstanceState::running);
  EXPECT_EQ(seen("thinking", 0).state, InstanceState::running);
  EXPECT_EQ(seen("stopped", 80).state, InstanceState::stopping);
}

TEST(Ec2Answer, PricesGroupsAndImagesAreRead) {
  const Result<SpotPage> prices = parse_spot_prices(
      "<DescribeSpotPriceHistoryResponse><spotPriceHistorySet><item><instanceType>g5.xlarge</instanceType>"
      "<productDescription>Linux/UNIX</productDescription><spotPrice>0.402500</spotPrice><timestamp>"
      "2026-01-01T08:00:00.000Z</timestamp><availabilityZone>us-east-1a</availabilityZone></item></"
      "spotPriceHistorySet>"
      "<nextToken/></DescribeSpotPriceHistoryResponse>");
  ASSERT_TRUE(prices.ok()) << describe(prices.error());
  EXPECT_EQ(prices->prices.at(0).price_per_hour, *Money::parse("0.4025"));
  EXPECT_FALSE(parse_spot_prices("<DescribeSpotPriceHistoryResponse><spotPriceHistorySet><item><spotPrice>0.0"
                                 "</spotPrice><timestamp>2026-01-01T08:00:00.000Z</timestamp></item>"
                                 "</spotPriceHistorySet></DescribeSpotPriceHistoryResponse>")
                   .ok());
  const auto groups = parse_security_groups(
      "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId><ipPermissions/></"
      "item><item>"
      "<groupId>sg-2</groupId><ipPermissions><item/></ipPermissions></item></securityGroupInfo>"
      "</DescribeSecurityGroupsResponse>");
  ASSERT_TRUE(groups.ok());
  EXPECT_FALSE(groups->at(0).lets_in);
  EXPECT_TRUE(groups->at(1).lets_in);
}

TEST(Ec2Answer, ATimeStandsInATransition) {
  EXPECT_EQ(time_in("User initiated (2026-01-01 08:22:00 GMT)"), *parse_utc("2026-01-01T08:22:00Z"));
  for (const char* none : {"", "User initiated", "( GMT)", " GMT)(", "(yesterday GMT)"})
    EXPECT_EQ(time_in(none), std::nullopt) << none;
}

}  // namespace
}  // namespace tradewind::aws
