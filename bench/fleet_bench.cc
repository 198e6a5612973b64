// Ten thousand jobs that live at once in one control plane under virtual time: the real broker, scheduler,
// ledger and mailbox over modelled suppliers and agents. Prints what the decision core takes in time and
// memory, and beside it what the least takes that anything with a durable state has to do: one row in SQLite
// for each event, in the same transactions.
//   fleet_bench [--json] [JOBS]
// Exit code 1: a promise was broken, or the fleet was never whole.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <utility>
#include <vector>

#include "core/model/records.h"
#include "engine/simulator/simulation.h"

namespace tradewind {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

double seconds_since(SteadyTime start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double peak_rss_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024;
}

double heap_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

// What a control plane holds for its jobs, measured on a copy.
double bytes_held(const ClusterState& state, const scheduler::Working& working) {
  const double before = heap_bytes();
  const auto copies =
      std::make_pair(std::make_unique<ClusterState>(state), std::make_unique<scheduler::Working>(working));
  return heap_bytes() - before;
}

std::string row_of(const Event& event) {
  return to_text(std::visit([](const auto& record) { return to_json(record); }, event.after));
}

struct Measure {
  double decide_s = 0;
  std::uint64_t observations = 0;
  std::size_t live_jobs = 0;  // at most
  std::size_t running_jobs = 0;
  double bytes = 0;      // held for the jobs, at most
  double row_bytes = 0;  // of all events in JSON
  std::uint64_t rows_sampled = 0;
  std::vector<std::uint32_t> commits;  // their events
};

void look(Measure& measure, const ClusterState& state, const scheduler::Working& working) {
  const auto count = [&](auto counts) {
    return static_cast<std::size_t>(std::count_if(state.jobs.begin(), state.jobs.end(),
                                                  [&](const auto& entry) { return counts(entry.second); }));
  };
  const std::size_t live = count([](const JobRecord& job) { return !is_final(job.state); });
  if (live >= measure.live_jobs) measure.bytes = bytes_held(state, working);
  measure.live_jobs = std::max(measure.live_jobs, live);
  measure.running_jobs = std::max(measure.running_jobs,
                                  count([](const JobRecord& job) { return job.state == JobState::running; }));
}

broker::Decide measured(Measure& measure, std::uint64_t turns_between_looks) {
  return [&measure, turns_between_looks, turns = std::uint64_t{0}](
             ClusterState& state, scheduler::Working& working, const scheduler::Survey& survey,
             const std::vector<scheduler::Observation>& observations, Time now) mutable {
    const SteadyTime start = std::chrono::steady_clock::now();
    scheduler::Decisions decisions = scheduler::decide(state, working, survey, observations, now);
    measure.decide_s += seconds_since(start);
    measure.observations += observations.size();
    if (!decisions.events.empty()) {
      measure.commits.push_back(static_cast<std::uint32_t>(decisions.events.size()));
      if (measure.commits.size() % 100 == 0) {
        measure.row_bytes += static_cast<double>(row_of(decisions.events.front()).size());
        ++measure.rows_sampled;
      }
    }
    if (++turns % turns_between_looks == 0) look(measure, state, working);
    return decisions;
  };
}

// Seconds to insert as many rows of that size in those transactions into a database in memory.
double sqlite_s(const std::vector<std::uint32_t>& commits, std::size_t row_bytes) {
  sqlite3* database = nullptr;
  if (sqlite3_open(":memory:", &database) != SQLITE_OK) std::abort();
  const auto run = [&](const char* sql) {
    if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) std::abort();
  };
  run("create table events (number integer primary key, kind text, subject text, body text)");
  sqlite3_stmt* insert = nullptr;
  constexpr const char* sql = "insert into events (kind, subject, body) values ('lease.status', 'l-0', ?)";
  if (sqlite3_prepare_v2(database, sql, -1, &insert, nullptr) != SQLITE_OK) std::abort();
  const std::string body(row_bytes, 'x');
  const SteadyTime start = std::chrono::steady_clock::now();
  for (const std::uint32_t rows : commits) {
    run("begin");
    for (std::uint32_t i = 0; i < rows; ++i) {
      sqlite3_bind_text(insert, 1, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
      if (sqlite3_step(insert) != SQLITE_DONE) std::abort();
      sqlite3_reset(insert);
    }
    run("commit");
  }
  const double taken = seconds_since(start);
  sqlite3_finalize(insert);
  sqlite3_close(database);
  return taken;
}

int run(int jobs, bool as_json) {
  Measure measure;
  simulator::SimulationOptions options;
  options.seed = 1;  // a world without scarcity
  options.jobs = jobs;
  options.faults = false;
  options.moves = false;
  options.capacity = jobs;
  options.decide = measured(measure, static_cast<std::uint64_t>(jobs));
  const SteadyTime start = std::chrono::steady_clock::now();
  const simulator::SimulationReport report = simulator::simulate(options);
  const double wall_s = seconds_since(start);
  const double peak = peak_rss_bytes();
  const double row_bytes =
      measure.row_bytes / static_cast<double>(std::max<std::uint64_t>(measure.rows_sampled, 1));
  const double peer_s = sqlite_s(measure.commits, static_cast<std::size_t>(row_bytes));
  const double decisions = static_cast<double>(measure.observations);
  for (const std::string& violation : report.violations)
    std::fprintf(stderr, "violated: %s\n", violation.c_str());
  if (as_json) {
    const json::object document{{"jobs", jobs},
                                {"live_jobs", measure.live_jobs},
                                {"launches", report.launches},
                                {"events", report.events},
                                {"decisions_per_s", decisions / measure.decide_s},
                                {"decide_s", measure.decide_s},
                                {"sqlite_s", peer_s},
                                {"wall_s", wall_s},
                                {"virtual_s", report.virtual_s},
                                {"peak_rss_bytes", peak},
                                {"state_bytes", measure.bytes}};
    std::printf("%s\n", to_text(document).c_str());
  } else {
    std::printf(
        "jobs         %d submitted, at most %zu live and %zu running at once; %d succeeded, %llu launches, "
        "%llu preemptions\n",
        jobs, measure.live_jobs, measure.running_jobs, report.jobs_succeeded,
        static_cast<unsigned long long>(report.launches),
        static_cast<unsigned long long>(report.preemptions));
    std::printf("decisions    %.0f observations judged in %llu turns, %llu events stored: %.0f decisions/s\n",
                decisions, static_cast<unsigned long long>(report.turns),
                static_cast<unsigned long long>(report.events), decisions / measure.decide_s);
    std::printf(
        "time         %.2f s deciding; SQLite takes %.2f s for as many rows of %.0f bytes; %.1f s in all for "
        "%.0f s of virtual time, models and checks included\n",
        measure.decide_s, peer_s, row_bytes, wall_s, report.virtual_s);
    std::printf(
        "memory       %.0f MiB at the peak, models and history included; the control plane holds %.1f KiB a "
        "job\n",
        peak / (1 << 20), measure.bytes / 1024 / jobs);
  }
  const bool whole = measure.live_jobs * 10 >= static_cast<std::size_t>(jobs) * 9;
  if (!whole) std::fprintf(stderr, "only %zu of %d jobs lived at once\n", measure.live_jobs, jobs);
  return report.violations.empty() && whole ? 0 : 1;
}

}  // namespace
}  // namespace tradewind

int main(int count, char** values) {
  bool as_json = false;
  int jobs = 10'000;
  for (int i = 1; i < count; ++i) {
    if (std::string_view(values[i]) == "--json") {
      as_json = true;
    } else {
      jobs = std::atoi(values[i]);
    }
  }
  if (jobs < 1) {
    std::fputs("usage: fleet_bench [--json] [JOBS]\n", stderr);
    return 2;
  }
  return tradewind::run(jobs, as_json);
}
