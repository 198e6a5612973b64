#include "edge/drivers/aws/aws_file.h"

#include <algorithm>

#include "core/model/stored_names.h"
#include "core/task/reading.h"
#include "core/task/yaml_tree.h"
#include "edge/drivers/config/fields.h"
#include "edge/io/files.h"

namespace tradewind::aws {
namespace {

using drivers::fields::boolean;
using drivers::fields::Field;
using drivers::fields::name_into;
using drivers::fields::positive;
using drivers::fields::read_members;
using drivers::fields::text;
using drivers::fields::texts;
using task::Reading;
using task::YamlKind;
using task::YamlMember;
using task::YamlNode;

constexpr std::size_t tags_max = 30;  // EC2 takes 50, and we add some of our own

// What EC2 calls things: "subnet-" and the like with letters and digits.
Field id_into(std::string& target, const std::string& prefix) {
  return [&target, prefix](Reading& reading, const YamlNode& node, const std::string& path) {
    const std::optional<std::string> found = read_text(reading, node, path);
    if (!found) return;
    const bool sound = found->starts_with(prefix) && found->size() > prefix.size() &&
                       found->find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (!sound) return reading.expected(node, path, "an id that begins with " + prefix);
    target = *found;
  };
}

Field subnets_into(std::vector<std::string>& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    for (const std::string& each : read_texts(reading, node, path)) {
      if (!each.starts_with("subnet-")) return reading.expected(node, path, "ids that begin with subnet-");
      target.push_back(each);
    }
  };
}

Field image_into(std::string& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    const std::optional<std::string> found = read_text(reading, node, path);
    if (!found) return;
    if (!found->starts_with("ami-") && !found->starts_with('/'))
      return reading.expected(node, path, "an AMI (ami-…), or the path of an SSM parameter that names one");
    target = *found;
  };
}

// Ours begin so, and so does AWS's own; a user's would be mistaken for them.
Field tags_into(std::map<std::string, std::string>& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    if (!is_map(reading, node, path)) return;
    for (const YamlMember& member : node.members) {
      const std::string& name = member.key->text;
      if (name.empty() || name.size() > 127 || name.starts_with("aws:") || name.starts_with("tradewind-")) {
        reading.error(*member.key, path + " has the tag '" + name + "'",
                      "use up to 127 characters, not beginning with aws: or tradewind-");
      } else if (member.value->kind != YamlKind::scalar || member.value->text.size() > 255) {
        reading.expected(*member.value, path + "." + name, "a text of up to 255 characters");
      } else {
        target[name] = member.value->text;
      }
    }
    if (target.size() > tags_max) reading.error(node, path + " has more than 30 tags", "EC2 takes no more");
  };
}

Field reservations_into(std::vector<Reservation>& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    if (node.kind != YamlKind::list) return reading.expected(node, path, "a list of reservations");
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string where = path + "[" + std::to_string(i) + "]";
      if (!is_map(reading, *node.items[i], where)) continue;
      Reservation one;
      read_members(reading, *node.items[i], where,
                   {{"id", id_into(one.id, "cr-")},
                    {"instance_type", text(one.instance_type)},
                    {"block", boolean(one.block)}});
      if (one.id.empty() || one.instance_type.empty())
        reading.error(*node.items[i], where + " is not whole",
                      "write {id: cr-…, instance_type: p5.48xlarge}");
      target.push_back(std::move(one));
    }
  };
}

Field agent_into(boot::AgentDownloads& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    if (!is_map(reading, node, path)) return;
    const auto download = [&target](const std::string& machine) -> Field {
      return [&target, machine](Reading& inner, const YamlNode& value, const std::string& where) {
        if (!is_map(inner, value, where)) return;
        boot::AgentDownload& one = target[machine];
        read_members(inner, value, where, {{"url", text(one.url)}, {"sha256", text(one.sha256)}});
        if (!is_digest(one.sha256) || !one.url.starts_with("https://"))
          inner.error(value, where + " has no https URL with its sha256",
                      "write {url: https://…, sha256: …}, its 64 hex digits by sha256sum FILE");
      };
    };
    read_members(reading, node, path, {{"x86_64", download("x86_64")}, {"aarch64", download("aarch64")}});
  };
}

RegionConfig read_region(Reading& reading, const YamlNode& node, const std::string& path) {
  RegionConfig region;
  if (node.kind == YamlKind::scalar) {
    name_into(region.name)(reading, node, path);
    return region;
  }
  if (!is_map(reading, node, path)) return region;
  read_members(reading, node, path,
               {{"name", name_into(region.name)},
                {"profile", text(region.profile)},
                {"instance_types", texts(region.instance_types)},
                {"spot", boolean(region.spot)},
                {"on_demand", boolean(region.on_demand)},
                {"subnets", subnets_into(region.subnets)},
                {"security_group", id_into(region.security_group, "sg-")},
                {"image", image_into(region.image)},
                {"instance_profile", text(region.instance_profile)},
                {"key_name", text(region.key_name)},
                {"disk_gib", positive(region.disk_gib, 16'384)},
                {"reservations", reservations_into(region.reservations)},
                {"tags", tags_into(region.tags)},
                {"agent", agent_into(region.agent)},
                {"endpoint", text(region.endpoint)}});
  if (region.name.empty()) reading.error(node, path + " has no name", "name a region, such as us-east-1");
  if (!region.spot && !region.on_demand)
    reading.error(node, path + " sells neither spot nor on_demand", "leave one of them on");
  return region;
}

bool matches(const std::string& wish, const std::string& type) {
  const std::size_t star = wish.find('*');
  return star == std::string::npos ? wish == type : type.starts_with(wish.substr(0, star));
}

}  // namespace

RegionsOutcome parse_regions(std::string_view yaml) {
  RegionsOutcome outcome;
  outcome.errors =
      drivers::fields::parse_list_file(yaml, {"aws.yaml", "regions", "region", "docs/suppliers/aws.md"},
                                       [&](Reading& reading, const YamlNode& node, const std::string& path) {
                                         outcome.regions.push_back(read_region(reading, node, path));
                                         return outcome.regions.back().name;
                                       });
  return outcome;
}

Result<std::vector<RegionConfig>> read_regions_file(const std::filesystem::path& file) {
  TW_ASSIGN_OR_RETURN(const std::string yaml, io::read_file(file, task::max_file_bytes));
  RegionsOutcome outcome = parse_regions(yaml);
  if (!outcome.errors.empty()) return as_error(outcome.errors, file.string());
  return std::move(outcome.regions);
}

std::vector<Offer> offers_in(const RegionConfig& region, const std::vector<Offer>& catalogue) {
  std::vector<Offer> sold;
  for (const Offer& offer : catalogue) {
    const bool here = offer.location.provider == "aws" && offer.location.region == region.name;
    const bool bought = (offer.purchase == Purchase::spot && region.spot) ||
                        (offer.purchase == Purchase::on_demand && region.on_demand);
    const bool wished = region.instance_types.empty() ||
                        std::ranges::any_of(region.instance_types, [&](const std::string& wish) {
                          return matches(wish, offer.instance_type);
                        });
    if (!here || !bought || !wished) continue;
    sold.push_back(offer);
    sold.back().nodes_max = 1;
    if (offer.purchase == Purchase::spot && !offer.notice_lead)
      sold.back().notice_lead = std::chrono::minutes(2);
  }
  return sold;
}

}  // namespace tradewind::aws
