// A player in a world, from the first tick to the end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/backtest/run.h"

namespace tradewind::backtest {

// What was answered at a tick, where it was not `hold`.
struct Decision {
  int tick = 0;
  policy::Answer answer;
  bool ok = true;                       // of a launch: it succeeded
  double progress_s = 0;                // before it
  std::optional<policy::Holding> held;  // before it
  std::string reason = {};              // the player's, with its numbers
};

// How a job stood when a tick began.
struct Moment {
  std::optional<policy::Holding> held;  // while the tick ran
  bool preempted = false;               // when it began
  bool setting_up = false;              // all of the tick
  double progress_s = 0;
  double cost_usd = 0;
};

struct Played {
  Outcome outcome;
  int ticks = 0;                    // that were played
  std::vector<Decision> decisions;  // in order of ticks
  std::vector<Moment> moments;      // one to each tick that was played; empty unless asked for
};

enum class Keep { outcome, decisions, moments_too };

// Errors: those of Run::act, which a player that respects its sights never meets.
Result<Played> play(const World& world, policy::Player& player, Keep keep = Keep::decisions);

// The decision log of one run, JSON lines (docs/formats/decision-log.md).
std::string log_text(const policy::Problem& problem, const Played& played);

}  // namespace tradewind::backtest
