#include "app/api/pages.h"

#include <charconv>

#include "app/api/base64.h"
#include "app/api/json_list.h"
#include "app/api/json_text.h"

namespace tradewind::api {
namespace {

Result<LogSegment> log_segment_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  LogSegment segment{reader.id<LeaseTag>("lease"), static_cast<int>(reader.integer("attempt")),
                     read_count(reader, "number"), reader.text("data")};
  const std::string encoding = reader.text("encoding");
  TW_RETURN_IF_ERROR(reader.status());
  if (encoding == "base64") {
    TW_ASSIGN_OR_RETURN(segment.bytes, base64_decode(segment.bytes));
  }
  return segment;
}

Result<ProgressPoint> progress_point_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  ProgressPoint point;
  point.lease = reader.id<LeaseTag>("lease");
  point.attempt = static_cast<int>(reader.integer("attempt"));
  point.epoch = read_count(reader, "epoch");
  point.at = reader.optional_time("at");
  point.step = reader.number("step");
  point.total = reader.number_or("total", 0);
  point.metrics = read_numbers(reader, "metrics");
  point.saved = reader.boolean_or("saved", false);
  TW_RETURN_IF_ERROR(reader.status());
  return point;
}

Result<EventView> event_view_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  EventView event{read_count(reader, "sequence"), reader.time("at"), reader.text("kind"),
                  reader.text("subject"), reader.text("detail")};
  TW_RETURN_IF_ERROR(reader.status());
  return event;
}

}  // namespace

std::string cursor_text(const Cursor& cursor) {
  return std::to_string(cursor.attempt) + ":" + std::to_string(cursor.number);
}

Result<Cursor> parse_cursor(std::string_view text) {
  Cursor cursor;
  if (text.empty()) return cursor;
  const char* const end = text.data() + text.size();
  const auto [middle, first_problem] = std::from_chars(text.data(), end, cursor.attempt);
  const bool colon = first_problem == std::errc() && middle != end && *middle == ':' && cursor.attempt >= 0;
  if (colon) {
    const auto [last, problem] = std::from_chars(middle + 1, end, cursor.number);
    if (problem == std::errc() && last == end) return cursor;
  }
  return Error{Code::invalid_argument, "'" + std::string(text) + "' is not a place in a log",
               "hand back the `next` of the last answer, or leave `after` out"};
}

json::value to_json(const LogSegment& segment) {
  const bool text = is_utf8(segment.bytes);
  return json::object{{"lease", segment.lease.text()},
                      {"attempt", segment.attempt},
                      {"number", segment.number},
                      {"encoding", text ? "utf-8" : "base64"},
                      {"data", text ? segment.bytes : base64_encode(segment.bytes)}};
}

json::value to_json(const ProgressPoint& point) {
  return json::object{{"lease", point.lease.text()},
                      {"attempt", point.attempt},
                      {"epoch", point.epoch},
                      {"at", tradewind::to_json(point.at)},
                      {"step", number_to_json(point.step)},
                      {"total", number_to_json(point.total)},
                      {"metrics", tradewind::to_json(point.metrics)},
                      {"saved", point.saved}};
}

json::value to_json(const LogPage& page) {
  return json::object{{"segments", list_to_json(page.segments)}, {"next", page.next}, {"end", page.end}};
}

json::value to_json(const ProgressPage& page) {
  return json::object{{"points", list_to_json(page.points)}, {"next", page.next}, {"end", page.end}};
}

json::value to_json(const EventView& event) {
  return json::object{{"sequence", event.sequence},
                      {"at", tradewind::to_json(event.at)},
                      {"kind", event.kind},
                      {"subject", event.subject},
                      {"detail", event.detail}};
}

json::value to_json(const EventPage& page) {
  return json::object{{"events", list_to_json(page.events)}, {"next", page.next}};
}

Result<LogPage> log_page_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  LogPage page;
  page.segments = read_list<LogSegment>(reader, "segments", log_segment_from_json);
  page.next = reader.text("next");
  page.end = reader.boolean("end");
  TW_RETURN_IF_ERROR(reader.status());
  return page;
}

Result<ProgressPage> progress_page_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  ProgressPage page;
  page.points = read_list<ProgressPoint>(reader, "points", progress_point_from_json);
  page.next = reader.text("next");
  page.end = reader.boolean("end");
  TW_RETURN_IF_ERROR(reader.status());
  return page;
}

Result<EventPage> event_page_from_json(const json::value& value, const std::string& path) {
  JsonReader reader(value, path);
  EventPage page;
  page.events = read_list<EventView>(reader, "events", event_view_from_json);
  page.next = read_count(reader, "next");
  TW_RETURN_IF_ERROR(reader.status());
  return page;
}

}  // namespace tradewind::api
