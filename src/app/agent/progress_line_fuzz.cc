// Any bytes: a line is read or refused, and what is read survives the way through the mailbox.
#include <cmath>
#include <cstdlib>

#include "app/agent/progress_line.h"

using namespace tradewind;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<agent::ProgressLine> line = agent::parse_progress_line(text);
  if (!line.ok()) return line.error().code == Code::invalid_argument ? 0 : (std::abort(), 0);
  if (const auto* step = std::get_if<agent::StepLine>(&*line)) {
    if (!std::isfinite(step->step) || step->step < 0 || step->metrics.size() > agent::metrics_max)
      std::abort();
  }
  const std::string stamped = agent::stamp_progress_line(*line, Time{});
  if (stamped.size() > agent::progress_line_bytes_max) return 0;  // escapes may lengthen it
  const Result<agent::ProgressLine> again = agent::parse_progress_line(stamped);
  if (!again.ok() || !(*again == *line)) std::abort();
  return 0;
}
