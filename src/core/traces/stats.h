// What a trace says of a zone: how often it is up, for how long, and with whom it falls.
#pragma once

#include <optional>
#include <vector>

#include "core/traces/trace.h"

namespace tradewind::traces {

// Losses of capacity of some age.
struct AgeBand {
  double from_s = 0;
  double to_s = 0;          // infinite for the last
  double observed_s = 0;    // time spent up at that age
  std::int64_t losses = 0;  // of capacity of that age
  // Losses an hour; nothing where no capacity of that age was seen.
  std::optional<double> hazard_per_h() const;
};

struct TraceStats {
  double observed_s = 0;
  double share_up = 0;
  std::int64_t losses = 0;
  std::int64_t recoveries = 0;
  // Time up by losses, time down by recoveries: spells that the trace cuts off count with what was seen of
  // them. Nothing when none ended.
  std::optional<double> mean_up_s;
  std::optional<double> mean_down_s;
  // Shape of the Weibull law that the spells follow, by maximum likelihood: below 1, the hazard falls with
  // age. Spells that the trace cuts off count as lasting longer. Nothing for fewer than shape_spells_min.
  std::optional<double> up_shape;
  std::optional<double> down_shape;
  double longest_up_s = 0;
  double longest_down_s = 0;
  std::vector<AgeBand> by_age;
};

inline constexpr std::int64_t shape_spells_min = 8;

// `nodes`: a zone is up when so many could run.
TraceStats stats_of(const Trace& trace, int nodes);

// Of being up at the same time: Pearson's r over the ticks that both have, read with the longer of both tick
// lengths. Nothing when one of them never changes.
std::optional<double> correlation(const Trace& a, const Trace& b, int nodes);

}  // namespace tradewind::traces
