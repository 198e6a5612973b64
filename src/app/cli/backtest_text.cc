#include "app/cli/backtest_text.h"

#include <cmath>
#include <cstdio>
#include <set>

#include "app/cli/table.h"
#include "base/time.h"

namespace tradewind::cli {

using backtest::Estimate;
using backtest::Sample;
using backtest::Summary;

namespace {

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", digits, value);
  return text;
}

std::string estimate_text(const Estimate& estimate) {
  if (estimate.runs == 0) return "-";
  if (!std::isfinite(estimate.half_width)) return fixed(estimate.mean, 3);
  return fixed(estimate.mean, 3) + " ±" + fixed(estimate.half_width, 3);
}

json::value finite(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

json::value estimate_json(const Estimate& estimate) {
  if (estimate.runs == 0) return nullptr;
  return json::object{{"runs", estimate.runs},
                      {"mean", estimate.mean},
                      {"deviation", estimate.deviation},
                      {"ci95", finite(estimate.half_width)},
                      {"worst", estimate.worst}};
}

std::vector<std::vector<Sample>> samples_by_policy(const std::vector<BacktestCase>& cases,
                                                   std::size_t policies, const BacktestResult& result) {
  std::vector<std::vector<Sample>> samples;
  for (std::size_t i = 0; i < policies; ++i) samples.push_back(samples_of(cases, result, i));
  return samples;
}

Table table_of(const std::vector<std::string>& policies) {
  Table table;
  table.columns = {{"CLASS"}, {"RUNS", Align::right}};
  for (const std::string& policy : policies) table.columns.push_back({policy, Align::right});
  return table;
}

Table ratio_table(const std::vector<std::string>& policies, const std::vector<std::vector<Sample>>& samples,
                  Estimate Summary::*which) {
  Table table = table_of(policies);
  for (const std::string& label : backtest::labels_of(samples.front())) {
    std::vector<Cell> row = {label.empty() ? "-" : label.c_str(), ""};
    for (const std::vector<Sample>& own : samples) {
      const Summary summary = summarise(own, label);
      row[1] = std::to_string(summary.runs);
      row.emplace_back(estimate_text(summary.*which), label == "ALL" ? Style::bold : Style::plain);
    }
    table.rows.push_back(std::move(row));
  }
  std::vector<Cell> worst = {"worst run", ""};
  for (const std::vector<Sample>& own : samples) {
    const Estimate all = summarise(own, "ALL").*which;
    worst.emplace_back(all.runs == 0 ? "-" : fixed(all.worst, 2));
  }
  table.rows.push_back(std::move(worst));
  return table;
}

void add_missed(Table& table, const std::vector<std::vector<Sample>>& samples) {
  std::vector<Cell> row = {"deadlines missed", ""};
  for (const std::vector<Sample>& own : samples) {
    const std::size_t missed = summarise(own, "ALL").missed;
    row.emplace_back(std::to_string(missed), missed == 0 ? Style::plain : Style::red);
  }
  table.rows.push_back(std::move(row));
}

json::object outcome_json(const backtest::Outcome& outcome) {
  return json::object{
      {"cost_usd", outcome.cost_usd},
      {"egress_usd", outcome.egress_usd},
      {"finished_s", outcome.finished ? json::value(outcome.finished_s) : json::value(nullptr)},
      {"missed", !outcome.finished},
      {"launches", outcome.launches},
      {"preemptions", outcome.preemptions}};
}

json::object case_json(const BacktestCase& one, const std::vector<std::string>& policies,
                       const CaseResult& result) {
  json::object outcomes;
  for (std::size_t i = 0; i < policies.size(); ++i) outcomes[policies[i]] = outcome_json(result.outcomes[i]);
  const bool known = result.optimum.feasible;
  return json::object{{"scenario", one.scenario->problem.id},
                      {"class", one.scenario->label},
                      {"shift_ticks", one.shift_ticks},
                      {"optimum_usd", known ? json::value(result.optimum.cost_usd) : json::value(nullptr)},
                      {"optimum_exact", known && result.optimum.exact},
                      {"on_demand_usd", result.on_demand_usd},
                      {"policies", std::move(outcomes)}};
}

json::object policy_json(const std::string& name, const std::vector<Sample>& samples) {
  json::object classes;
  for (const std::string& label : backtest::labels_of(samples)) {
    const Summary summary = summarise(samples, label);
    classes[label] = json::object{{"runs", summary.runs},
                                  {"missed", summary.missed},
                                  {"over_optimum", estimate_json(summary.over_optimum)},
                                  {"over_on_demand", estimate_json(summary.over_on_demand)}};
  }
  return json::object{{"name", name}, {"classes", std::move(classes)}};
}

}  // namespace

std::string backtest_tables(const std::vector<BacktestCase>& cases, const std::vector<std::string>& policies,
                            const BacktestResult& result, int width, bool colour) {
  const std::vector<std::vector<Sample>> samples = samples_by_policy(cases, policies.size(), result);
  std::string text;
  if (summarise(samples.front(), "ALL").over_optimum.runs > 0) {
    text += "cost / optimum: mean, and half of its 95 % confidence interval\n";
    text += render(ratio_table(policies, samples, &Summary::over_optimum), width, colour) + "\n";
  }
  Table on_demand = ratio_table(policies, samples, &Summary::over_on_demand);
  add_missed(on_demand, samples);
  return text + "cost / on-demand only\n" + render(on_demand, width, colour);
}

json::object backtest_json(const std::vector<BacktestCase>& cases, const std::vector<std::string>& policies,
                           const BacktestResult& result) {
  json::array by_policy;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    by_policy.push_back(policy_json(policies[i], samples_of(cases, result, i)));
  }
  json::array runs;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    if (result.cases[i]) runs.push_back(case_json(cases[i], policies, *result.cases[i]));
  }
  return json::object{{"policies", std::move(by_policy)},
                      {"runs", std::move(runs)},
                      {"decisions", result.decisions},
                      {"play_s", result.play_s},
                      {"optimum_s", result.optimum_s}};
}

std::vector<std::string> hopeless(const std::vector<BacktestCase>& cases) {
  std::vector<std::string> sentences;
  std::set<std::string_view> told;
  for (const BacktestCase& one : cases) {
    const policy::Problem& problem = one.scenario->problem;
    const double needed = problem.work_s + problem.cold_start_s;
    if (needed <= problem.deadline_s() || !told.insert(problem.id).second) continue;
    sentences.push_back(problem.id + ": on-demand cannot keep the deadline of " +
                        format_duration(duration_of_seconds(problem.deadline_s())) +
                        "; the earliest finish is after " + format_duration(duration_of_seconds(needed)));
  }
  return sentences;
}

}  // namespace tradewind::cli
