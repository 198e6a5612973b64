// What was seen of a zone's spot capacity, tick by tick: the document of docs/formats/trace.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/json.h"

namespace tradewind::traces {

// So many ticks in a row with the same number of nodes.
struct Stretch {
  int nodes = 0;
  std::int64_t ticks = 0;
  bool operator==(const Stretch&) const = default;
};

struct Trace {
  std::string id;
  std::string kind;  // "availability": asked by a probe; "preemption": the life of held nodes; "synthetic"
  std::string provider;
  std::string zone;
  std::string instance;
  std::string started_on;  // a date, or empty
  std::string source;      // where it is from, in words; or empty
  int nodes = 1;           // as many as were asked for
  double tick_s = 0;
  std::vector<Stretch> runs;  // nodes that could run, from the first tick on

  std::int64_t ticks() const;
  bool operator==(const Trace&) const = default;
};

// More ticks than this are refused: a century of minutes.
inline constexpr std::int64_t ticks_max = 60'000'000;

// Errors: invalid_argument with the path of the member that is missing or wrong, as "runs[3] …".
Result<Trace> trace_from_json(const json::value& document);
json::value to_json(const Trace& trace);
// What keeps a trace from being used: no tick, a value beyond `nodes`, a tick length that is not positive.
Status check(const Trace& trace);

// Joins neighbours of the same value, drops empty ones.
void append(std::vector<Stretch>& runs, int nodes, std::int64_t ticks);

// Whether `nodes` could run, for `count` ticks of `tick_s` seconds from the trace's tick `first` on. A tick
// counts as up only when every tick of the trace that it covers is, in part or whole: with another length
// than the trace's this is the careful reading. invalid_argument when the trace ends earlier.
Result<std::vector<std::uint8_t>> availability(const Trace& trace, int nodes, std::int64_t first,
                                               std::int64_t count, double tick_s);

}  // namespace tradewind::traces
