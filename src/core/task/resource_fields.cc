// The `resources` section: what one node must have, and where it may be.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "core/task/field_readers.h"

namespace tradewind::task {
namespace {

constexpr double accelerators_max = 100'000;

bool is_model_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

void add_accelerator(FieldContext& context, const YamlNode& node, const std::string& path,
                     std::string_view model, std::string_view count_text) {
  const std::optional<double> count = number_of(trim(count_text));
  if (is_model_name(model) && count && *count > 0 && *count <= accelerators_max) {
    context.resources->accelerators.push_back({std::string(model), *count});
  } else {
    context.reading.expected(node, path, "a name such as H100, or a name and a count such as H100:8");
  }
}

void add_accelerator_text(FieldContext& context, const YamlNode& node, const std::string& path) {
  if (node.kind == YamlKind::map) return read_accelerators(context, node, path);
  const std::string_view text = node.kind == YamlKind::scalar ? trim(node.text) : std::string_view();
  const std::size_t colon = text.find(':');
  const bool counted = colon != std::string_view::npos;
  add_accelerator(context, node, path, trim(text.substr(0, colon)), counted ? text.substr(colon + 1) : "1");
}

bool is_place_field(std::string_view name) {
  return name == "cloud" || name == "region" || name == "zone";
}

// What an alternative says about the place replaces what the outer resources say: an infra replaces all of
// it, a cloud what lies in another cloud, a region its zone.
bool is_replaced(const SectionMember& outer, const std::vector<SectionMember>& own) {
  const std::string& name = outer.key->text;
  return std::any_of(own.begin(), own.end(), [&](const SectionMember& member) {
    const std::string& other = member.key->text;
    if (other == name) return true;
    if (name == "gpus" || name == "accelerators") return other == "gpus" || other == "accelerators";
    if (other == "infra") return is_place_field(name);
    if (name == "infra") return is_place_field(other);
    if (other == "cloud") return name == "region" || name == "zone";
    return other == "region" && name == "zone";
  });
}

const SectionMember* find_member(const std::vector<SectionMember>& members, std::string_view name) {
  for (const SectionMember& member : members) {
    if (member.key->text == name && member.value->kind != YamlKind::null) return &member;
  }
  return nullptr;
}

// cloud, region and zone make one location, and stand in the place of infra.
void finish_place(FieldContext& context, const std::vector<SectionMember>& members) {
  const SectionMember* cloud = find_member(members, "cloud");
  const SectionMember* region = find_member(members, "region");
  const SectionMember* zone = find_member(members, "zone");
  const SectionMember* infra = find_member(members, "infra");
  const SectionMember* first = cloud != nullptr ? cloud : region != nullptr ? region : zone;
  if (first == nullptr) return;
  if (infra != nullptr) {
    return context.reading.error(*first->key, first->path + " and " + infra->path + " are both given",
                                 "keep infra");
  }
  if (cloud == nullptr) {
    return context.reading.error(*first->key, first->path + " has no cloud",
                                 "write infra: cloud/region/zone");
  }
  if (zone != nullptr && region == nullptr) {
    return context.reading.error(*zone->key, zone->path + " has no region", "write infra: cloud/region/zone");
  }
  const bool is_whole = !context.place.provider.empty() &&
                        (region == nullptr || !context.place.region.empty()) &&
                        (zone == nullptr || !context.place.zone.empty());
  if (is_whole) context.resources->infra = {context.place};
}

void read_place_part(FieldContext& context, const YamlNode& value, const std::string& path,
                     std::string& part) {
  const auto text = read_text(context.reading, value, path);
  if (!text) return;
  const Result<Location> location = parse_location(*text);
  if (location.ok() && location->region.empty()) {
    part = &part == &context.place.provider ? provider_name(*text) : *text;
  } else {
    context.reading.expected(value, path, "one name of letters, digits, '-', '_' and '.'",
                             "infra takes a whole place");
  }
}

void read_resource_section(FieldContext& context, const std::vector<SectionMember>& members) {
  read_section(context, "resources", members);
  finish_place(context, members);
}

void read_alternatives(FieldContext& context, const YamlNode& value, const std::string& path,
                       const std::vector<SectionMember>& outer, std::vector<ResourceRequest>& alternatives) {
  if (value.kind != YamlKind::list || value.items.empty()) {
    return context.reading.expected(value, path, "a list of resources, each after '- '");
  }
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    const std::string item_path = path + "[" + std::to_string(i) + "]";
    if (!is_map(context.reading, *value.items[i], item_path)) continue;
    std::vector<SectionMember> members = members_of(*value.items[i], item_path);
    for (const char* nested : {"any_of", "ordered"}) {
      if (const SectionMember* member = find_member(members, nested)) {
        context.reading.error(*member->key, member->path + " cannot stand inside an alternative");
        return;
      }
    }
    std::vector<SectionMember> inherited;
    for (const SectionMember& member : outer) {
      const bool is_list = member.key->text == "any_of" || member.key->text == "ordered";
      if (!is_list && !is_replaced(member, members)) inherited.push_back(member);
    }
    members.insert(members.begin(), inherited.begin(), inherited.end());
    ResourceRequest alternative;
    FieldContext inner{context.reading, context.task, context.options, &alternative};
    read_resource_section(inner, members);
    alternatives.push_back(std::move(alternative));
  }
}

bool is_port(std::string_view text) {
  const std::optional<double> number = number_of(text);
  return number && text.find_first_not_of("0123456789") == std::string_view::npos && *number >= 1 &&
         *number <= 65535;
}

// "8080", "10000-10010".
bool is_port_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return is_port(text);
  const std::string_view first = text.substr(0, dash);
  const std::string_view last = text.substr(dash + 1);
  return is_port(first) && is_port(last) && *number_of(first) <= *number_of(last);
}

}  // namespace

