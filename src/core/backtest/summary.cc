#include "core/backtest/summary.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

namespace tradewind::backtest {
namespace {

constexpr std::string_view all = "ALL";

// The 97.5 % point of Student's t (NIST/SEMATECH e-Handbook, table 1.3.6.7.2), then its expansion in 1/df.
double t_point(std::size_t degrees) {
  constexpr std::array<double, 12> table = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447,
                                            2.365,  2.306, 2.262, 2.228, 2.201, 2.179};
  if (degrees == 0) return std::numeric_limits<double>::infinity();
  if (degrees <= table.size()) return table[degrees - 1];
  const auto n = static_cast<double>(degrees);
  return 1.96 + 2.372 / n + 2.82 / (n * n);
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double deviation_of(const std::vector<double>& values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double sum = 0;
  for (const double value : values) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

struct Ratio {
  std::string_view scenario;
  double value = 0;
};

Estimate estimate(const std::vector<Ratio>& ratios) {
  Estimate estimate;
  estimate.runs = ratios.size();
  if (ratios.empty()) return estimate;
  std::vector<double> values;
  std::map<std::string_view, std::vector<double>> by_scenario;
  for (const Ratio& ratio : ratios) {
    values.push_back(ratio.value);
    by_scenario[ratio.scenario].push_back(ratio.value);
  }
  estimate.mean = mean_of(values);
  estimate.deviation = deviation_of(values);
  estimate.worst = *std::ranges::max_element(values);
  std::vector<double> means;
  means.reserve(by_scenario.size());
  for (const auto& [scenario, own] : by_scenario) means.push_back(mean_of(own));
  const std::vector<double>& independent = means.size() > 1 ? means : values;
  const auto n = static_cast<double>(independent.size());
  estimate.half_width = independent.size() < 2
                            ? std::numeric_limits<double>::infinity()
                            : t_point(independent.size() - 1) * deviation_of(independent) / std::sqrt(n);
  return estimate;
}

}  // namespace

Summary summarise(const std::vector<Sample>& samples, std::string_view label) {
  Summary summary;
  std::vector<Ratio> over_optimum;
  std::vector<Ratio> over_on_demand;
  for (const Sample& sample : samples) {
    if (label != all && sample.label != label) continue;
    ++summary.runs;
    summary.missed += sample.missed ? 1 : 0;
    over_on_demand.push_back({sample.scenario, sample.cost_usd / sample.on_demand_usd});
    if (sample.optimum_usd > 0)
      over_optimum.push_back({sample.scenario, sample.cost_usd / sample.optimum_usd});
  }
  summary.over_optimum = estimate(over_optimum);
  summary.over_on_demand = estimate(over_on_demand);
  return summary;
}

std::vector<std::string> labels_of(const std::vector<Sample>& samples) {
  std::vector<std::string> labels;
  for (const Sample& sample : samples) {
    if (std::ranges::find(labels, sample.label) == labels.end()) labels.push_back(sample.label);
  }
  labels.emplace_back(all);
  return labels;
}

}  // namespace tradewind::backtest
