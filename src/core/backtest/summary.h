// Many runs in a few figures.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tradewind::backtest {

// One policy in one world.
struct Sample {
  std::string scenario;  // its id: runs of one scenario at several times are not independent
  std::string label;     // its class
  double cost_usd = 0;
  double optimum_usd = 0;  // 0: no play ends in time
  double on_demand_usd = 0;
  bool missed = false;
};

struct Estimate {
  std::size_t runs = 0;
  double mean = 0;
  double deviation = 0;  // standard deviation of the runs
  double half_width =
      0;  // of the mean's 95 % confidence interval, by Student's t over the means of scenarios (over the
          // runs, where there is one scenario); infinite when there is but one of them
  double worst = 0;
};

struct Summary {
  Estimate over_optimum;  // cost / optimum, where there is an optimum
  Estimate over_on_demand;
  std::size_t runs = 0;
  std::size_t missed = 0;
};

// Of the samples of one class; of all for the label "ALL".
Summary summarise(const std::vector<Sample>& samples, std::string_view label);
// Classes in the order in which they come first, then "ALL".
std::vector<std::string> labels_of(const std::vector<Sample>& samples);

}  // namespace tradewind::backtest
