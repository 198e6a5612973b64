#include <cstdio>
#include <gtest/gtest.h>
#include <string>

#include "edge/objectstore/memory_store.h"
#include "engine/simulator/backends/paths.h"
#include "engine/simulator/simulation.h"

namespace tradewind::simulator {
namespace {

// Sanitizers make each seed ten times slower; there the coverage of rare paths is not asked for.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool thorough = false;
#else
constexpr bool thorough = true;
#endif
constexpr std::uint64_t seeds = thorough ? 40 : 8;

std::string first_lines(const std::vector<std::string>& lines) {
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < 10; ++i) text += lines[i] + "\n";
  return text;
}

SimulationOptions over(std::vector<Backend> backends) {
  SimulationOptions options;
  options.backends = std::move(backends);
  options.deadlines = true;
  options.work_steps = 600;
  return options;
}

class EachBackend : public ::testing::TestWithParam<Backend> {};

TEST_P(EachBackend, KeepsEveryPromiseUnderItsFaults) {
  const SimulationSum sum = simulate_seeds(over({GetParam()}), seeds, 2);
  EXPECT_TRUE(sum.violations.empty()) << first_lines(sum.violations);
  std::printf(
      "%llu seeds, %llu faults, %llu crashes, %llu launches, %d jobs succeeded, %.0f h of virtual time\n",
      static_cast<unsigned long long>(sum.seeds), static_cast<unsigned long long>(sum.total.faults),
      static_cast<unsigned long long>(sum.total.crashes), static_cast<unsigned long long>(sum.total.launches),
      sum.total.jobs_succeeded, sum.total.virtual_s / 3600);
  for (const auto& [what, times] : sum.total.counts)
    std::printf("%8llu  %s\n", static_cast<unsigned long long>(times), what.c_str());
  if (!thorough) return;
  // The rarest take hundreds of seeds, which backendsim plays.
  const std::vector<std::string_view> paths = paths_of(GetParam());
  const auto taken = std::ranges::count_if(
      paths, [&](std::string_view path) { return sum.total.counts.contains(std::string(path)); });
  EXPECT_GE(taken, static_cast<std::ptrdiff_t>(paths.size() * 4 / 5));
}

TEST_P(EachBackend, HasRunsWithoutFaultsInWhichAllSucceeds) {
  SimulationOptions options = over({GetParam()});
  options.faults = false;
  const SimulationSum sum = simulate_seeds(options, thorough ? 12 : 4, 2);
  EXPECT_TRUE(sum.violations.empty()) << first_lines(sum.violations);
  EXPECT_EQ(sum.total.crashes, 0U);
  EXPECT_GT(sum.total.jobs_succeeded, thorough ? 21 : 4);
}

TEST_P(EachBackend, MakesOfOneSeedOneRun) {
  SimulationOptions options = over({GetParam()});
  options.seed = 7;
  options.keep_log = true;
  const SimulationReport first = simulate(options);
  EXPECT_GT(first.log.size(), 50U);
  EXPECT_EQ(first.log, simulate(options).log);
  options.seed = 8;
  EXPECT_NE(simulate(options).log, first.log);
}

INSTANTIATE_TEST_SUITE_P(Backends, EachBackend,
                         ::testing::Values(Backend::slurm, Backend::ssh, Backend::kubernetes),
                         [](const auto& param) { return std::string(to_text(param.param)); });

TEST(Backends, HoldJobsThatMoveBetweenAllOfThem) {
  const SimulationSum sum =
      simulate_seeds(over({Backend::slurm, Backend::ssh, Backend::kubernetes}), thorough ? 12 : 4, 2);
  EXPECT_TRUE(sum.violations.empty()) << first_lines(sum.violations);
  EXPECT_GT(sum.total.moves_done, 0);
}

// Mutation tests: each promise's check must catch what breaks it.
struct Planted {
  Backend backend;
  Mutant mutant;
  const char* promise;
  std::uint64_t seed = 1;  // near the first that catches it, where that is rare
};

class EachMutant : public ::testing::TestWithParam<Planted> {};

TEST_P(EachMutant, IsCaught) {
  SimulationOptions options = over({GetParam().backend});
  options.mutant = GetParam().mutant;
  if (options.mutant == Mutant::driver_wedged) options.jobs = 1;  // it asks to the end of the world
  constexpr std::uint64_t portion = 2;
  constexpr std::uint64_t most = 300;
  for (options.seed = GetParam().seed; options.seed < GetParam().seed + most; options.seed += portion) {
    const SimulationSum sum = simulate_seeds(options, portion, 2);
    for (const std::string& violation : sum.violations) {
      if (violation.find(std::string("Z ") + GetParam().promise + ":") == std::string::npos) continue;
      std::printf("%s\n", violation.c_str());
      return;
    }
  }
  FAIL() << "no violation of '" << GetParam().promise << "' in " << most << " seeds";
}

constexpr Planted everywhere[] = {{Backend::slurm, Mutant::blackout_is_loss, "restart"},
                                  {Backend::slurm, Mutant::launch_repeated, "launch"},
                                  {Backend::slurm, Mutant::offers_never_blocked, "rush", 2},
                                  {Backend::slurm, Mutant::ledger_overwritten, "writer"},
                                  {Backend::slurm, Mutant::driver_wedged, "lost"},
                                  {Backend::slurm, Mutant::owners_mixed_up, "foreign"}};
constexpr Planted in_one[] = {{Backend::slurm, Mutant::slurm_no_lookup, "launch"},
                              {Backend::slurm, Mutant::slurm_claim_ignored, "duplicate"},
                              {Backend::slurm, Mutant::slurm_requeued_runs, "duplicate"},
                              {Backend::slurm, Mutant::slurm_queued_kept, "leak"},
                              {Backend::slurm, Mutant::slurm_array_again, "launch", 57},
                              {Backend::slurm, Mutant::slurm_array_cancelled, "cancel"},
                              {Backend::ssh, Mutant::ssh_token_forgotten, "duplicate", 155},
                              {Backend::ssh, Mutant::ssh_claim_kept, "leak"},
                              {Backend::ssh, Mutant::ssh_way_back_unproved, "restart", 3},
                              {Backend::kubernetes, Mutant::kubernetes_watch_gap, "list"},
                              {Backend::kubernetes, Mutant::kubernetes_expired_kept, "list"},
                              {Backend::kubernetes, Mutant::kubernetes_page_dropped, "restart"},
                              {Backend::kubernetes, Mutant::kubernetes_second_pod, "duplicate"},
                              {Backend::kubernetes, Mutant::kubernetes_pod_kept, "leak"}};

std::vector<Planted> all_planted() {
  std::vector<Planted> all(std::begin(in_one), std::end(in_one));
  for (Planted each : everywhere) {
    for (const Backend backend : {Backend::slurm, Backend::ssh, Backend::kubernetes}) {
      // Asks to the end of the world, which takes minutes over the others: backendsim plays it there.
      if (each.mutant == Mutant::driver_wedged && backend != Backend::kubernetes) continue;
      each.backend = backend;
      all.push_back(each);
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Mutants, EachMutant, ::testing::ValuesIn(all_planted()), [](const auto& param) {
  return std::string(to_text(param.param.backend)) + "_" + std::string(to_text(param.param.mutant));
});

// The driver alone, over a cluster that nothing befalls.
class QuietSlurm : public ::testing::Test {
 protected:
  QuietSlurm() : cluster_(std::move(make_slurm(world_, {[](const auto&) {}, 2, 1}).front())) {}

  provider::LaunchRequest request(const std::string& token) {
    provider::LaunchRequest made;
    made.token = token;
    made.owner = owner_;
    made.job = JobId("j-1");
    made.offer = cluster_->provider().offers({})->front();
    made.hard_limit = time_.now() + Duration(3'600'000);
    return made;
  }
  void pass(Duration span) {
    const Time until = time_.now() + span;
    while (time_.next() <= until) time_.advance();
    time_.skip_to(until);
  }
  std::vector<Instance> listed() {
    pass(Duration(10'000));
    return cluster_->provider().instances(owner_, "")->instances;
  }

  Timeline time_{*parse_utc("2026-01-01")};
  Faults faults_{1, {}};
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_memory_store();
  std::optional<int> calls_left_;  // of a process that dies in the last of them
  std::vector<std::string> violations_;
  ModelWorld world_{time_,
                    faults_,
                    *store_,
                    [this] {
                      if (!calls_left_ || --*calls_left_ > 0) return Fault::none;
                      return *calls_left_ == 0 ? Fault::crash_after : Fault::crash_before;
                    },
                    [this](const std::string& what) { violations_.push_back(what); },
                    [](const std::string&) {}};
  OwnerId owner_{"0123456789abcdef0123456789abcdef"};
  std::unique_ptr<ModelBackend> cluster_;
};

TEST_F(QuietSlurm, AWaitingJobWhoseNumberNobodyWroteDownIsCancelled) {
  ASSERT_TRUE(cluster_->provider().launch(request("l-1")).ok());  // takes the last free node
  pass(Duration(10'000));
  // sbatch submits it, and the control plane ends there.
  const provider::LaunchRequest second = request("l-2");
  calls_left_ = 2;
  (void)cluster_->provider().launch(second);
  calls_left_.reset();
  cluster_->restart();
  const auto waiting = listed();
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_EQ(waiting[1].state, InstanceState::pending);
  EXPECT_EQ(*cluster_->provider().terminate(waiting[1].ref), provider::TerminateState::in_progress);
  const auto after = listed();
  ASSERT_EQ(after.size(), 2U);
  EXPECT_EQ(after[1].token, "l-2");
  EXPECT_EQ(after[1].state, InstanceState::terminated);
  EXPECT_TRUE(violations_.empty()) << first_lines(violations_);
}

}  // namespace
}  // namespace tradewind::simulator
