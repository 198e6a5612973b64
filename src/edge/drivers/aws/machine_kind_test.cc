#include "edge/drivers/aws/machine_kind.h"

#include <gtest/gtest.h>

namespace tradewind::aws {
namespace {

Offer of(const std::string& type, Purchase purchase = Purchase::on_demand) {
  Offer offer;
  offer.instance_type = type;
  offer.purchase = purchase;
  return offer;
}

TEST(MachineKind, GravitonAndGraceAreToldByTheirNames) {
  for (const char* arm : {"a1.large", "t4g.micro", "m7g.large", "c7gn.16xlarge", "c6gd.metal", "x2gd.large",
                          "im4gn.large", "is4gen.large", "hpc7g.4xlarge", "g5g.xlarge", "p6e-gb200.36xlarge",
                          "u-p6e-gb300x36.18xlarge", "r8gb.large"})
    EXPECT_EQ(machine_of(arm), "aarch64") << arm;
  for (const char* intel : {"g5.xlarge", "g6.48xlarge", "gr6.4xlarge", "p5.48xlarge", "p6-b200.48xlarge",
                            "m5.large", "c5n.large", "trn1.32xlarge", "inf2.xlarge", "mac1.metal",
                            "u-6tb1.metal", "vt1.3xlarge", "m7i-flex.large", "g4dn.xlarge", ""})
    EXPECT_EQ(machine_of(intel), "x86_64") << intel;
}

TEST(MachineKind, EachKindOfDeviceHasItsImage) {
  EXPECT_EQ(image_parameter(of("g5.xlarge")),
            "/aws/service/deeplearning/ami/x86_64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id");
  EXPECT_EQ(image_parameter(of("g5g.xlarge")),
            "/aws/service/deeplearning/ami/arm64/base-oss-nvidia-driver-gpu-ubuntu-24.04/latest/ami-id");
  EXPECT_EQ(image_parameter(of("trn1.32xlarge")),
            "/aws/service/neuron/dlami/multi-framework/ubuntu-24.04/latest/image_id");
  EXPECT_EQ(image_parameter(of("m7g.large")),
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64");
  EXPECT_EQ(devices_of(of("g4ad.xlarge")), Devices::none) << "its GPU is AMD's";
  EXPECT_EQ(devices_of(of("p4d.24xlarge")), Devices::nvidia);
}

TEST(MachineKind, SpotAndOnDemandCountTowardsQuotasOfTheirOwn) {
  EXPECT_EQ(quota_of(of("m7g.large")).code, "L-1216C47A");
  EXPECT_EQ(quota_of(of("m7g.large", Purchase::spot)).code, "L-34B43A08");
  EXPECT_EQ(quota_of(of("g6.xlarge")).code, "L-DB2E81BA");
  EXPECT_EQ(quota_of(of("p4d.24xlarge", Purchase::spot)).code, "L-7212CCBC");
  EXPECT_EQ(quota_of(of("p5.48xlarge", Purchase::spot)).code, "L-C4BD4855");
  EXPECT_EQ(quota_of(of("trn1.2xlarge", Purchase::spot)).name, "All Trn Spot Instance Requests");
}

}  // namespace
}  // namespace tradewind::aws
