#include "edge/drivers/ssh/ssh_hosts.h"

#include <algorithm>
#include <cmath>

#include "core/task/reading.h"
#include "core/task/yaml_tree.h"
#include "edge/drivers/config/fields.h"
#include "edge/io/files.h"

namespace tradewind::ssh {
namespace {

using task::Reading;
using task::YamlNode;
using namespace drivers::fields;

// A word of ssh's command line that ssh and the shells of its configuration take for nothing else.
Field ssh_word(std::string& target, const char* what) {
  return [&target, what](Reading& reading, const YamlNode& node, const std::string& path) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:@,[]%-";
    const std::optional<std::string> text = read_text(reading, node, path);
    if (!text) return;
    if (text->empty() || text->front() == '-' || text->find_first_not_of(plain) != std::string::npos) {
      reading.expected(node, path, what);
      return;
    }
    target = *text;
  };
}

// "~/" is the home of whoever reads the file.
Field own_file(std::string& target, const std::string& home) {
  return [&target, home](Reading& reading, const YamlNode& node, const std::string& path) {
    const std::optional<std::string> text = read_text(reading, node, path);
    if (!text) return;
    target = text->starts_with("~/") ? home + text->substr(1) : *text;
    // ssh takes a list of files, in which '"' and '%' mean something.
    if (!target.starts_with('/') || target.find_first_of("\"%\\\n") != std::string::npos) {
      reading.expected(node, path, "an absolute path, or one that begins with ~/, without quotes and '%'");
    }
  };
}

Field far_folder(std::string& target, bool absolute) {
  return [&target, absolute](Reading& reading, const YamlNode& node, const std::string& path) {
    const std::optional<std::string> text = read_text(reading, node, path);
    if (!text) return;
    target = text->starts_with("~/") ? text->substr(2) : *text;
    const bool fits =
        !target.empty() && target.find('\n') == std::string::npos && (!absolute || target.starts_with('/'));
    if (!fits) {
      reading.expected(node, path,
                       absolute ? "an absolute folder on the host"
                                : "a folder on the host; a relative one lies in the home");
    }
  };
}

HostConfig read_host(Reading& reading, const YamlNode& node, const std::string& path,
                     const std::string& home) {
  HostConfig host;
  if (!is_map(reading, node, path)) return host;
  Accelerator gpus;
  read_members(reading, node, path,
               {{"name", name_into(host.name)},
                {"host", ssh_word(host.host,
                                  "what ssh connects to, such as gpu1.lab or a Host of "
                                  "~/.ssh/config")},
                {"user", ssh_word(host.user, "a user's name")},
                {"port", integer(host.port, 1, 65535)},
                {"jump", ssh_word(host.jump, "a host between, such as user@bastion:22")},
                {"identity", own_file(host.identity, home)},
                {"known_hosts", own_file(host.known_hosts, home)},
                {"folder", far_folder(host.folder, false)},
                {"claims", far_folder(host.claims, true)},
                {"price_per_hour", money(host.price_per_hour)},
                {"egress_per_gb", money(host.egress_per_gb)},
                {"forget_after", span(host.forget_after, false)},
                {"slots", integer(host.slots, 1, 1000)},
                {"cpus", integer(host.cpus, 1, 4096)},
                {"memory_gib", positive(host.memory_gib, 1e6)},
                {"gpus", [&](Reading& inner, const YamlNode& value, const std::string& where) {
                   accelerator_into(gpus)(inner, value, where);
                   host.gpus = gpus;
                 }}});
  if (host.name.empty()) reading.error(node, path + " has no name");
  if (host.host.empty()) host.host = host.name;
  return host;
}

local::Zone shape(const std::string& name, const HostConfig& host, double part) {
  local::Zone zone;
  zone.name = name;
  zone.sells_spot = false;
  zone.price_per_hour = host.price_per_hour.scaled(part);
  zone.on_demand_price_per_hour = zone.price_per_hour;
  zone.egress_per_gb = host.egress_per_gb;
  zone.cold_start = std::chrono::seconds(2);
  zone.capacity = static_cast<int>(1 / part + 0.5);
  return zone;
}

void give_share(local::Zone& zone, const HostConfig& host, const local::MachineFacts& machine, double part,
                int gpus, int gpus_total) {
  const int cores = std::max(1, static_cast<int>(std::floor(machine.cpus * part)));
  zone.cpus = cores;
  zone.memory_gib = std::floor(machine.memory_gib * part * 10) / 10;
  zone.share = local::Share{cores, machine.cpus, gpus, gpus_total, host.claims};
}

// Of so many GPUs as are lent the owner gives their part of the whole machine, and no more than he says.
std::vector<local::Zone> gpu_shapes(const HostConfig& host, const local::MachineFacts& machine, int gpus,
                                    int lent, const lending::Rules& rules) {
  std::vector<local::Zone> zones;
  for (int count = 1; count <= lent; count = count < lent && count * 2 > lent ? lent : count * 2) {
    const double part = static_cast<double>(count) / gpus;
    local::Zone zone = shape("gpu-" + std::to_string(count), host, part);
    give_share(zone, host, machine, part, count, lent);
    const double lent_part = static_cast<double>(count) / lent;
    if (rules.cores) {
      const int cores = static_cast<int>(*rules.cores * lent_part);
      if (cores < 1) continue;  // fewer cores than GPUs
      zone.share->cores = std::min(zone.share->cores, cores);
      zone.share->cores_total = std::min(machine.cpus, *rules.cores);
      zone.cpus = zone.share->cores;
    }
    if (rules.memory_gib)
      zone.memory_gib = std::min(zone.memory_gib, std::floor(*rules.memory_gib * lent_part * 10) / 10);
    zone.capacity = lent / count;
    zone.accelerator = machine.accelerator;
    zone.accelerator->count = count;
    zones.push_back(std::move(zone));
  }
  return zones;
}

std::vector<local::Zone> shapes_of(const HostConfig& host, local::MachineFacts machine,
                                   const lending::Rules& rules) {
  const int gpus = machine.accelerator ? static_cast<int>(machine.accelerator->count) : 0;
  const int lent = std::min(gpus, rules.gpus.value_or(gpus));
  if (lent > 0) return gpu_shapes(host, machine, gpus, lent, rules);
  if (rules.cores) machine.cpus = std::min(machine.cpus, *rules.cores);
  if (rules.memory_gib) machine.memory_gib = std::min(machine.memory_gib, *rules.memory_gib);
  std::vector<local::Zone> zones;
  if (host.slots > 1) {
    zones.push_back(shape("slot", host, 1.0 / host.slots));
    give_share(zones.back(), host, machine, 1.0 / host.slots, 0, 0);
    // More slots than cores share the cores: the number of jobs alone is kept to.
    if (host.slots > machine.cpus) zones.back().share.reset();
  }
  zones.push_back(shape("whole", host, 1));
  give_share(zones.back(), host, machine, 1, 0, 0);
  return zones;
}

}  // namespace

