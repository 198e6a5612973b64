#include "app/server/progress_points.h"

#include <optional>

#include "app/api/json_text.h"
#include "base/text.h"

namespace tradewind::server {
namespace {

constexpr std::size_t line_bytes_max = std::size_t{1} << 20;
constexpr std::size_t page_bytes_max = std::size_t{8} << 20;

std::optional<api::ProgressPoint> point_of(const LeaseSegment& from, std::string_view line) {
  const Result<json::value> document = parse_json(line, line_bytes_max);
  if (!document.ok()) return std::nullopt;
  JsonReader reader(*document, "progress");
  api::ProgressPoint point;
  point.lease = from.lease;
  point.attempt = from.attempt;
  point.epoch = from.epoch;
  point.at = reader.optional_time("at");
  point.step = reader.number_or("step", 0);
  point.total = reader.number_or("total", 0);
  point.metrics = api::read_numbers(reader, "metrics");
  point.saved = reader.has("checkpoint");
  if (!reader.status().ok()) return std::nullopt;
  return point;
}

}  // namespace

std::vector<api::ProgressPoint> points_of(const std::vector<LeaseSegment>& segments) {
  std::vector<api::ProgressPoint> points;
  for (const LeaseSegment& each : segments) {
    for (const std::string& line : split(each.segment.bytes, '\n')) {
      if (trim(line).empty()) continue;
      if (std::optional<api::ProgressPoint> point = point_of(each, line)) points.push_back(*std::move(point));
    }
  }
  return points;
}

Result<std::vector<api::ProgressPoint>> all_points(const Serving& serving, const JobId& job) {
  std::vector<api::ProgressPoint> points;
  api::Cursor cursor;
  for (;;) {
    TW_ASSIGN_OR_RETURN(const SegmentPage page, read_segments(serving, job, LeaseId(), SegmentKind::progress,
                                                              cursor, page_bytes_max, true));
    std::vector<api::ProgressPoint> more = points_of(page.segments);
    points.insert(points.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    if (page.segments.empty()) return points;
    cursor = page.next;
  }
}

}  // namespace tradewind::server
