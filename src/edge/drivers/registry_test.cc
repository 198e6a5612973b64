#include "edge/drivers/registry.h"

#include <gtest/gtest.h>

#include "edge/drivers/local/this_machine.h"
#include "edge/io/files.h"
#include "edge/io/system_clock.h"

namespace tradewind::drivers {
namespace {

class Registry : public testing::Test {
 protected:
  Registry() : dir_(io::TempDir::make("tw-registry-").value()) {
    config_.folders = {dir_.path() / "config", dir_.path() / "state", dir_.path() / "data",
                       dir_.path() / "cache"};
    config_.machine_program = {"/bin/true"};
    config_.agent_program = {"/bin/true"};
  }
  std::vector<std::string> offered() {
    std::vector<std::string> keys;
    const auto providers = make_providers(config_, clock_);
    EXPECT_TRUE(providers.ok()) << (providers ? "" : providers.error().message);
    if (!providers) return keys;
    for (const auto& provider : *providers) {
      const std::vector<Offer> offers = provider->offers({}).value();
      for (const Offer& offer : offers) keys.push_back(offer_key(offer));
    }
    return keys;
  }
  io::TempDir dir_;
  io::SystemClock clock_;
  DriverConfig config_;
};

TEST_F(Registry, OffersThisMachineWhenNothingIsConfigured) {
  EXPECT_EQ(offered(), (std::vector<std::string>{"local/here:machine:on_demand", "local/here:machine:spot"}));
  EXPECT_EQ(local_zones(config_)->front().store, "file://" + (dir_.path() / "data/stores/here").string());
}

TEST_F(Registry, ReadsTheUsualZonesFileAndAnyOther) {
  ASSERT_TRUE(io::make_folders(config_.folders.config).ok());
  ASSERT_TRUE(
      io::write_file_atomic(config_.folders.config / "zones.yaml", "zones: [{name: a, spot: no, cpus: 1}]\n")
          .ok());
  EXPECT_EQ(offered(), std::vector<std::string>{"local/a:machine:on_demand"});
  const std::vector<local::Zone> zones = local_zones(config_).value();
  EXPECT_EQ(zones.at(0).cpus, 1);
  EXPECT_GT(zones.at(0).memory_gib, 0) << "what is not said is all of the machine";
  config_.zones_file = dir_.path() / "other.yaml";
  EXPECT_EQ(make_providers(config_, clock_).error().code, Code::not_found)
      << "a file that was named must be there";
  ASSERT_TRUE(io::write_file_atomic(config_.zones_file, "zones: [{name: b, spot: no}]\n").ok());
  EXPECT_EQ(offered(), std::vector<std::string>{"local/b:machine:on_demand"});
  ASSERT_TRUE(io::write_file_atomic(config_.zones_file, "zones: [{name: b, sopt: no}]\n").ok());
  EXPECT_NE(make_providers(config_, clock_).error().message.find("other.yaml:1:19"), std::string::npos);
}

TEST_F(Registry, SellsThePoolsOfClustersAndTellsWhichThereAre) {
  ASSERT_TRUE(io::make_folders(config_.folders.config).ok());
  EXPECT_NE(prove_supplier(config_, "k8s", clock_).error().message.find("kubernetes.yaml"),
            std::string::npos);
  const auto file = config_.folders.config / "kubernetes.yaml";
  ASSERT_TRUE(
      io::write_file_atomic(
          file,
          "clusters: [{name: lab, agent: {path: /agent}, pools: [{name: small}, {name: gpu, spot: yes}]}]\n")
          .ok());
  EXPECT_EQ(offered(),
            (std::vector<std::string>{"local/here:machine:on_demand", "local/here:machine:spot",
                                      "kubernetes/lab:small:on_demand", "kubernetes/lab:gpu:spot"}));
  EXPECT_EQ(prove_supplier(config_, "k8s/lob", clock_).error().hint, "it has kubernetes/lab");
  ASSERT_TRUE(io::write_file_atomic(file, "clusters: [{name: lab, pools: [{name: small}]}]\n").ok());
  EXPECT_NE(make_providers(config_, clock_).error().message.find("kubernetes.yaml:1:12"), std::string::npos);
}

TEST_F(Registry, SellsWhatProgramsOffer) {
  ASSERT_TRUE(io::make_folders(config_.folders.config).ok());
  EXPECT_NE(prove_supplier(config_, "exec", clock_).error().message.find("exec.yaml"), std::string::npos);
  EXPECT_EQ(prove_supplier(config_, "volt", clock_).error().code, Code::not_found);
  const std::string script = R"sh(#!/bin/sh
while read -r line; do
  id=${line#*:} id=${id%%,*}
  case $line in
  *capabilities*) echo '{"id":'$id',"result":{"protocol":1,"regions":["eu"]}}' ;;
  *instances*) echo '{"id":'$id',"result":{"instances":[]}}' ;;
  *) echo '{"id":'$id',"result":{"offers":[{"region":"eu","instance_type":"small","purchase":"on_demand","price_per_hour":{"amount":"1","currency":"USD"}}]}}' ;;
  esac
done
)sh";
  ASSERT_TRUE(io::write_file_atomic(config_.folders.config / "volt", script, {0755, false}).ok());
  const auto file = config_.folders.config / "exec.yaml";
  ASSERT_TRUE(io::write_file_atomic(
                  file, "suppliers: [{name: volt, command: ./volt}, {name: dead, command: /bin/false}]\n")
                  .ok());
  std::string logged;
  config_.log = [&](const std::string& line) { logged += line + "\n"; };
  const auto providers = make_providers(config_, clock_);
  ASSERT_TRUE(providers.ok()) << providers.error().message;
  ASSERT_EQ(providers->size(), 3U);
  EXPECT_EQ(offer_key(providers->at(1)->offers({}).value().at(0)), "volt/eu:small:on_demand");
  EXPECT_FALSE(providers->at(2)->offers({}).ok());
  EXPECT_NE(logged.find("supplier dead does not answer yet"), std::string::npos) << logged;
  for (const char* name : {"volt", "exec/volt"}) {
    const auto proofs = prove_supplier(config_, name, clock_);
    ASSERT_TRUE(proofs.ok()) << proofs.error().message;
    EXPECT_EQ(proofs->size(), 3U);
  }
  EXPECT_EQ(prove_supplier(config_, "exec", clock_)->back().finding, provider::Finding::broken);
  EXPECT_EQ(prove_supplier(config_, "exec/vlot", clock_).error().hint, "it has volt, dead");
  ASSERT_TRUE(io::write_file_atomic(file, "suppliers: [{name: aws, command: ./volt}]\n").ok());
  EXPECT_NE(make_providers(config_, clock_).error().message.find("exec.yaml:1:"), std::string::npos);
}

