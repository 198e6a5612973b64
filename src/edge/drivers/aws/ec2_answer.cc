#include "edge/drivers/aws/ec2_answer.h"

#include <algorithm>

#include <pugixml.hpp>

namespace tradewind::aws {
namespace {

constexpr std::size_t bytes_max = std::size_t{64} << 20;

Error no_answer(const std::string& problem) {
  return {Code::corrupt, "EC2's answer is none: " + problem};
}

// Its root, which must have that name.
Result<pugi::xml_node> root_of(pugi::xml_document& document, std::string_view xml, const char* name) {
  if (xml.size() > bytes_max || !document.load_buffer(xml.data(), xml.size()))
    return no_answer("it is no XML");
  const pugi::xml_node root = document.child(name);
  if (!root) return no_answer(std::string("it has no ") + name);
  return root;
}

std::string text_of(const pugi::xml_node& node, const char* name) {
  return node.child(name).text().as_string();
}

Result<Ec2Instance> instance_of(const pugi::xml_node& item) {
  Ec2Instance made;
  made.id = text_of(item, "instanceId");
  const pugi::xml_node state = item.child("instanceState");
  made.state = text_of(state, "name");
  made.state_code = state.child("code").text().as_int() & 0xFF;  // the rest is not for us, says its reference
  made.type = text_of(item, "instanceType");
  made.zone = text_of(item.child("placement"), "availabilityZone");
  made.spot = text_of(item, "instanceLifecycle") == "spot";
  const Result<Time> launched = parse_utc(text_of(item, "launchTime"));
  if (made.id.empty() || !launched.ok()) return no_answer("an instance has no id or no launchTime");
  made.launched_at = *launched;
  for (const pugi::xml_node& tag : item.child("tagSet").children("item"))
    made.tags[text_of(tag, "key")] = text_of(tag, "value");
  made.reason_code = text_of(item.child("stateReason"), "code");
  made.reason_message = text_of(item.child("stateReason"), "message");
  made.transition = text_of(item, "reason");
  return made;
}

}  // namespace

Result<Ec2Page> parse_instances(std::string_view xml) {
  pugi::xml_document document;
  TW_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, xml, "DescribeInstancesResponse"));
  if (!root.child("reservationSet")) return no_answer("it has no reservationSet");
  Ec2Page page;
  for (const pugi::xml_node& reservation : root.child("reservationSet").children("item")) {
    for (const pugi::xml_node& item : reservation.child("instancesSet").children("item")) {
      TW_ASSIGN_OR_RETURN(Ec2Instance instance, instance_of(item));
      page.instances.push_back(std::move(instance));
    }
  }
  page.next_token = text_of(root, "nextToken");
  return page;
}

Result<Ec2Instance> parse_launched(std::string_view xml) {
  pugi::xml_document document;
  TW_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, xml, "RunInstancesResponse"));
  const pugi::xml_node item = root.child("instancesSet").child("item");
  if (!item) return no_answer("it has no instance");
  return instance_of(item);
}

Result<std::string> parse_ending_state(std::string_view xml) {
  pugi::xml_document document;
  TW_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, xml, "TerminateInstancesResponse"));
  std::string state = text_of(root.child("instancesSet").child("item").child("currentState"), "name");
  if (state.empty()) return no_answer("it has no currentState");
  return state;
}

Result<SpotPage> parse_spot_prices(std::string_view xml) {
  pugi::xml_document document;
  TW_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, xml, "DescribeSpotPriceHistoryResponse"));
  SpotPage page;
  for (const pugi::xml_node& item : root.child("spotPriceHistorySet").children("item")) {
    const Result<Money> price = Money::parse(text_of(item, "spotPrice"));
    const Result<Time> since = parse_utc(text_of(item, "timestamp"));
    // A price of nothing is somebody's mistake, and no free machine.
    if (!price.ok() || *price <= Money() || !since.ok()) return no_answer("a price is none");
    page.prices.push_back({text_of(item, "instanceType"), text_of(item, "availabilityZone"), *price, *since});
  }
  page.next_token = text_of(root, "nextToken");
  return page;
}

Result<std::vector<SecurityGroup>> parse_security_groups(std::string_view xml) {
  pugi::xml_document document;
  TW_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, xml, "DescribeSecurityGroupsResponse"));
  std::vector<SecurityGroup> groups;
  for (const pugi::xml_node& item : root.child("securityGroupInfo").children("item"))
    groups.push_back(
        {text_of(item, "groupId"), static_cast<bool>(item.child("ipPermissions").child("item"))});
  return groups;
}

Result<std::string> parse_made_group(std::string_view xml) {
  pugi::xml_document document;
  TW_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, xml, "CreateSecurityGroupResponse"));
  std::string id = text_of(root, "groupId");
  if (id.empty()) return no_answer("it has no groupId");
  return id;
}

Result<std::vector<Subnet>> parse_subnets(std::string_view xml) {
  pugi::xml_document document;
  TW_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, xml, "DescribeSubnetsResponse"));
  std::vector<Subnet> subnets;
  for (const pugi::xml_node& item : root.child("subnetSet").children("item"))
    subnets.push_back({text_of(item, "subnetId"), text_of(item, "vpcId"), text_of(item, "availabilityZone")});
  return subnets;
}

Result<std::vector<Image>> parse_images(std::string_view xml) {
  pugi::xml_document document;
  TW_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, xml, "DescribeImagesResponse"));
  std::vector<Image> images;
  for (const pugi::xml_node& item : root.child("imagesSet").children("item")) {
    images.push_back({text_of(item, "imageId"), text_of(item, "name"), text_of(item, "rootDeviceName"),
                      text_of(item, "architecture")});
  }
  return images;
}

Result<std::map<std::string, std::string>> parse_zones(std::string_view xml) {
  pugi::xml_document document;
  TW_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, xml, "DescribeAvailabilityZonesResponse"));
  std::map<std::string, std::string> names;
  for (const pugi::xml_node& item : root.child("availabilityZoneInfo").children("item"))
    names[text_of(item, "zoneId")] = text_of(item, "zoneName");
  return names;
}

Result<std::string> parse_caller(std::string_view xml) {
  pugi::xml_document document;
  TW_ASSIGN_OR_RETURN(const pugi::xml_node root, root_of(document, xml, "GetCallerIdentityResponse"));
  std::string arn = text_of(root.child("GetCallerIdentityResult"), "Arn");
  if (arn.empty()) return no_answer("it has no Arn");
  return arn;
}

std::optional<Time> time_in(std::string_view transition) {
  const std::size_t open = transition.rfind('(');
  const std::size_t end = transition.rfind(" GMT)");
  if (open == std::string_view::npos || end == std::string_view::npos || end < open) return std::nullopt;
  std::string text(transition.substr(open + 1, end - open - 1));
  std::ranges::replace(text, ' ', 'T');
  const Result<Time> time = parse_utc(text + "Z");
  return time.ok() ? std::optional(*time) : std::nullopt;
}

}  // namespace tradewind::aws
