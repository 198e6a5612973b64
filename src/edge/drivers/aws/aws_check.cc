#include "edge/drivers/aws/aws_check.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "edge/drivers/aws/machine_kind.h"

namespace tradewind::aws {
namespace {

using provider::Finding;
using provider::Proof;

Proof broken(const std::string& name, const Error& error) {
  return {name, Finding::broken, error.message, error.hint};
}

// EC2 answers DryRunOperation where it would have done it.
Status dry_run(RegionClient& client, const std::string& action, cloud::Query query) {
  query.emplace_back("DryRun", "true");
  TW_ASSIGN_OR_RETURN(const cloud::AwsReply reply, client.ec2(action, std::move(query)));
  if (!reply.problem || reply.problem->code == "DryRunOperation") return {};
  return client.refusal(action, reply);
}

// The cheapest of that purchase.
const Offer* sample(const std::vector<Offer>& offers, Purchase purchase) {
  const Offer* found = nullptr;
  for (const Offer& offer : offers) {
    const bool better = found == nullptr || offer.price_per_hour < found->price_per_hour;
    if (offer.purchase == purchase && offer.location.zone.empty() && better) found = &offer;
  }
  return found;
}

Status look(RegionClient& client, const std::string& action, cloud::Query query = {}) {
  TW_ASSIGN_OR_RETURN(const std::string body, client.ec2_body(action, std::move(query)));
  return {};
}

Proof reads_of(const std::string& name, RegionClient& client, const Clock& clock) {
  std::vector<std::string> missing;
  const auto want = [&](const std::string& action, cloud::Query query) -> std::optional<Error> {
    const Status seen = look(client, action, std::move(query));
    if (seen.ok()) return std::nullopt;
    if (seen.error().message.find("UnauthorizedOperation") == std::string::npos) return seen.error();
    missing.push_back("ec2:" + action);
    return std::nullopt;
  };
  for (const auto& error :
       {want("DescribeInstances", {{"MaxResults", "5"}}), want("DescribeAvailabilityZones", {}),
        want("DescribeSecurityGroups", {{"MaxResults", "5"}}),
        want("DescribeSpotPriceHistory", {{"StartTime", format_utc(clock.now())},
                                          {"ProductDescription.1", "Linux/UNIX"},
                                          {"InstanceType.1", "m7g.large"}})}) {
    if (error) return broken(name, *error);
  }
  if (missing.empty()) return {name, Finding::ok, "instances, zones, groups and spot prices can be seen"};
  return {name, Finding::broken, "missing: " + join(missing, ", "),
          "grant them: docs/suppliers/aws.md has the policy"};
}

Proof image_of(const std::string& name, AwsProvider& region, const std::vector<Offer>& offers) {
  std::set<std::string> wanted;
  for (const Offer& offer : offers)
    wanted.insert(region.region().image.empty() ? image_parameter(offer) : region.region().image);
  std::vector<std::string> found;
  for (const std::string& each : wanted) {
    const Result<Image> image = region.client().image(each);
    if (!image.ok()) return broken(name, image.error());
    found.push_back(image->id + " (" + image->name + ")");
  }
  return {name, Finding::ok, join(found, ", ")};
}

Proof quotas_of(const std::string& name, RegionClient& client, const std::vector<Offer>& offers) {
  std::vector<std::string> said;
  std::set<std::string> codes;
  bool none = false;
  for (const Offer& offer : offers) {
    const QuotaName quota = quota_of(offer);
    if (!codes.insert(quota.code).second) continue;
    const Result<double> vcpus = client.quota(quota.code);
    if (!vcpus.ok() && vcpus.error().code == Code::not_found) continue;  // not in this region
    if (!vcpus.ok()) return {name, Finding::warning, vcpus.error().message, vcpus.error().hint};
    none = none || *vcpus <= 0;
    said.push_back(quota.name + ": " + std::to_string(static_cast<long>(*vcpus)) + " vCPUs");
  }
  if (said.empty()) return {name, Finding::warning, "Service Quotas knows none of those that count here"};
  return {name, none ? Finding::warning : Finding::ok, join(said, "; "),
          none ? "ask for more in the Service Quotas console: nothing of that kind can be launched" : ""};
}

// A launch that is none: all its parameters, with no more than a stand-in for the boot document's agent.
Proof launch_of(const std::string& name, AwsProvider& region, const Offer& offer, const Clock& clock) {
  RegionClient& client = region.client();
  provider::LaunchRequest request;
  request.token = "l-check";
  request.owner = OwnerId("check");
  request.job = JobId("check");
  request.offer = offer;
  request.hard_limit = clock.now() + std::chrono::hours(1);
  const std::string named = region.region().image.empty() ? image_parameter(offer) : region.region().image;
  const Result<Image> image = client.image(named);
  if (!image.ok()) return broken(name, image.error());
  LaunchPlace place{*image, region.region().security_group, "", ""};
  if (!region.region().subnets.empty()) place.subnet = region.region().subnets.front();
  cloud::Query query = run_parameters(region.region(), request, place, "#!/bin/sh\n");
  if (place.security_group.empty())
    std::erase_if(query, [](const auto& each) { return each.first == "SecurityGroupId.1"; });
  const Status tried = dry_run(client, "RunInstances", std::move(query));
  if (!tried.ok()) return broken(name, tried.error());
  return {name, Finding::ok, offer.instance_type + " would be launched"};
}

Proof group_of(const std::string& name, AwsProvider& region) {
  if (!region.region().security_group.empty()) return {name, Finding::ok, region.region().security_group};
  cloud::Query query = {{"GroupName", "tradewind-check"}, {"GroupDescription", "never made"}};
  if (!region.region().subnets.empty()) {
    const Result<Subnet> subnet = region.client().subnet(region.region().subnets.front());
    if (!subnet.ok()) return broken(name, subnet.error());
    query.emplace_back("VpcId", subnet->vpc);
  }
  const Status tried = dry_run(region.client(), "CreateSecurityGroup", std::move(query));
  if (!tried.ok()) return broken(name, tried.error());
  return {name, Finding::ok, "one that lets nothing in would be made"};
}

}  // namespace

std::vector<Proof> prove_region(AwsProvider& region, const Clock& clock) {
  RegionClient& client = region.client();
  const std::string name = client.called();
  const Result<std::string> caller = client.caller();
  if (!caller.ok()) return {broken(name + " identity", caller.error())};
  std::vector<Proof> proofs = {{name + " identity", Finding::ok, *caller}};
  proofs.push_back(reads_of(name + " rights", client, clock));
  const Result<std::vector<Offer>> offers = region.offers({});
  if (!offers.ok()) {
    proofs.push_back(broken(name + " offers", offers.error()));
    return proofs;
  }
  if (offers->empty()) {
    proofs.push_back({name + " offers", Finding::broken,
                      "the catalogue knows nothing that aws.yaml allows here",
                      "see tradewind offers --infra " + name + ", and instance_types in aws.yaml"});
    return proofs;
  }
  proofs.push_back({name + " offers", Finding::ok, count_text(offers->size(), "offer")});
  proofs.push_back(image_of(name + " image", region, *offers));
  proofs.push_back(group_of(name + " security group", region));
  for (const Purchase purchase : {Purchase::on_demand, Purchase::spot}) {
    if (const Offer* offer = sample(*offers, purchase))
      proofs.push_back(launch_of(name + " launch " + std::string(to_text(purchase)), region, *offer, clock));
  }
  proofs.push_back(quotas_of(name + " quotas", client, *offers));
  return proofs;
}

}  // namespace tradewind::aws
