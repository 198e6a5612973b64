// Ten thousand jobs in one control plane under virtual time: the real broker and scheduler over modelled
// suppliers and agents. Prints decisions a second and memory. The peer is the least that anything with
// durable state has to do: a row in SQLite for each event, in transactions of the same number of events.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <sqlite3.h>
#include <string>
#include <sys/resource.h>

#include "engine/simulator/simulation.h"

namespace {

using namespace tradewind;  // NOLINT(google-build-using-namespace)

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double peak_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Seconds to insert that many rows as large as an event, `per_commit` to a transaction.
double sqlite_s(std::uint64_t rows, std::uint64_t per_commit) {
  sqlite3* database = nullptr;
  if (sqlite3_open(":memory:", &database) != SQLITE_OK) std::abort();
  const auto run = [&](const char* sql) {
    if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) != SQLITE_OK) std::abort();
  };
  run("create table events (number integer primary key, kind text, subject text, body text)");
  sqlite3_stmt* insert = nullptr;
  sqlite3_prepare_v2(database, "insert into events (kind, subject, body) values (?, ?, ?)", -1, &insert,
                     nullptr);
  const std::string body(900, 'x');  // a lease record in JSON
  const auto start = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < rows; ++i) {
    if (i % per_commit == 0) run(i == 0 ? "begin" : "commit; begin");
    sqlite3_bind_text(insert, 1, "lease.status", -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 2, "l-0123456789abcdefghjk", -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 3, body.data(), static_cast<int>(body.size()), SQLITE_STATIC);
    sqlite3_step(insert);
    sqlite3_reset(insert);
  }
  if (rows > 0) run("commit");
  const double taken = seconds_since(start);
  sqlite3_finalize(insert);
  sqlite3_close(database);
  return taken;
}

}  // namespace

int main(int count, char** values) {
  simulator::SimulationOptions options;
  options.jobs = count > 1 ? std::atoi(values[1]) : 10'000;
  options.faults = false;
  options.moves = false;
  options.capacity = options.jobs;
  options.check_every = 20'000;  // the checks are the simulator's own and no part of what is measured
  const double before = peak_mib();
  const auto start = std::chrono::steady_clock::now();
  const simulator::SimulationReport report = simulator::simulate(options);
  const double taken = seconds_since(start);
  const double memory = peak_mib() - before;
  for (const std::string& violation : report.violations)
    std::fprintf(stderr, "violated: %s\n", violation.c_str());
  const double peer = sqlite_s(report.events, 100);
  std::printf("fleet of %d jobs: %d succeeded, %llu launches, %llu turns, %llu decisions stored in %.1f s\n",
              options.jobs, report.jobs_succeeded, static_cast<unsigned long long>(report.launches),
              static_cast<unsigned long long>(report.turns), static_cast<unsigned long long>(report.events),
              taken);
  std::printf(
      "  %.0f decisions/s, %.1f KiB a job at the peak (%.0f MiB), %.1fx the time of as many SQLite rows\n",
      static_cast<double>(report.events) / taken, memory * 1024 / options.jobs, memory, taken / peer);
  return report.violations.empty() && report.jobs_succeeded > 0 ? 0 : 1;
}
