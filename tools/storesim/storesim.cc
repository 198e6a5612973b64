// storesim [--seeds N] [--from SEED] [--seed SEED] [--mutant NAME] [--list]: runs the simulation of stores.
#include "engine/storesim/storesim.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using tradewind::storesim::all_mutants;
using tradewind::storesim::Coverage;
using tradewind::storesim::Mutant;
using tradewind::storesim::mutant_of;
using tradewind::storesim::MutantFacts;
using tradewind::storesim::Outcome;
using tradewind::storesim::Simulator;

struct Request {
  std::uint64_t from = 1;
  std::uint64_t seeds = 10'000;
  Mutant mutant = Mutant::none;
  bool one = false;
};

int usage() {
  std::fputs(
      "usage: storesim [--seeds N] [--from SEED] [--seed SEED] [--mutant NAME] [--list]\n"
      "  --seeds N      how many runs, from --from on (10000 from 1)\n"
      "  --seed SEED    that run alone, with its trace\n"
      "  --mutant NAME  with a planted defect; --list names them\n",
      stderr);
  return 2;
}

int list() {
  for (const MutantFacts& each : all_mutants()) {
    std::printf("%-30s %s\n", std::string(each.name).c_str(), std::string(each.rule).c_str());
  }
  return 0;
}

void print_trace(const Outcome& outcome) {
  for (const std::string& line : outcome.trace) std::printf("%s\n", line.c_str());
}

int run(Simulator& simulator, const Request& request) {
  const auto began = std::chrono::steady_clock::now();
  Coverage coverage;
  std::uint64_t steps = 0;
  for (std::uint64_t seed = request.from; seed < request.from + request.seeds; ++seed) {
    const Outcome outcome = simulator.run(seed, request.mutant, request.one);
    steps += outcome.steps;
    for (const auto& [what, times] : outcome.coverage) coverage[what] += times;
    if (request.one) print_trace(outcome);
    if (!outcome.violation) continue;
    if (!request.one) print_trace(simulator.run(seed, request.mutant, true));
    std::printf("seed %llu broke a rule: %s\n", static_cast<unsigned long long>(seed),
                outcome.violation->c_str());
    return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::printf("%llu seeds, %llu steps, %.1f s: every rule held.\n",
              static_cast<unsigned long long>(request.seeds), static_cast<unsigned long long>(steps),
              took.count());
  for (const auto& [what, times] : coverage) {
    std::printf("%12llu  %s\n", static_cast<unsigned long long>(times), what.c_str());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Request request;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--list") return list();
    if (i + 1 == argc) return usage();
    const char* value = argv[++i];
    if (flag == "--seeds") {
      request.seeds = std::strtoull(value, nullptr, 10);
    } else if (flag == "--from") {
      request.from = std::strtoull(value, nullptr, 10);
    } else if (flag == "--seed") {
      request.from = std::strtoull(value, nullptr, 10);
      request.seeds = 1;
      request.one = true;
    } else if (flag == "--mutant" && mutant_of(value)) {
      request.mutant = *mutant_of(value);
    } else {
      return usage();
    }
  }
  const auto simulator = Simulator::make();
  if (!simulator.ok()) {
    std::fprintf(stderr, "%s\n", tradewind::describe(simulator.error()).c_str());
    return 1;
  }
  return run(**simulator, request);
}
