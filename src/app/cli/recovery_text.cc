#include "app/cli/recovery_text.h"

#include <algorithm>

#include "app/api/checkpoint_list.h"
#include "app/api/json_list.h"
#include "app/cli/connect.h"
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

Result<std::vector<RecoveryPoint>> ask_for_recovery(ApiClient& client, const std::string& job) {
  TW_ASSIGN_OR_RETURN(const json::value document, client.get(job_target(job, "/recovery")));
  JsonReader reader(document, "answer");
  std::vector<RecoveryPoint> points =
      api::read_list<RecoveryPoint>(reader, "recovery", api::recovery_point_from_json);
  TW_RETURN_IF_ERROR(reader.status());
  return points;
}

std::string recovery_text(const std::vector<RecoveryPoint>& points, Time now) {
  std::string text;
  for (const RecoveryPoint& point : points) {
    text += (text.empty() ? "recovery point: " : "          copy: ") + state_of(point, now) + ", in " +
            printable(point.store_url) + "\n";
  }
  return text;
}

}  // namespace tradewind::cli
