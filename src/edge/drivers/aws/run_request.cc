#include "edge/drivers/aws/run_request.h"

#include <algorithm>
#include <cmath>

#include "edge/drivers/aws/instance_view.h"
#include "edge/io/hash.h"

namespace tradewind::aws {
namespace {

std::map<std::string, std::string> tags_of(const RegionConfig& region,
                                           const provider::LaunchRequest& request) {
  std::map<std::string, std::string> tags = region.tags;
  tags[owner_tag] = request.owner.text();
  tags[lease_tag] = request.token;
  tags[job_tag] = request.job.text();
  tags[place_tag] = to_text(request.offer.location);
  tags.try_emplace("Name", "tradewind " + request.job.text());
  return tags;
}

// Paid for already: used where the type fits, and nothing else is then launched in its place.
void add_market(cloud::Query& query, const RegionConfig& region, const Offer& offer) {
  if (offer.purchase == Purchase::spot) {
    query.emplace_back("InstanceMarketOptions.MarketType", "spot");
    query.emplace_back("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time");
    query.emplace_back("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "terminate");
    return;
  }
  const auto reserved =
      std::ranges::find(region.reservations, offer.instance_type, &Reservation::instance_type);
  if (reserved == region.reservations.end()) return;
  query.emplace_back("CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId",
                     reserved->id);
  if (reserved->block) query.emplace_back("InstanceMarketOptions.MarketType", "capacity-block");
}

void add_disk(cloud::Query& query, const RegionConfig& region, const Image& image) {
  query.emplace_back("BlockDeviceMapping.1.DeviceName", image.root_device);
  query.emplace_back("BlockDeviceMapping.1.Ebs.VolumeSize",
                     std::to_string(static_cast<long>(std::ceil(region.disk_gib))));
  query.emplace_back("BlockDeviceMapping.1.Ebs.VolumeType", "gp3");
  query.emplace_back("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true");
}

}  // namespace

std::string client_token(const OwnerId& owner, const std::string& token) {
  return io::hex(io::sha256(owner.text() + "\n" + token));
}

void add_filter(cloud::Query& query, int number, const std::string& name, const std::string& value) {
  const std::string filter = "Filter." + std::to_string(number);
  query.emplace_back(filter + ".Name", name);
  query.emplace_back(filter + ".Value.1", value);
}

void add_tags(cloud::Query& query, int number, const std::string& kind,
              const std::map<std::string, std::string>& tags) {
  const std::string specification = "TagSpecification." + std::to_string(number);
  query.emplace_back(specification + ".ResourceType", kind);
  int count = 0;
  for (const auto& [key, value] : tags) {
    const std::string tag = specification + ".Tag." + std::to_string(++count);
    query.emplace_back(tag + ".Key", key);
    query.emplace_back(tag + ".Value", value);
  }
}

cloud::Query run_parameters(const RegionConfig& region, const provider::LaunchRequest& request,
                            const LaunchPlace& place, const std::string& user_data) {
  cloud::Query query = {{"ImageId", place.image.id},
                        {"InstanceType", request.offer.instance_type},
                        {"MinCount", "1"},
                        {"MaxCount", "1"},
                        {"ClientToken", client_token(request.owner, request.token)},
                        {"UserData", io::base64(user_data)},
                        {"SecurityGroupId.1", place.security_group},
                        {"InstanceInitiatedShutdownBehavior", "terminate"},
                        {"MetadataOptions.HttpTokens", "required"},
                        {"MetadataOptions.HttpEndpoint", "enabled"},
                        {"MetadataOptions.HttpPutResponseHopLimit", "1"}};
  if (!place.subnet.empty()) query.emplace_back("SubnetId", place.subnet);
  if (!place.zone.empty()) query.emplace_back("Placement.AvailabilityZone", place.zone);
  if (!region.key_name.empty()) query.emplace_back("KeyName", region.key_name);
  if (!region.instance_profile.empty())
    query.emplace_back(
        region.instance_profile.starts_with("arn:") ? "IamInstanceProfile.Arn" : "IamInstanceProfile.Name",
        region.instance_profile);
  add_disk(query, region, place.image);
  add_market(query, region, request.offer);
  const std::map<std::string, std::string> tags = tags_of(region, request);
  int number = 0;
  for (const char* kind : {"instance", "volume", "network-interface"}) add_tags(query, ++number, kind, tags);
  return query;
}

}  // namespace tradewind::aws
