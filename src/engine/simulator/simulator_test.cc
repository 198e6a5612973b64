#include <cstdio>
#include <gtest/gtest.h>
#include <string>

#include "engine/simulator/simulation.h"

namespace tradewind::simulator {
namespace {

using scheduler::Decisions;
using scheduler::Observation;

// Sanitizers make each seed ten times slower; there the coverage of rare edges is not asked for.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool thorough = false;
#else
constexpr bool thorough = true;
#endif
constexpr std::uint64_t common_seeds = thorough ? 3100 : 60;
constexpr std::uint64_t late_seeds = thorough ? 1600 : 30;
constexpr std::uint64_t pausing_seeds = thorough ? 2100 : 20;

std::string first_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < 10; ++i) text += lines[i] + "\n";
  return text;
}

void print(const SimulationSum& sum, const Coverage& coverage) {
  std::printf("%-42s %10s %13s %13s\n", "edge", "crossed", "crash before", "crash after");
  for (const std::string& edge : all_edges()) {
    const auto found = coverage.edges().find(edge);
    const EdgeCount count = found == coverage.edges().end() ? EdgeCount{} : found->second;
    std::printf("%-42s %10llu %13llu %13llu\n", edge.c_str(), static_cast<unsigned long long>(count.crossed),
                static_cast<unsigned long long>(count.crash_before),
                static_cast<unsigned long long>(count.crash_after));
  }
  std::printf(
      "%llu seeds, %llu faults, %llu crashes, %llu launches, %llu preemptions, %.0f h of virtual time\n",
      static_cast<unsigned long long>(sum.seeds), static_cast<unsigned long long>(sum.total.faults),
      static_cast<unsigned long long>(sum.total.crashes), static_cast<unsigned long long>(sum.total.launches),
      static_cast<unsigned long long>(sum.total.preemptions), sum.total.virtual_s / 3600);
}

TEST(Simulation, EveryPromiseHoldsUnderFaultsAndEveryEdgeIsCrossedWithACrash) {
  SimulationOptions options;
  options.deadlines = true;
  SimulationSum sum = simulate_seeds(options, common_seeds, 2);
  EXPECT_TRUE(sum.violations.empty()) << first_lines(sum.violations);
  options.late_finishers = true;
  options.seed = 1'000'000;
  const SimulationSum late = simulate_seeds(options, late_seeds, 2);
  EXPECT_TRUE(late.violations.empty()) << first_lines(late.violations);
  Coverage coverage = sum.total.coverage;
  SimulationOptions pausing;
  pausing.pauses = true;
  pausing.work_steps = 120;
  pausing.seed = 2'000'000;
  const SimulationSum paused = simulate_seeds(pausing, pausing_seeds, 2);
  EXPECT_TRUE(paused.violations.empty()) << first_lines(paused.violations);
  for (const SimulationSum* more : {&late, &paused}) {
    coverage.add(more->total.coverage);
    sum.seeds += more->seeds;
    sum.total.faults += more->total.faults;
    sum.total.crashes += more->total.crashes;
    sum.total.launches += more->total.launches;
    sum.total.preemptions += more->total.preemptions;
    sum.total.virtual_s += more->total.virtual_s;
  }
  print(sum, coverage);
  if (!thorough) return;
  for (const std::string& edge : all_edges()) {
    const auto found = coverage.edges().find(edge);
    ASSERT_NE(found, coverage.edges().end()) << edge << " was never crossed";
    EXPECT_GT(found->second.crash_before + found->second.crash_after, 0U)
        << edge << " was never crossed with a crash";
  }
}

TEST(Simulation, OneSeedIsOneRun) {
  SimulationOptions options;
  options.seed = 42;
  options.keep_log = true;
  const SimulationReport first = simulate(options);
  const SimulationReport second = simulate(options);
  EXPECT_GT(first.log.size(), 50U);
  EXPECT_EQ(first.log, second.log);
  options.seed = 43;
  EXPECT_NE(simulate(options).log, first.log);
}

TEST(Simulation, WithoutFaultsNothingCrashesAndEverythingThatCanSucceeds) {
  SimulationOptions options;
  options.faults = false;
  const SimulationSum sum = simulate_seeds(options, 50, 2);
  EXPECT_TRUE(sum.violations.empty()) << first_lines(sum.violations);
  EXPECT_EQ(sum.total.crashes, 0U);
  EXPECT_GT(sum.total.jobs_succeeded, 100);
  EXPECT_GT(sum.total.moves_done, 10);
}

SimulationOptions with_deadlines() {
  SimulationOptions options;
  options.faults = false;
  options.moves = false;  // a user may move a job where it is late
  options.capacity = 1000;
  options.jobs = 6;
  options.deadlines = true;
  options.check_deadlines = true;
  return options;
}

TEST(Simulation, ADeadlineThatOnDemandKeepsIsKeptWhenNothingIsRefused) {
  const SimulationSum sum = simulate_seeds(with_deadlines(), thorough ? 400 : 20, 2);
  EXPECT_TRUE(sum.violations.empty()) << first_lines(sum.violations);
  EXPECT_GT(sum.total.deadlines_kept, thorough ? 500 : 20);
  std::printf("%d deadlines kept through %llu preemptions\n", sum.total.deadlines_kept,
              static_cast<unsigned long long>(sum.total.preemptions));
}

