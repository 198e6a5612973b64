#include "app/cli/backtest_runner.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/backtest/play.h"
#include "core/policy/player_registry.h"

namespace tradewind::cli {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// What one thread has measured.
struct Effort {
  double play_s = 0;
  double optimum_s = 0;
  std::uint64_t decisions = 0;
};

Result<CaseResult> run_case(const BacktestCase& one, const BacktestOptions& options, Effort& effort) {
  TW_ASSIGN_OR_RETURN(const backtest::World world,
                      backtest::world_of(*one.scenario, *one.traces, one.shift_ticks));
  CaseResult result;
  result.on_demand_usd = backtest::on_demand_usd(world.problem);
  const Clock::time_point began = Clock::now();
  if (options.with_optimum) result.optimum = backtest::optimum(world);
  const Clock::time_point playing = Clock::now();
  effort.optimum_s += std::chrono::duration<double>(playing - began).count();
  for (const std::string& policy : options.policies) {
    const auto player = policy::make_player(policy, world.problem);
    TW_ASSIGN_OR_RETURN(const backtest::Played played,
                        backtest::play(world, *player, backtest::Keep::outcome));
    result.outcomes.push_back(played.outcome);
    effort.decisions += static_cast<std::uint64_t>(played.ticks);
  }
  effort.play_s += seconds_since(playing);
  return result;
}

// Hands out cases to threads, and gathers what they find.
class Crew {
 public:
  Crew(const std::vector<BacktestCase>& cases, const BacktestOptions& options,
       const std::atomic<bool>& interrupted)
      : cases_(cases), options_(options), interrupted_(interrupted) {
    result_.cases.resize(cases.size());
  }

  void work() {
    Effort effort;
    for (std::size_t i = next_++; i < cases_.size() && !interrupted_ && !failed_; i = next_++) {
      Result<CaseResult> one = run_case(cases_[i], options_, effort);
      if (one.ok()) {
        result_.cases[i] = std::move(*one);
      } else {
        const std::lock_guard lock(mutex_);
        if (!failed_ || i < error_at_) error_ = one.error();
        error_at_ = std::min(error_at_, i);
        failed_ = true;
      }
      ++done_;
    }
    const std::lock_guard lock(mutex_);
    result_.play_s += effort.play_s;
    result_.optimum_s += effort.optimum_s;
    result_.decisions += effort.decisions;
    ++ended_;
    ending_.notify_all();
  }

  void wait(std::size_t threads, const std::function<void(std::size_t)>& show) {
    std::unique_lock lock(mutex_);
    while (!ending_.wait_for(lock, std::chrono::milliseconds(100), [&] { return ended_ == threads; }))
      show(done_);
  }

  Result<BacktestResult> take() {
    if (failed_) return *error_;
    return std::move(result_);
  }

 private:
  const std::vector<BacktestCase>& cases_;
  const BacktestOptions& options_;
  const std::atomic<bool>& interrupted_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> done_{0};
  std::atomic<bool> failed_{false};
  BacktestResult result_;  // each case is written by the thread that it was handed to
  std::mutex mutex_;       // of all below, and of the sums in result_
  std::condition_variable ending_;
  std::size_t ended_ = 0;
  std::size_t error_at_ = static_cast<std::size_t>(-1);
  std::optional<Error> error_;
};

}  // namespace

Result<BacktestResult> run_backtest(const std::vector<BacktestCase>& cases, const BacktestOptions& options,
                                    const std::atomic<bool>& interrupted,
                                    const std::function<void(std::size_t)>& show) {
  Crew crew(cases, options, interrupted);
  const std::size_t count = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(options.threads, 1)), 1,
                                                    std::max<std::size_t>(cases.size(), 1));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&crew] { crew.work(); });
  crew.wait(count, show);
  threads.clear();
  return crew.take();
}

std::vector<backtest::Sample> samples_of(const std::vector<BacktestCase>& cases, const BacktestResult& result,
                                         std::size_t policy) {
  std::vector<backtest::Sample> samples;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (!result.cases[i]) continue;
    const CaseResult& one = *result.cases[i];
    const backtest::Outcome& outcome = one.outcomes[policy];
    samples.push_back({cases[i].scenario->problem.id, cases[i].scenario->label, outcome.cost_usd,
                       one.optimum.feasible ? one.optimum.cost_usd : 0, one.on_demand_usd,
                       !outcome.finished});
  }
  return samples;
}

}  // namespace tradewind::cli
