#include "edge/drivers/local/this_machine.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sched.h>
#include <unistd.h>

#include "base/text.h"
#include "edge/io/process.h"

namespace tradewind::local {
namespace {

int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)));
}

double memory_gib() {
  const double bytes =
      static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  return std::max(0.0, std::round(bytes / (1024.0 * 1024 * 1024) * 10) / 10);
}

// "NVIDIA A100-SXM4-40GB" → "A100", "NVIDIA GeForce RTX 4090" → "RTX4090": what comes before the form and the
// memory, without the maker's words.
std::string model_of(std::string_view name) {
  std::string model;
  std::string spaced(name);
  std::replace(spaced.begin(), spaced.end(), '-', ' ');
  for (const std::string& word : split(spaced, ' ')) {
    const std::string low = lower(word);
    if (low.empty() || low == "nvidia" || low == "tesla" || low == "geforce") continue;
    const bool form = low.starts_with("sxm") || low.starts_with("pci") || low.starts_with("hbm") ||
                      low == "nvl" || low.ends_with("gb");
    if (form) break;
    model += word;
  }
  return model;
}

}  // namespace

MachineFacts look_at_this_machine(const std::map<std::string, std::string>& environment) {
  MachineFacts facts;
  facts.cpus = usable_cpus();
  facts.memory_gib = memory_gib();
  io::SpawnRequest request;
  request.argv = {"nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"};
  request.environment = environment;
  const Result<io::CommandOutput> output = io::run_command(request, std::chrono::seconds(5));
  if (output && output->status.success()) facts.accelerator = parse_gpus(output->out);
  return facts;
}

Zone zone_of_this_machine(const MachineFacts& facts) {
  Zone zone;
  zone.name = "here";
  // Free and never taken back: as good for a job that asks for spot as for one that asks for on-demand.
  zone.sells_spot = true;
  zone.accelerator = facts.accelerator;
  fill_from_machine(zone, facts);
  return zone;
}

void fill_from_machine(Zone& zone, const MachineFacts& facts) {
  if (zone.cpus == 0) zone.cpus = facts.cpus;
  if (zone.memory_gib == 0) zone.memory_gib = facts.memory_gib;
}

std::optional<Accelerator> parse_gpus(std::string_view csv) {
  std::optional<Accelerator> found;
  for (const std::string& line : split(csv, '\n')) {
    const std::size_t comma = line.rfind(',');
    if (comma == std::string::npos) continue;
    Accelerator one{model_of(trim(std::string_view(line).substr(0, comma))), 1, 0};
    if (one.model.empty()) continue;
    const std::string_view memory = trim(std::string_view(line).substr(comma + 1));
    double mib = 0;
    if (std::from_chars(memory.data(), memory.data() + memory.size(), mib).ec == std::errc()) {
      one.memory_gib = std::round(mib / 1024 * 10) / 10;
    }
    if (!found) {
      found = one;
    } else if (found->model == one.model) {
      found->count += 1;
    }
  }
  return found;
}

}  // namespace tradewind::local