TEST_F(Registry, MakesASupplierOfEachSlurmCluster) {
  ASSERT_TRUE(io::make_folders(config_.folders.config).ok());
  const io::Path file = config_.folders.config / "slurm.yaml";
  ASSERT_TRUE(io::write_file_atomic(file, "clusters: [{name: hpc, store: /srv/tw}]\n").ok());
  const auto providers = make_providers(config_, clock_);
  ASSERT_TRUE(providers.ok()) << providers.error().message;
  ASSERT_EQ(providers->size(), 2U);
  EXPECT_EQ(provider::supplier_name(providers->at(1)->capabilities()), "slurm/hpc");
  ASSERT_TRUE(
      io::write_file_atomic(file, "clusters: [{name: hpc, store: /srv/tw, host: ana@login1}]\n").ok());
  EXPECT_EQ(make_providers(config_, clock_).error().code, Code::invalid_argument) << "nothing reaches hosts";
  std::string asked;
  config_.host_of = [&](const std::string& target) -> Result<std::unique_ptr<io::Host>> {
    asked = target;
    return std::unique_ptr<io::Host>(new io::LocalHost({}));
  };
  EXPECT_TRUE(make_providers(config_, clock_).ok());
  EXPECT_EQ(asked, "ana@login1");
  ASSERT_TRUE(io::write_file_atomic(file, "clusters: [{name: hpc}]\n").ok());
  EXPECT_NE(make_providers(config_, clock_).error().message.find("slurm.yaml:1:"), std::string::npos);
}

TEST_F(Registry, ARegionOfAwsIsASupplierOfItsOwn) {
  ASSERT_TRUE(io::make_folders(config_.folders.config).ok());
  const auto file = config_.folders.config / "aws.yaml";
  ASSERT_TRUE(io::write_file_atomic(file, "regions: [us-east-1, {name: eu-west-1, spot: no}]\n").ok());
  config_.catalogue = [] {
    std::vector<Offer> known(2);
    known[0].location = {"aws", "us-east-1"};
    known[1].location = {"aws", "eu-west-1"};
    return known;
  };
  const auto regions = aws_providers(config_, clock_);
  ASSERT_TRUE(regions.ok()) << describe(regions.error());
  ASSERT_EQ(regions->size(), 2U);
  EXPECT_EQ(provider::supplier_name(regions->at(1)->capabilities()), "aws/eu-west-1");
  EXPECT_EQ(regions->at(1)->offers({})->at(0).location.region, "eu-west-1");
  EXPECT_NE(prove_supplier(config_, "aws/eu-west-9", clock_).error().hint.find("aws/eu-west-1"),
            std::string::npos);
  ASSERT_TRUE(io::write_file_atomic(file, "regions: [{nme: us-east-1}]\n").ok());
  EXPECT_NE(describe(make_providers(config_, clock_).error()).find("aws.yaml"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::drivers
