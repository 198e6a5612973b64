// Lists that grow while they are read: log segments, progress points, events. Each page ends in `next`, which
// the following request hands back as `after`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/time.h"
#include "core/model/json.h"

namespace tradewind::api {

// How far a job's segments have been read, over its leases in the order of their attempts: "2:17" is segment
// 17 of attempt 2. Empty text: the beginning.
struct Cursor {
  int attempt = 0;
  std::uint64_t number = 0;
  auto operator<=>(const Cursor&) const = default;
};
std::string cursor_text(const Cursor& cursor);
// invalid_argument on anything but the form above.
Result<Cursor> parse_cursor(std::string_view text);

// A piece of a job's output, in the order in which it was written. Bytes that are no UTF-8 travel in base64.
struct LogSegment {
  LeaseId lease;
  int attempt = 0;
  std::uint64_t number = 0;
  std::string bytes;
  bool operator==(const LogSegment&) const = default;
};
struct LogPage {
  std::vector<LogSegment> segments;
  std::string next;
  bool end = false;  // the job is over and all has been read
  bool operator==(const LogPage&) const = default;
};

// One line that the program wrote about its progress.
struct ProgressPoint {
  LeaseId lease;
  int attempt = 0;
  std::uint64_t epoch = 0;
  std::optional<Time> at;  // the agent's clock
  double step = 0;
  double total = 0;  // 0: not said
  std::map<std::string, double> metrics = {};
  bool saved = false;  // the line said that a checkpoint of `step` lies ready
  bool operator==(const ProgressPoint&) const = default;
};
struct ProgressPage {
  std::vector<ProgressPoint> points;
  std::string next;
  bool end = false;
  bool operator==(const ProgressPage&) const = default;
};

struct EventView {
  std::uint64_t sequence = 0;
  Time at;
  std::string kind;
  std::string subject;
  std::string detail;
  bool operator==(const EventView&) const = default;
};
struct EventPage {
  std::vector<EventView> events;
  std::uint64_t next = 0;
  bool operator==(const EventPage&) const = default;
};

json::value to_json(const LogSegment& segment);
json::value to_json(const LogPage& page);
json::value to_json(const ProgressPoint& point);
json::value to_json(const ProgressPage& page);
json::value to_json(const EventView& event);
json::value to_json(const EventPage& page);
Result<LogPage> log_page_from_json(const json::value& value, const std::string& path);
Result<ProgressPage> progress_page_from_json(const json::value& value, const std::string& path);
Result<EventPage> event_page_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind::api
