// Small markets whose outcomes can be computed by hand.
#pragma once

#include <string>
#include <vector>

#include "core/backtest/run.h"

namespace tradewind::backtest {

struct TinyMarket {
  double tick_s = 100;
  double work_s = 300;
  double cold_start_s = 50;
  double checkpoint_gb = 0;
  double transfer_s = 0;
  double checkpoint_interval_s = 0;
  double egress_usd_per_gb = 0;
  policy::Info info = policy::Info::all;
  std::vector<double> on_demand = {36};  // a cent a second
  std::vector<double> spot = {3.6};
  std::string regions = {};  // a letter to each zone; empty: one region
};

// One text of 0 and 1 to each zone, one figure to each tick. Zones are z0, z1, …
World tiny_world(const std::vector<std::string>& up, const TinyMarket& market = {});

}  // namespace tradewind::backtest