void read_resources(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (!is_map(context.reading, value, path)) return;
  ResourceRequest& request = context.task.spec.resources;
  FieldContext inner{context.reading, context.task, context.options, &request};
  const std::vector<SectionMember> members = members_of(value, path);
  read_resource_section(inner, members);
  const SectionMember* any_of = find_member(members, "any_of");
  const SectionMember* ordered = find_member(members, "ordered");
  if (any_of != nullptr && ordered != nullptr) {
    return context.reading.error(*ordered->key, "any_of and ordered are both given", "keep one of them");
  }
  if (any_of != nullptr) read_alternatives(inner, *any_of->value, any_of->path, members, request.any_of);
  if (ordered != nullptr) read_alternatives(inner, *ordered->value, ordered->path, members, request.ordered);
}

// Read by read_resources, which knows what they inherit.
void read_any_of(FieldContext& /*context*/, const YamlNode& /*value*/, const std::string& /*path*/) {}
void read_ordered(FieldContext& /*context*/, const YamlNode& /*value*/, const std::string& /*path*/) {}

void read_accelerators(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (value.kind == YamlKind::map) {
    for (const SectionMember& member : members_of(value, path)) {
      if (member.value->kind ==
          YamlKind::null) {  // {A100:1, H100}: YAML takes "A100:1" for a name without a value
        add_accelerator_text(context, *member.key, path);
      } else {
        add_accelerator(context, *member.value, member.path, trim(member.key->text), member.value->text);
      }
    }
  } else if (value.kind == YamlKind::list) {
    for (const YamlPointer& item : value.items) add_accelerator_text(context, *item, path);
  } else {
    add_accelerator_text(context, value, path);
  }
}

void read_infra(FieldContext& context, const YamlNode& value, const std::string& path) {
  const bool anywhere = value.kind == YamlKind::scalar && trim(value.text) == "*";
  if (!anywhere) context.resources->infra = read_locations(context.reading, value, path);
}

void read_cloud(FieldContext& context, const YamlNode& value, const std::string& path) {
  read_place_part(context, value, path, context.place.provider);
}

void read_region(FieldContext& context, const YamlNode& value, const std::string& path) {
  read_place_part(context, value, path, context.place.region);
}

void read_zone(FieldContext& context, const YamlNode& value, const std::string& path) {
  read_place_part(context, value, path, context.place.zone);
}

void read_instance_type(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (auto type = read_text(context.reading, value, path))
    context.resources->instance_type = *std::move(type);
}

void read_cpus(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.resources->cpus = read_amount(context.reading, value, path);
}

void read_memory(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.resources->memory_gib = read_size_gib(context.reading, value, path);
}

void read_use_spot(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.resources->use_spot = read_boolean(context.reading, value, path);
}

void read_max_hourly_cost(FieldContext& context, const YamlNode& value, const std::string& path) {
  context.resources->max_hourly_cost = read_money(context.reading, value, path);
}

void read_disk_size(FieldContext& context, const YamlNode& value, const std::string& path) {
  const auto size = read_size_gib(context.reading, value, path);
  if (!size) return;
  if (size->or_more || size->amount < 1 || size->amount > 1e6) {
    return context.reading.expected(value, path, "a size in GB from 1 to 1000000");
  }
  context.resources->disk_size_gb = static_cast<int>(size->amount);
}

void read_ports(FieldContext& context, const YamlNode& value, const std::string& path) {
  for (const std::string& port : read_texts(context.reading, value, path)) {
    if (is_port_range(port)) {
      context.resources->ports.push_back(port);
    } else {
      YamlNode found = value;
      found.kind = YamlKind::scalar;
      found.text = port;
      context.reading.expected(found, path, "a port from 1 to 65535, or a range such as 8000-8010");
    }
  }
}

void read_labels(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (!is_map(context.reading, value, path)) return;
  for (const SectionMember& member : members_of(value, path)) {
    if (auto text = read_text(context.reading, *member.value, member.path)) {
      context.resources->labels[member.key->text] = *std::move(text);
    }
  }
}

void read_job_recovery(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (value.kind == YamlKind::scalar) {
    read_strategy(context, value, path);
    keep(context, path + ".strategy", json::value(value.text));
  } else if (is_map(context.reading, value, path)) {
    read_section(context, "resources.job_recovery", members_of(value, path));
  }
}

void read_strategy(FieldContext& context, const YamlNode& value, const std::string& path) {
  read_text(context.reading, value, path);
}

void read_max_restarts(FieldContext& context, const YamlNode& value, const std::string& path) {
  if (const auto restarts = read_integer(context.reading, value, path, 0, 1'000'000)) {
    context.resources->max_restarts_on_errors = *restarts;
  }
}

}  // namespace tradewind::task
