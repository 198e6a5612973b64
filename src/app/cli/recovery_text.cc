#include "app/cli/recovery_text.h"

#include <algorithm>

#include "app/cli/progress_bar.h"
#include "app/cli/text_width.h"
#include "base/text.h"

namespace tradewind::cli {
namespace {

std::string state_of(const RecoveryPoint& point, Time now) {
  if (!point.problem.empty()) return "not known: " + printable(point.problem);
  if (!point.step) return "none";
  const Duration age = std::max(now - point.at.value_or(now), Duration(0));
  return "step " + short_number(*point.step) + ", " + format_duration(age) + " ago";
}

}  // namespace

std::string recovery_text(const std::vector<RecoveryPoint>& points, Time now) {
  std::string text;
  for (const RecoveryPoint& point : points) {
    text += (text.empty() ? "recovery point: " : "          copy: ") + state_of(point, now) + ", in " +
            printable(point.store_url) + "\n";
  }
  return text;
}

}  // namespace tradewind::cli
