// One job of the real broker in a market that is given tick by tick: no call takes time, nothing is lost, and
// the job's place, set-up and work follow the rules of the fast backtest (docs/formats/scenario.md). What the
// broker decides there can be laid beside what the backtest decides.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/model/job.h"
#include "core/policy/player.h"
#include "core/scheduler/market.h"
#include "core/scheduler/working.h"

namespace tradewind::simulator {

struct MirrorSetup {
  JobSpec spec;  // with a deadline, and its work in units
  std::vector<Offer> offers;
  scheduler::Survey survey;
  std::map<std::string, scheduler::SupplierFacts> suppliers;
  Duration tick{60'000};
  // Between which ticks the control plane is ended and started again.
  std::set<int> restarts_before = {};
};

struct MirrorDecision {
  int tick = 0;
  std::string action;  // "launch", "stop"
  std::string zone;    // of a launch
  std::string purchase;
  bool ok = true;
  bool operator==(const MirrorDecision&) const = default;
};
std::string to_text(const MirrorDecision& decision);

struct Mirrored {
  std::vector<MirrorDecision> decisions;
  bool succeeded = false;
  double finished_s = 0;  // after submission
};

// The problem that the broker poses its policy for the job.
policy::Problem problem_of(const MirrorSetup& setup);

// up[zone][tick], zones as in problem_of(): spot can be had. Runs until the job ends or the problem's
// deadline.
Result<Mirrored> mirror(const MirrorSetup& setup, const std::vector<std::vector<std::uint8_t>>& up);

}  // namespace tradewind::simulator