// Mutation tests: each promise's check must catch a planted breach of it.
::testing::AssertionResult is_caught(const SimulationOptions& options, const std::string& promise,
                                     std::uint64_t seeds = 120) {
  const SimulationSum sum = simulate_seeds(options, seeds, 2);
  for (const std::string& violation : sum.violations) {
    if (violation.find("Z " + promise + ":") != std::string::npos ||
        violation.find("Z " + promise + " ") != std::string::npos) {
      return ::testing::AssertionSuccess();
    }
  }
  return ::testing::AssertionFailure()
         << "no violation of '" << promise << "' among " << sum.violations.size() << "\n"
         << first_lines(sum.violations);
}

TEST(Mutation, LaunchingAgainOnAGuessIsCaught) {
  SimulationOptions options;
  options.decide = [](ClusterState& state, scheduler::Working& working, const scheduler::Survey& survey,
                      const std::vector<Observation>& observations, Time now) {
    Decisions decisions = scheduler::decide(state, working, survey, observations, now);
    for (const auto& [id, lease] : state.leases) {
      if (lease.state != LeaseState::intended || !working.launching.insert(id).second) continue;
      const JobRecord& job = state.jobs.at(lease.job);
      decisions.actions.emplace_back(scheduler::Launch{id, job.id, job.spec, job.home, lease.offer,
                                                       lease.attempt, false, *lease.hard_limit});
    }
    return decisions;
  };
  EXPECT_TRUE(is_caught(options, "launch"));
}

TEST(Mutation, LeavingOrphansAloneIsCaught) {
  SimulationOptions options;
  options.decide = [](ClusterState& state, scheduler::Working& working, const scheduler::Survey& survey,
                      const std::vector<Observation>& observations, Time now) {
    Decisions decisions = scheduler::decide(state, working, survey, observations, now);
    std::erase_if(decisions.actions, [&](const scheduler::Action& action) {
      const auto* terminate = std::get_if<scheduler::Terminate>(&action);
      if (terminate == nullptr) return false;
      const auto lease = state.leases.find(terminate->lease);
      return lease == state.leases.end() || lease->second.state == LeaseState::ended;
    });
    return decisions;
  };
  options.preemptions = false;
  options.boot_failure = 0.6;  // machines that do not end by themselves
  EXPECT_TRUE(is_caught(options, "leak", 300));
}

TEST(Mutation, AskingAPolicyTooSeldomIsCaught) {
  SimulationOptions options = with_deadlines();
  options.decide = [](ClusterState& state, scheduler::Working& working, const scheduler::Survey& survey,
                      const std::vector<Observation>& observations, Time now) {
    Decisions decisions = scheduler::decide(state, working, survey, observations, now);
    for (auto& [job, asking] : working.asking) {
      asking.holding = false;  // losses are overlooked
      asking.next = std::max(asking.next, asking.last + Duration(400'000));
    }
    return decisions;
  };
  EXPECT_TRUE(is_caught(options, "late"));
}

TEST(Mutation, TerminatingWhatIsNotOursIsCaught) {
  SimulationOptions options;
  options.decide = [](ClusterState& state, scheduler::Working& working, const scheduler::Survey& survey,
                      const std::vector<Observation>& observations, Time now) {
    Decisions decisions = scheduler::decide(state, working, survey, observations, now);
    for (const Observation& observation : observations) {
      const auto* listing = std::get_if<scheduler::Listing>(&observation);
      if (listing == nullptr) continue;
      for (const Instance& instance : listing->instances) {
        if (instance.owner != state.owner)
          decisions.actions.emplace_back(scheduler::Terminate{LeaseId(), instance.ref});
      }
    }
    return decisions;
  };
  EXPECT_TRUE(is_caught(options, "foreign"));
}

TEST(Mutation, AnsweringBeforeStoringIsCaught) {
  SimulationOptions options;
  options.decide = [](ClusterState& state, scheduler::Working& working, const scheduler::Survey& survey,
                      const std::vector<Observation>& observations, Time now) {
    Decisions decisions = scheduler::decide(state, working, survey, observations, now);
    std::erase_if(decisions.events, [](const Event& event) {
      return event.kind == "job.submitted" || event.kind == "job.decided";
    });
    return decisions;
  };
  EXPECT_TRUE(is_caught(options, "lost"));
}

TEST(Mutation, AStoreWithoutCreateIfAbsentIsCaught) {
  SimulationOptions options;
  options.broken_create_if_absent = true;
  options.late_finishers = true;  // agents that come back late, against those that took over
  EXPECT_TRUE(is_caught(options, "writer"));
}

TEST(Mutation, RestartingWithoutEvidenceIsCaught) {
  SimulationOptions options;
  options.decide = [](ClusterState& state, scheduler::Working& working, const scheduler::Survey& survey,
                      const std::vector<Observation>& observations, Time now) {
    // Believes that what a list does not show at once, or shows as running, is gone.
    std::vector<Observation> believed = observations;
    for (Observation& observation : believed) {
      auto* listing = std::get_if<scheduler::Listing>(&observation);
      if (listing == nullptr) continue;
      for (Instance& instance : listing->instances) {
        if (now.time_since_epoch().count() % 5 == 0) instance.state = InstanceState::terminated;
      }
    }
    return scheduler::decide(state, working, survey, believed, now);
  };
  EXPECT_TRUE(is_caught(options, "restart"));
}

}  // namespace
}  // namespace tradewind::simulator
