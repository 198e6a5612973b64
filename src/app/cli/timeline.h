// Runs of policies in one market as pictures: zones up and down, what was held, progress against the
// deadline, money. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/backtest/optimum.h"
#include "core/backtest/play.h"

namespace tradewind::cli {

struct TimelineRun {
  std::string policy;
  backtest::Played played;  // with its moments
};

struct Timeline {
  backtest::World world;
  std::optional<backtest::Optimum> optimum;
  std::vector<TimelineRun> runs;
};

// One SVG 1.1 document that needs nothing from elsewhere, a panel to each run below the other.
std::string timeline_svg(const Timeline& timeline);
// One page that needs nothing from elsewhere: a table of the runs, their pictures, and every decision.
std::string timeline_html(const Timeline& timeline);

}  // namespace tradewind::cli
