// The figures of a backtest, for people and for programs. Pure.
#pragma once

#include <string>
#include <vector>

#include "app/cli/backtest_runner.h"
#include "app/cli/terminal.h"
#include "core/model/json.h"

namespace tradewind::cli {

// Cost over optimum and over on-demand, a line to each class, a column to each policy.
std::string backtest_tables(const std::vector<BacktestCase>& cases, const std::vector<std::string>& policies,
                            const BacktestResult& result, int width, bool colour);
json::object backtest_json(const std::vector<BacktestCase>& cases, const std::vector<std::string>& policies,
                           const BacktestResult& result);
// Scenarios whose deadline on-demand alone cannot keep: each in one sentence, with the earliest finish.
std::vector<std::string> hopeless(const std::vector<BacktestCase>& cases);

}  // namespace tradewind::cli