HostsOutcome parse_hosts(std::string_view yaml, const std::string& home) {
  HostsOutcome outcome;
  outcome.errors = parse_list_file(yaml, {"ssh.yaml", "hosts", "host", "docs/suppliers/ssh.md"},
                                   [&](Reading& reading, const YamlNode& node, const std::string& path) {
                                     outcome.hosts.push_back(read_host(reading, node, path, home));
                                     return outcome.hosts.back().name;
                                   });
  return outcome;
}

Result<std::vector<HostConfig>> read_hosts_file(const std::filesystem::path& file, const std::string& home) {
  TW_ASSIGN_OR_RETURN(const std::string yaml, io::read_file(file, task::max_file_bytes));
  HostsOutcome outcome = parse_hosts(yaml, home);
  if (!outcome.errors.empty()) return as_error(outcome.errors, file.string());
  return std::move(outcome.hosts);
}

std::vector<local::Zone> shapes_of(const HostConfig& host, const node::HostFacts& facts) {
  local::MachineFacts machine = facts.machine;
  if (host.cpus > 0) machine.cpus = host.cpus;
  if (host.memory_gib > 0) machine.memory_gib = host.memory_gib;
  if (host.gpus) machine.accelerator = host.gpus;
  const lending::Rules rules = facts.lending ? facts.lending->rules : lending::Rules();
  std::vector<local::Zone> zones = shapes_of(host, machine, rules);
  if (!facts.lending) return zones;
  for (local::Zone& zone : zones) {
    zone.sells_spot = true;
    zone.sells_on_demand = false;
    zone.notice_lead = rules.yield;
  }
  return zones;
}

}  // namespace tradewind::ssh
