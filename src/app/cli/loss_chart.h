// The loss curve of a run as SVG, with the interruptions marked. Pure.
#pragma once

#include <string>
#include <vector>

#include "app/api/lease_view.h"
#include "app/api/move_view.h"
#include "app/api/pages.h"

namespace tradewind::cli {

struct LossChart {
  std::string title;
  std::string metric = "loss";
  std::vector<api::ProgressPoint> points;  // in order of leases and lines
  std::vector<api::LeaseView> leases;
  std::vector<api::MoveView> moves;
};

// One SVG 1.1 document that needs nothing from elsewhere. Steps go to the right, the metric goes up. What
// each place did has its colour; what was lost with a place and done again is drawn faintly; a line stands
// where the run changed places. invalid_argument: no point carries the metric.
Result<std::string> render_svg(const LossChart& chart);

}  // namespace tradewind::cli
