#include "core/planner/requirements.h"

#include <gtest/gtest.h>

#include "core/planner/plan_request.h"
#include "core/planner/testing/market.h"

namespace tradewind::planner {
namespace {

using testing::offer_of;

const std::string eight_h100 = "aws/us-east-1/us-east-1a p5.48xlarge spot 8xH100-80 192 2048 20.00";

// "" when the offer fits, else "code: reason".
std::string verdict(const ResourceRequest& resources, const std::string& line, int nodes = 1) {
  const Offer offer = offer_of(line);
  const Match matched = match(offer, flatten(resources), nodes);
  if (matched.requirement) return "";
  JobSpec job;
  job.resources = resources;
  const PlanRequest request{.job = job, .offers = {&offer, 1}, .now = Time{}};
  return std::string(to_text(matched.rejection.code)) + ": " + reason_of(request, matched.rejection);
}

ResourceRequest accelerators(const std::string& model, double count) {
  ResourceRequest resources;
  resources.accelerators = {{model, count}};
  return resources;
}

TEST(Requirements, AnEmptyRequestAcceptsEverything) {
  EXPECT_EQ(verdict({}, eight_h100), "");
  EXPECT_EQ(verdict({}, "gcp/us-central1 n2 on_demand - 0 0 0.10"), "");
}

TEST(Requirements, AcceleratorsAreComparedAsPeopleSpellThem) {
  EXPECT_EQ(verdict(accelerators("h100", 8), eight_h100), "");
  EXPECT_EQ(verdict(accelerators("H100-80GB", 8), eight_h100), "");
  EXPECT_EQ(verdict(accelerators("A100", 8), eight_h100),
            "accelerator_mismatch: has 8 x H100 of 80 GiB, and 8 x A100 is asked for");
  EXPECT_EQ(verdict(accelerators("H100", 4), eight_h100),
            "accelerator_count: has 8 x H100 of 80 GiB, and 4 x H100 is asked for");
  EXPECT_EQ(verdict(accelerators("H100", 8), "gcp/us-central1 n2 on_demand - 8 32 0.10"),
            "accelerator_mismatch: has no accelerator, and 8 x H100 is asked for");
  EXPECT_EQ(verdict(accelerators("Novel9", 1), "x/y z on_demand 1xNovel9-10 8 32 0.10"), "");
}

TEST(Requirements, AnyOfTheListedAcceleratorsWillDo) {
  ResourceRequest resources = accelerators("A100", 8);
  resources.accelerators.push_back({"H100", 8});
  EXPECT_EQ(verdict(resources, eight_h100), "");
}

TEST(Requirements, PlacesTypesAndPurchases) {
  ResourceRequest resources;
  resources.infra = {{"gcp"}, {"aws", "us-west-2"}};
  EXPECT_EQ(verdict(resources, eight_h100),
            "location: lies in aws/us-east-1/us-east-1a, outside infra (gcp, aws/us-west-2)");
  resources.infra = {{"aws", "us-east-1"}};
  EXPECT_EQ(verdict(resources, eight_h100), "");
  resources.instance_type = "p4d.24xlarge";
  EXPECT_EQ(verdict(resources, eight_h100),
            "instance_type: is not the instance type p4d.24xlarge that is asked for");
  resources.instance_type = "p5.48xlarge";
  resources.use_spot = false;
  EXPECT_EQ(verdict(resources, eight_h100), "purchase: is spot, and use_spot: false rules that out");
  resources.use_spot = true;
  EXPECT_EQ(verdict(resources, eight_h100), "");
}

TEST(Requirements, AmountsAreExactUnlessMoreWillDo) {
  ResourceRequest resources;
  resources.cpus = AmountRequest{4, true};
  EXPECT_EQ(verdict(resources, "a/b c on_demand - 8 16 1"), "");
  EXPECT_EQ(verdict(resources, "a/b c on_demand - 2 16 1"), "too_few_cpus: has 2 vCPUs, and 4 are asked for");
  EXPECT_EQ(verdict(resources, "a/b c on_demand - 0 16 1"),
            "too_few_cpus: does not say its vCPUs, and 4 are asked for");
  resources.cpus = AmountRequest{4, false};
  EXPECT_EQ(verdict(resources, "a/b c on_demand - 8 16 1"),
            "too_many_cpus: has 8 vCPUs, and exactly 4 are asked for (write '4+' for at least that)");
  resources = {};
  resources.memory_gib = AmountRequest{32, true};
  EXPECT_EQ(verdict(resources, "a/b c on_demand - 8 16 1"),
            "too_little_memory: has 16 GiB memory, and 32 GiB are asked for");
}

TEST(Requirements, TheHourlyLimitCountsAllNodes) {
  ResourceRequest resources;
  resources.max_hourly_cost = Money::parse("30").value();
  EXPECT_EQ(verdict(resources, eight_h100), "");
  EXPECT_EQ(verdict(resources, eight_h100, 2),
            "over_hourly_cost: costs $40.00 an hour, over max_hourly_cost $30.00");
}

TEST(Requirements, AJobOfSeveralNodesNeedsAPlaceThatGivesThemTogether) {
  Offer offer = offer_of(eight_h100);
  const auto verdict_of = [&offer](int nodes) -> std::string {
    const Match matched = match(offer, flatten({}), nodes);
    if (matched.requirement) return "";
    const JobSpec job;
    const PlanRequest request{.job = job, .offers = {&offer, 1}, .now = Time{}};
    return std::string(to_text(matched.rejection.code)) + ": " + reason_of(request, matched.rejection);
  };
  EXPECT_EQ(verdict_of(4), "") << "a price list says nothing of it";
  offer.nodes_max = 1;
  EXPECT_EQ(verdict_of(1), "");
  EXPECT_EQ(verdict_of(2), "too_few_nodes: takes jobs of one node alone, and num_nodes asks for 2");
  offer.nodes_max = 4;
  EXPECT_EQ(verdict_of(4), "");
  EXPECT_EQ(verdict_of(5), "too_few_nodes: has 4 such nodes for one job, and num_nodes asks for 5");
}

TEST(Requirements, AlternativesTakeOverWhatTheyDoNotSay) {
  ResourceRequest resources = accelerators("H100", 8);
  resources.any_of.resize(2);
  resources.any_of[0].infra = {{"gcp"}};
  resources.any_of[1].accelerators = {{"A100", 8}};
  const std::vector<Requirement> flat = flatten(resources);
  ASSERT_EQ(flat.size(), 2U);
  EXPECT_EQ(flat[0].accelerators[0].model, "H100");
  EXPECT_EQ(flat[1].accelerators[0].model, "A100");
  EXPECT_EQ(flat[0].preference, flat[1].preference);
}

TEST(Requirements, OrderedAlternativesKeepTheirOrder) {
  ResourceRequest resources;
  resources.ordered = {accelerators("H100", 8), accelerators("A100", 8)};
  const std::vector<Requirement> flat = flatten(resources);
  ASSERT_EQ(flat.size(), 2U);
  EXPECT_EQ(flat[0].preference, 0U);
  EXPECT_EQ(flat[1].preference, 1U);
}

TEST(Requirements, TheReasonIsThatOfTheAlternativeThatCameNearest) {
  ResourceRequest resources;
  resources.any_of = {accelerators("A100", 8), accelerators("H100", 8)};
  resources.any_of[1].max_hourly_cost = Money::parse("5").value();
  EXPECT_EQ(verdict(resources, eight_h100),
            "over_hourly_cost: costs $20.00 an hour, over max_hourly_cost $5.00");
}

}  // namespace
}  // namespace tradewind::planner
