// Plays policies over scenarios, on all cores.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/backtest/optimum.h"
#include "core/backtest/scenario.h"
#include "core/backtest/summary.h"

namespace tradewind::cli {

// One scenario at one time.
struct BacktestCase {
  const backtest::Scenario* scenario = nullptr;
  const backtest::TraceSet* traces = nullptr;
  std::int64_t shift_ticks = 0;
};

struct BacktestOptions {
  std::vector<std::string> policies;
  bool with_optimum = true;
  int threads = 1;
};

struct CaseResult {
  backtest::Optimum optimum;
  double on_demand_usd = 0;
  std::vector<backtest::Outcome> outcomes;  // one to each policy
};

struct BacktestResult {
  std::vector<std::optional<CaseResult>>
      cases;          // in the order that was asked for; nothing: not done when interrupted
  double play_s = 0;  // summed over threads
  double optimum_s = 0;
  std::uint64_t decisions = 0;
};

// Results do not depend on the number of threads. `show` is called on this thread now and then with the
// number of cases done. Ends early once `interrupted`. Errors: those of world_of, of the first case that has
// one.
Result<BacktestResult> run_backtest(const std::vector<BacktestCase>& cases, const BacktestOptions& options,
                                    const std::atomic<bool>& interrupted,
                                    const std::function<void(std::size_t)>& show);

// The samples of one policy, for summaries.
std::vector<backtest::Sample> samples_of(const std::vector<BacktestCase>& cases, const BacktestResult& result,
                                         std::size_t policy);

}  // namespace tradewind::cli
