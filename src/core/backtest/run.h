// The rules of a spot market, tick by tick: what is true in it (World) and one job that is played in it
// (Run).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/policy/player.h"

namespace tradewind::backtest {

// The truth of one scenario.
struct World {
  policy::Problem problem;
  std::string label;                          // the class that tables group by
  std::vector<std::vector<std::uint8_t>> up;  // [zone][tick]: spot can be had
  std::vector<std::vector<double>> spot_per_h;
};

struct Outcome {
  bool finished = false;
  double finished_s = 0;  // of finished
  double cost_usd = 0;    // with the penalty of a missed deadline
  double egress_usd = 0;
  int launches = 0;
  int preemptions = 0;
  double progress_s = 0;
};

// One job in one world: look(), then act(), once a tick, until done().
//
// A tick: a held spot instance whose zone is down is gone, unbilled, and progress falls back to the
// checkpoint; the player answers; what is held is billed for the tick and makes progress once its set-up has
// run. A launch that succeeds releases what was held, and a willing release writes a checkpoint first.
class Run {
 public:
  explicit Run(const World& world);
  bool done() const { return done_; }
  int tick() const { return sight_.tick; }
  const policy::Sight& look() const { return sight_; }
  // Applies the answer and runs the tick. invalid_argument when the rules do not allow it: an unknown zone,
  // or spot asked for where it was shown not to be had.
  Status act(const policy::Answer& answer);
  Outcome outcome() const;

 private:
  void begin_tick();
  void show_capacity();
  void release();
  void start(policy::Holding what);
  void work();
  const World& world_;
  policy::Sight sight_;
  double egress_usd_ = 0;
  double finished_s_ = -1;
  int launches_ = 0;
  int preemptions_ = 0;
  bool done_ = false;
};

}  // namespace tradewind::backtest
