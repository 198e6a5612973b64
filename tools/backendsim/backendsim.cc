// backendsim BACKEND [--seeds N] [--from SEED] [--seed SEED] [--mutant NAME] [--threads N] [--list]: runs the
// simulation of the control plane over Slurm, SSH hosts or Kubernetes (docs/decisions/backend-models.md).
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "engine/simulator/backends/paths.h"
#include "engine/simulator/simulation.h"

namespace {

using tradewind::simulator::Backend;
using tradewind::simulator::SimulationOptions;
using tradewind::simulator::SimulationReport;
using tradewind::simulator::SimulationSum;

constexpr std::size_t violations_shown_max = 20;
constexpr std::uint64_t seeds_for_all_paths = 500;  // in so many, each must have happened

struct Request {
  SimulationOptions options;
  std::uint64_t seeds = 2000;
  int threads = 1;
};

int usage() {
  std::fputs(
      "usage: backendsim slurm|ssh|kubernetes|all [--seeds N] [--from SEED] [--seed SEED] [--mutant NAME]\n"
      "                  [--threads N] [--list]\n"
      "  --seeds N      how many runs, from --from on (2000 from 1)\n"
      "  --seed SEED    that run alone, with its log\n"
      "  --mutant NAME  with a planted defect; --list names them\n"
      "  all            one world with all of them\n",
      stderr);
  return 2;
}

int list() {
  for (const std::string_view each : tradewind::simulator::mutant_names) {
    std::printf("%s\n", std::string(each).c_str());
  }
  return 0;
}

int print(const SimulationSum& sum, double took_s) {
  const SimulationReport& total = sum.total;
  for (const auto& [what, times] : total.counts) {
    std::printf("%10llu  %s\n", static_cast<unsigned long long>(times), what.c_str());
  }
  std::printf(
      "%llu seeds, %llu faults, %llu crashes, %llu launches, %llu preempted, %d jobs succeeded, %d moves "
      "done, "
      "%.0f h of virtual time in %.0f s\n",
      static_cast<unsigned long long>(sum.seeds), static_cast<unsigned long long>(total.faults),
      static_cast<unsigned long long>(total.crashes), static_cast<unsigned long long>(total.launches),
      static_cast<unsigned long long>(total.preemptions), total.jobs_succeeded, total.moves_done,
      total.virtual_s / 3600, took_s);
  for (std::size_t i = 0; i < sum.violations.size() && i < violations_shown_max; ++i) {
    std::printf("%s\n", sum.violations[i].c_str());
  }
  std::printf("%zu violations\n", sum.violations.size());
  return sum.violations.empty() ? 0 : 1;
}

int print_missed(const Request& request, const SimulationSum& sum) {
  int missed = 0;
  if (sum.seeds < seeds_for_all_paths) return missed;
  for (const Backend backend : request.options.backends) {
    for (const std::string_view path : tradewind::simulator::paths_of(backend)) {
      if (sum.total.counts.contains(std::string(path))) continue;
      std::printf("never: %s\n", std::string(path).c_str());
      missed = 1;
    }
  }
  return missed;
}

int run(const Request& request) {
  const auto began = std::chrono::steady_clock::now();
  SimulationSum sum;
  if (request.options.keep_log) {
    sum.seeds = 1;
    sum.total = tradewind::simulator::simulate(request.options);
    sum.violations = sum.total.violations;
    for (const std::string& line : sum.total.log) std::printf("%s\n", line.c_str());
  } else {
    sum = tradewind::simulator::simulate_seeds(request.options, request.seeds, request.threads);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  return print(sum, took.count()) | print_missed(request, sum);
}

bool take(Request& request, const std::string& flag, const char* value) {
  const auto number = std::strtoull(value, nullptr, 10);
  if (flag == "--seeds") {
    request.seeds = number;
  } else if (flag == "--from") {
    request.options.seed = number;
  } else if (flag == "--seed") {
    request.options.seed = number;
    request.options.keep_log = true;
  } else if (flag == "--threads") {
    request.threads = static_cast<int>(number);
  } else if (flag == "--mutant") {
    const auto mutant = tradewind::simulator::mutant_from_text(value);
    if (!mutant) return false;
    request.options.mutant = *mutant;
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Request request;
  request.options.deadlines = true;
  request.options.work_steps = 600;
  request.threads = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
  if (argc < 2) return usage();
  const std::string name = argv[1];
  if (name == "--list") return list();
  const auto backend = tradewind::simulator::backend_from_text(name);
  if (backend) request.options.backends = {*backend};
  if (name == "all") request.options.backends = {Backend::slurm, Backend::ssh, Backend::kubernetes};
  if (request.options.backends.empty()) return usage();
  for (int i = 2; i < argc; i += 2) {
    if (i + 1 == argc || !take(request, argv[i], argv[i + 1])) return usage();
  }
  return run(request);
}
