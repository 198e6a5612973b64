// One simulation after the other, on several threads.
#include <atomic>
#include <mutex>
#include <thread>

#include "engine/simulator/simulation.h"

namespace tradewind::simulator {
namespace {

void add_report(SimulationSum& sum, const SimulationReport& report) {
  ++sum.seeds;
  for (const std::string& violation : report.violations) {
    sum.violations.push_back("seed " + std::to_string(report.seed) + ": " + violation);
  }
  SimulationReport& total = sum.total;
  total.coverage.add(report.coverage);
  for (const auto& [what, times] : report.counts) total.counts[what] += times;
  total.turns += report.turns;
  total.events += report.events;
  total.crashes += report.crashes;
  total.faults += report.faults;
  total.launches += report.launches;
  total.preemptions += report.preemptions;
  total.jobs_succeeded += report.jobs_succeeded;
  total.jobs_cancelled += report.jobs_cancelled;
  total.deadlines_kept += report.deadlines_kept;
  total.moves_done += report.moves_done;
  total.moves_failed += report.moves_failed;
  total.virtual_s += report.virtual_s;
}

}  // namespace

SimulationSum simulate_seeds(const SimulationOptions& first, std::uint64_t seeds, int threads) {
  SimulationSum sum;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{0};
  const auto work = [&] {
    for (std::uint64_t i = next++; i < seeds; i = next++) {
      SimulationOptions options = first;
      options.seed = first.seed + i;
      const SimulationReport report = simulate(options);
      const std::lock_guard lock(mutex);
      add_report(sum, report);
    }
  };
  std::vector<std::thread> workers;
  for (int i = 1; i < threads; ++i) workers.emplace_back(work);
  work();
  for (std::thread& worker : workers) worker.join();
  return sum;
}

}  // namespace tradewind::simulator
