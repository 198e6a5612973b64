#include "edge/drivers/local/zones_file.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/text.h"
#include "core/task/reading.h"
#include "core/task/yaml_tree.h"
#include "edge/drivers/config/fields.h"
#include "edge/io/files.h"
#include "edge/objectstore/file_url.h"

namespace tradewind::local {
namespace {

using task::Reading;
using task::YamlKind;
using task::YamlNode;
using namespace drivers::fields;

// --- one zone ---

void read_accelerator(Reading& reading, const YamlNode& node, const std::string& path, Zone& zone) {
  Accelerator accelerator;
  accelerator_into(accelerator)(reading, node, path);
  zone.accelerator = accelerator;
}

void read_runs(Reading& reading, const YamlNode& node, const std::string& path, Trace& trace) {
  constexpr std::string_view wanted = "a list of [available, ticks], such as [[1, 30], [0, 20]]";
  if (node.kind != YamlKind::list || node.items.empty()) return reading.expected(node, path, wanted);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const YamlNode& item = *node.items[i];
    const std::string where = path + "[" + std::to_string(i) + "]";
    if (item.kind != YamlKind::list || item.items.size() != 2) {
      reading.expected(item, where, "[available, ticks], such as [1, 30]");
      continue;
    }
    const auto available = read_integer(reading, *item.items[0], where + "[0]", 0, 1'000'000);
    const auto ticks = read_integer(reading, *item.items[1], where + "[1]", 1, 1'000'000'000);
    trace.runs.push_back({available.value_or(0), ticks.value_or(1)});
  }
}

void read_trace(Reading& reading, const YamlNode& node, const std::string& path, Zone& zone) {
  if (!is_map(reading, node, path)) return;
  static constexpr std::string_view clocks[] = {"zone", "instance"};
  Trace trace;
  bool has_runs = false;
  read_members(reading, node, path,
               {{"clock",
                 [&](Reading& inner, const YamlNode& value, const std::string& where) {
                   const auto word = read_word(inner, value, where, clocks);
                   if (word) trace.clock = trace_clock_from_text(*word).value_or(TraceClock::zone);
                 }},
                {"tick", span(trace.tick, false)},
                {"speed", positive(trace.speed, 1e6)},
                {"notice", boolean(trace.notice)},
                {"repeat", boolean(trace.repeat)},
                {"runs", [&](Reading& inner, const YamlNode& value, const std::string& where) {
                   has_runs = true;
                   read_runs(inner, value, where, trace);
                 }}});
  if (!has_runs) reading.error(node, path + " has no runs", "such as runs: [[1, 30], [0, 20]]");
  if (seconds_of(trace.tick) / trace.speed < 0.001) {
    reading.error(node, path + " has ticks shorter than a millisecond",
                  "choose a longer tick or a lower speed");
  }
  zone.trace = std::move(trace);
}

void read_store(Reading& reading, const YamlNode& node, const std::string& path, Zone& zone,
                const std::filesystem::path& folder) {
  const std::optional<std::string> text = read_text(reading, node, path);
  if (text && text->empty()) return reading.expected(node, path, "a folder, or the URL of a store");
  if (!text) return;
  const bool is_url = text->find("://") != std::string::npos;
  zone.store = is_url ? *text : objectstore::file_url((folder / *text).lexically_normal().string());
}

Zone read_zone(Reading& reading, const YamlNode& node, const std::string& path,
               const std::filesystem::path& folder) {
  Zone zone;
  if (!is_map(reading, node, path)) return zone;
  bool has_name = false;
  bool has_on_demand = false;
  const auto into = [&zone](auto read) -> Field {
    return [&zone, read](Reading& inner, const YamlNode& value, const std::string& where) {
      read(inner, value, where, zone);
    };
  };
  read_members(reading, node, path,
               {{"name",
                 [&](Reading& inner, const YamlNode& value, const std::string& where) {
                   has_name = true;
                   name_into(zone.name)(inner, value, where);
                 }},
                {"spot", boolean(zone.sells_spot)},
                {"price_per_hour", money(zone.price_per_hour)},
                {"on_demand_price_per_hour",
                 [&](Reading& inner, const YamlNode& value, const std::string& where) {
                   has_on_demand = true;
                   money(zone.on_demand_price_per_hour)(inner, value, where);
                 }},
                {"egress_per_gb", money(zone.egress_per_gb)},
                {"cold_start", span(zone.cold_start, true)},
                {"capacity", integer(zone.capacity, 1, 10'000)},
                {"cpus", positive(zone.cpus, 4096)},
                {"memory_gib", positive(zone.memory_gib, 1e6)},
                {"accelerator", into(read_accelerator)},
                {"notice_lead", span(zone.notice_lead, true)},
                {"store", into([&folder](Reading& inner, const YamlNode& value, const std::string& where,
                                         Zone& target) { read_store(inner, value, where, target, folder); })},
                {"trace", into(read_trace)}});
  if (!has_name) reading.error(node, path + " has no name");
  if (!has_on_demand) {
    zone.on_demand_price_per_hour = zone.price_per_hour;
    // Capacity that is never taken back, at the price of spot, would leave the trace without effect.
    zone.sells_on_demand = !zone.trace || !zone.sells_spot;
  }
  return zone;
}

}  // namespace

ZonesOutcome parse_zones(std::string_view yaml, const std::filesystem::path& folder) {
  ZonesOutcome outcome;
  outcome.errors = parse_list_file(yaml, {"the zones file", "zones", "zone", "docs/local-zones.md"},
                                   [&](Reading& reading, const YamlNode& node, const std::string& path) {
                                     outcome.zones.push_back(read_zone(reading, node, path, folder));
                                     return outcome.zones.back().name;
                                   });
  return outcome;
}

Result<std::vector<Zone>> read_zones_file(const std::filesystem::path& file) {
  TW_ASSIGN_OR_RETURN(const std::string yaml, io::read_file(file, task::max_file_bytes));
  ZonesOutcome outcome = parse_zones(yaml, std::filesystem::absolute(file).parent_path());
  if (!outcome.errors.empty()) return as_error(outcome.errors, file.string());
  return std::move(outcome.zones);
}

}  // namespace tradewind::local
