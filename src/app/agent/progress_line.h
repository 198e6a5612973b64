// One line of the file that $TRADEWIND_PROGRESS names: what a program says about itself. docs/agent.md shows
// the format to the authors of programs.
//   {"step": 12, "total": 500, "metrics": {"loss": 2.81}}
//   {"checkpoint": "saved", "step": 12}
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "base/time.h"

namespace tradewind::agent {

inline constexpr std::size_t progress_line_bytes_max = 64 << 10;
inline constexpr std::size_t metrics_max = 64;
inline constexpr std::size_t metric_name_bytes_max = 128;

struct StepLine {
  double step = 0;
  double total = 0;  // 0: not said
  std::map<std::string, double> metrics = {};
  bool operator==(const StepLine&) const = default;
};
// The checkpoint folder now holds a whole state.
struct SavedLine {
  std::optional<double> step;  // nothing: of the step reported last
  bool operator==(const SavedLine&) const = default;
};
using ProgressLine = std::variant<StepLine, SavedLine>;

// invalid_argument: no JSON object, no usable step, or a line that says neither. Members that are not known,
// metrics that are no finite numbers and metrics beyond the limits are left out, not errors. NaN and
// Infinity, which some JSON writers produce, are read as null.
Result<ProgressLine> parse_progress_line(std::string_view line);

// The same line as it goes into the mailbox: with "at", the agent's time, as its first member.
std::string stamp_progress_line(const ProgressLine& line, Time at);

}  // namespace tradewind::agent
