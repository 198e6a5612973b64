// Points and spans of time. Times are UTC; both count whole milliseconds.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tradewind {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Duration>;

constexpr double seconds_of(Duration span) {
  return static_cast<double>(span.count()) / 1000.0;
}
// Rounds to the nearest millisecond.
Duration duration_of_seconds(double seconds);

// "2026-11-24T01:52:07.125Z" (RFC 3339, always three fraction digits).
std::string format_utc(Time time);
// Reads what format_utc writes, and RFC 3339 with fewer fraction digits, an offset, or a date alone.
Result<Time> parse_utc(std::string_view text);

// Two largest units: "2d 4h", "1h 02m", "3m 20s", "12.5s", "80ms".
std::string format_duration(Duration span);
// "90" (seconds), "90s", "15m", "2h30m", "1.5h", "3d", "250ms", "1w". invalid_argument on anything else.
Result<Duration> parse_duration(std::string_view text);

}  // namespace tradewind
