// Other people's traces: lists of numbers, as JSON or CSV.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/traces/trace.h"

namespace tradewind::traces {

// What a larger number means. Public repositories differ, so it has to be said.
enum class Polarity {
  available,    // so many nodes could run
  unavailable,  // 1 = could NOT run; of n nodes, n less the number could
};
// What stands in for ticks that a list has no entry for.
enum class Gaps {
  refuse,
  down,  // not available
};

struct ImportOptions {
  std::string id;
  std::string provider = {};
  std::string zone = {};
  std::string instance = {};
  std::optional<Polarity> polarity = std::nullopt;
  std::optional<double> tick_s = std::nullopt;  // else as the list says
  int nodes = 1;
  Gaps gaps = Gaps::refuse;
};

// A trace from text:
//   - a trace document: read as it is; only a polarity of `available`, or none, is allowed
//   - JSON: [1, 0, 1, …], or an object with `data`: such a list, and perhaps `metadata`: {"gap_seconds": …};
//   null is a gap
//   - CSV: one value a line, or time and value, time being seconds or RFC 3339; a first line of names is
//   passed over. Times
//     that leave ticks out are gaps; such that go back or come twice are refused. An empty value is a gap.
// Errors: invalid_argument with the line or element, what is wrong, and the cure.
Result<Trace> import_trace(std::string_view text, const ImportOptions& options);

// time_s,nodes, one line a tick.
std::string export_csv(const Trace& trace);

}  // namespace tradewind::traces
