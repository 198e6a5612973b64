// What the best play would have cost, had the whole future been known.
#pragma once

#include "core/backtest/run.h"

namespace tradewind::backtest {

struct Optimum {
  // False: no play ends in time, or the programme would need more than 2 GiB (spans that have no common
  // divisor, over very many ticks).
  bool feasible = false;
  double cost_usd = 0;
  // Progress lies on a grid of this many seconds. Where every span of the problem is a whole number of them,
  // the cost is that of a best play; else set-ups are rounded down, and the cost is a lower bound.
  bool exact = false;
  int grid_s = 0;
};

enum class Losses {
  as_ruled,  // a preemption takes progress back to a multiple of the checkpoint interval
  none,      // as if all progress were saved at once: a lower bound of the above
};

// The least cost of any sequence of answers that ends in time. Exact dynamic programming over tick, effective
// progress and what is held; effective progress is progress less the set-up still to run, since an instance
// that is given up within its set-up only cost money. With a checkpoint interval the programme forgets a
// checkpoint that a willing release wrote between two multiples, so that it may lie slightly above the truth;
// Losses::none is below it. Time: linear in ticks, zones, and the progress that can be reached at a tick
// without missing the deadline.
Optimum optimum(const World& world, Losses losses = Losses::as_ruled);

}  // namespace tradewind::backtest
