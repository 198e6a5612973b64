#include "app/api/pages.h"
#include "app/server/progress_points.h"
#include "app/server/segment_reader.h"
#include "app/server/serving.h"

namespace tradewind::server {
namespace {

constexpr std::size_t page_bytes_max = std::size_t{1} << 20;
// A live lease's store is asked at least this often, whatever its status says.
constexpr Duration thorough_every{2000};

// Waits (with wait_s) until there is something, or nothing more to come.
Result<SegmentPage> read_page(const Serving& serving, const Call& call, SegmentKind kind) {
  TW_ASSIGN_OR_RETURN(const JobId job, job_of(serving, call));
  TW_ASSIGN_OR_RETURN(const api::Cursor after, api::parse_cursor(call.text("after")));
  const LeaseId lease(call.text("lease"));
  SegmentPage page;
  std::optional<Duration> thorough_at;
  TW_RETURN_IF_ERROR(wait_until(serving, call, [&]() -> Result<bool> {
    const Duration now = serving.clock.monotonic();
    const bool thorough = !thorough_at || now - *thorough_at >= thorough_every;
    if (thorough) thorough_at = now;
    TW_ASSIGN_OR_RETURN(page, read_segments(serving, job, lease, kind, after, page_bytes_max, thorough));
    return !page.segments.empty() || page.end;
  }));
  return page;
}

Result<io::HttpResponse> logs(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(SegmentPage read, read_page(serving, call, SegmentKind::log));
  api::LogPage page;
  for (LeaseSegment& each : read.segments) {
    page.segments.push_back({each.lease, each.attempt, each.segment.number, std::move(each.segment.bytes)});
  }
  page.next = api::cursor_text(read.next);
  page.end = read.end;
  return json_response(200, to_json(page));
}

Result<io::HttpResponse> progress(const Serving& serving, const Call& call) {
  TW_ASSIGN_OR_RETURN(const SegmentPage read, read_page(serving, call, SegmentKind::progress));
  return json_response(
      200, to_json(api::ProgressPage{points_of(read.segments), api::cursor_text(read.next), read.end}));
}

}  // namespace

std::vector<Route> log_routes(const Serving& serving) {
  std::vector<Route> routes;
  routes.push_back(
      {"GET", "/v1/jobs/{id}/logs", [&serving](const Call& call) { return logs(serving, call); }});
  routes.push_back(
      {"GET", "/v1/jobs/{id}/progress", [&serving](const Call& call) { return progress(serving, call); }});
  return routes;
}

}  // namespace tradewind::server
