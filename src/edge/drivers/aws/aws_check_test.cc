#include "edge/drivers/aws/aws_check.h"

#include <gtest/gtest.h>

#include "edge/drivers/aws/testing/fake_ec2.h"

namespace tradewind::aws {
namespace {

using provider::Finding;
using provider::Proof;

class AwsCheckTest : public testing::Test {
 protected:
  std::vector<Proof> prove() {
    AwsOptions options;
    options.region.name = "us-east-1";
    for (const Purchase purchase : {Purchase::spot, Purchase::on_demand}) {
      Offer offer;
      offer.location = {"aws", "us-east-1"};
      offer.instance_type = "m7g.large";
      offer.purchase = purchase;
      offer.price_per_hour = Money(1'000'000'000);
      options.catalogue.push_back(offer);
    }
    options.environment = fake_.environment();
    options.network.transport = fake_.transport();
    options.network.sleep = [this](Duration span) { clock_.advance(span); };
    AwsProvider region(std::move(options), clock_);
    return prove_region(region, clock_);
  }
  static const Proof& of(const std::vector<Proof>& proofs, const std::string& end) {
    for (const Proof& proof : proofs) {
      if (proof.name.ends_with(end)) return proof;
    }
    ADD_FAILURE() << "nothing is said of " << end;
    return proofs.front();
  }

  ManualClock clock_{*parse_utc("2026-01-01T00:00:00Z")};
  FakeEc2 fake_{[this] { return clock_.now(); }};
};

TEST_F(AwsCheckTest, AllThatAJobNeedsIsTriedAndNothingIsMade) {
  const std::vector<Proof> proofs = prove();
  for (const Proof& proof : proofs)
    EXPECT_EQ(proof.finding, Finding::ok) << proof.name << ": " << proof.detail;
  EXPECT_NE(of(proofs, "identity").detail.find("user/ana"), std::string::npos);
  EXPECT_NE(of(proofs, "image").detail.find("ami-0abc"), std::string::npos);
  EXPECT_NE(of(proofs, "quotas").detail.find("64 vCPUs"), std::string::npos);
  EXPECT_EQ(of(proofs, "launch spot").detail, "m7g.large would be launched");
  EXPECT_TRUE(fake_.instances().empty());
  EXPECT_EQ(fake_.groups(), 0);
}

TEST_F(AwsCheckTest, AMissingRightIsNamedWithItsCure) {
  fake_.deny("RunInstances");
  std::vector<Proof> proofs = prove();
  EXPECT_EQ(of(proofs, "launch on_demand").finding, Finding::broken);
  EXPECT_NE(of(proofs, "launch on_demand").cure.find("ec2:RunInstances"), std::string::npos);
  fake_.deny("DescribeInstances");
  proofs = prove();
  EXPECT_EQ(of(proofs, "rights").detail, "missing: ec2:DescribeInstances");
}

TEST_F(AwsCheckTest, WrongCredentialsEndTheCheckAtOnce) {
  fake_.take_secret("another");
  const std::vector<Proof> proofs = prove();
  ASSERT_EQ(proofs.size(), 1U);
  EXPECT_EQ(proofs[0].finding, Finding::broken);
  EXPECT_NE(proofs[0].cure.find("aws sts get-caller-identity"), std::string::npos) << proofs[0].cure;
}

}  // namespace
}  // namespace tradewind::aws
