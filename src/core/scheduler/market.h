// Where a job may run: what the planner leaves of the suppliers' offers, with what a decision has to know of
// each.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/model/records.h"
#include "core/planner/queue_wait.h"

namespace tradewind::scheduler {

struct FeasibleOffer {
  Offer offer;
  double expected_usd = 0;  // of what is left of the job there; of an hour where its length is not known
  double work_s = 0;        // of what is left, undisturbed; 0: not known
  double sure_s = 0;        // the same, of which 95 of 100 runs stay below
  double start_s = 0;       // launch to the program's first second, without the queue
  double run_s = 0;         // launch to the end, without the queue, expected; 0: not known
  double run_sure_s = 0;    // of which 95 of 100 stay below
  planner::QueueWait queue = {};  // before the launch's effect
  std::size_t preference = 0;
};

struct Market {
  std::vector<FeasibleOffer> offers;  // by preference, then expected cost
  std::string why_none;               // where there are none
  std::uint64_t checkpoint_bytes = 0;
  double far_restore_bytes_per_s = 0;
  double interval_s =
      std::numeric_limits<double>::infinity();  // of progress between checkpoints; infinite: none
  // USD for the checkpoint's way. Empty: nothing.
  std::function<double(const Location& from, const Location& to, std::uint64_t bytes)> egress_usd = {};
};

struct SurveyQuestion {
  const JobRecord& job;
  std::span<const Offer> offers;
  Time now;
  bool whole = false;                             // the whole job, not what is left of it
  std::optional<Location> within = std::nullopt;  // only there (the target of a move)
  std::optional<Location> except = std::nullopt;  // not there (its source)
  std::optional<Location> checkpoint_at = std::nullopt;
  // Waits in queues that were seen to their end, by place; nullptr: none are known.
  const std::map<Location, std::vector<planner::QueueSample>>* queue_waits = nullptr;
  std::uint64_t checkpoint_bytes = 0;
};
using Survey = std::function<Market(const SurveyQuestion&)>;

}  // namespace tradewind::scheduler
