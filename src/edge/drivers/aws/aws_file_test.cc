#include "edge/drivers/aws/aws_file.h"

#include <gtest/gtest.h>

namespace tradewind::aws {
namespace {

TEST(AwsFile, ARegionIsItsNameOrAllThatIsKnownOfIt) {
  const RegionsOutcome outcome = parse_regions(R"(regions:
  - us-east-1
  - name: us-west-2
    profile: training
    instance_types: [g5.*, p5.48xlarge]
    on_demand: false
    subnets: [subnet-0a1]
    security_group: sg-0b2
    image: ami-0c3
    instance_profile: trainers
    disk_gib: 500
    reservations: [{id: cr-0d4, instance_type: p5.48xlarge, block: true}]
    tags: {team: ml, Name: 7}
)");
  ASSERT_TRUE(outcome.errors.empty()) << outcome.errors.front().message;
  ASSERT_EQ(outcome.regions.size(), 2U);
  EXPECT_EQ(outcome.regions[0], RegionConfig{.name = "us-east-1"});
  RegionConfig west{.name = "us-west-2"};
  west.profile = "training";
  west.instance_types = {"g5.*", "p5.48xlarge"};
  west.on_demand = false;
  west.subnets = {"subnet-0a1"};
  west.security_group = "sg-0b2";
  west.image = "ami-0c3";
  west.instance_profile = "trainers";
  west.disk_gib = 500;
  west.reservations = {{"cr-0d4", "p5.48xlarge", true}};
  west.tags = {{"team", "ml"}, {"Name", "7"}};
  EXPECT_EQ(outcome.regions[1], west);
}

TEST(AwsFile, WhatIsWrongIsToldWithItsPlaceAndCure) {
  const auto first = [](const std::string& yaml) {
    const RegionsOutcome outcome = parse_regions(yaml);
    EXPECT_FALSE(outcome.errors.empty()) << yaml;
    return outcome.errors.empty() ? std::string()
                                  : outcome.errors[0].message + " / " + outcome.errors[0].hint;
  };
  EXPECT_NE(first("regions: []").find("at least one region"), std::string::npos);
  EXPECT_NE(first("region: [a]").find("did you mean 'regions'"), std::string::npos);
  EXPECT_NE(first("regions: [a, a]").find("two regions named 'a'"), std::string::npos);
  EXPECT_NE(first("regions: [{name: a, subnet: x}]").find("did you mean 'subnets'"), std::string::npos);
  EXPECT_NE(first("regions: [{name: a, security_group: web}]").find("sg-"), std::string::npos);
  EXPECT_NE(first("regions: [{name: a, image: ubuntu}]").find("ami-"), std::string::npos);
  EXPECT_NE(first("regions: [{name: a, spot: false, on_demand: false}]").find("neither"), std::string::npos);
  EXPECT_NE(first("regions: [{name: a, tags: {tradewind-owner: x}}]").find("tradewind-"), std::string::npos);
  EXPECT_NE(first("regions: [{name: a, agent: {x86_64: {url: 'http://x', sha256: ab}}}]").find("sha256"),
            std::string::npos);
  EXPECT_NE(first("regions: [{profile: a}]").find("has no name"), std::string::npos);
}

Offer offer(const std::string& region, const std::string& type, Purchase purchase) {
  Offer made;
  made.location = {"aws", region};
  made.instance_type = type;
  made.purchase = purchase;
  made.price_per_hour = Money(1'000'000'000);
  return made;
}

TEST(AwsFile, ARegionSellsWhatItsFileAllowsOfTheCatalogue) {
  const std::vector<Offer> catalogue = {offer("us-east-1", "g5.xlarge", Purchase::spot),
                                        offer("us-east-1", "g5.xlarge", Purchase::on_demand),
                                        offer("us-east-1", "p5.48xlarge", Purchase::on_demand),
                                        offer("us-east-1", "g5.xlarge", Purchase::reserved_1y),
                                        offer("us-west-2", "g5.xlarge", Purchase::spot),
                                        offer("us-east-1", "m7g.large", Purchase::spot)};
  const auto keys = [&](const RegionConfig& region) {
    std::vector<std::string> made;
    for (const Offer& each : offers_in(region, catalogue)) made.push_back(offer_key(each));
    return made;
  };
  EXPECT_EQ(keys({.name = "us-east-1"}).size(), 4U);
  EXPECT_EQ(keys({.name = "us-east-1", .instance_types = {"g5.*"}, .on_demand = false}),
            std::vector<std::string>{"aws/us-east-1:g5.xlarge:spot"});
  EXPECT_TRUE(keys({.name = "eu-west-1"}).empty());
  EXPECT_EQ(offers_in({.name = "us-west-2"}, catalogue)[0].notice_lead, std::chrono::minutes(2));
}

}  // namespace
}  // namespace tradewind::aws
