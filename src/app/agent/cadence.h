// How often a job is worth saving. Pure.
#pragma once

#include <optional>

#include "base/time.h"

namespace tradewind::agent {

struct CadenceInput {
  std::optional<Duration> asked = std::nullopt;  // the user's own interval
  Duration pause{};            // what one save costs the program, as measured; zero: unknown
  Duration upload{};           // from capture to commit, as measured; zero: unknown
  double hazard_per_hour = 0;  // interruptions an hour that this place sees; 0: unknown
  std::optional<Duration> notice_lead = std::nullopt;  // warning that an interruption gives; nothing: none
};

// Time between two saves. What the user asked for, at least one second; otherwise the first-order optimum
// sqrt(2 C M) of Young (CACM 17, 1974) and Daly (FGCS 22, 2006), with C the pause and M the mean time between
// interruptions that come without enough warning to save. At least ten seconds and twice the upload, so that
// uploads do not pile up; at most half an hour.
Duration save_interval(const CadenceInput& input);

}  // namespace tradewind::agent
