#include "base/time.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace tradewind {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Reads exactly `digits` digits at `at`; moves `at` on. -1 when they are not there.
int read_digits(std::string_view text, std::size_t& at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool read_char(std::string_view text, std::size_t& at, std::string_view allowed) {
  if (at >= text.size() || allowed.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

Error bad_time(std::string_view text) {
  return {Code::invalid_argument, "'" + std::string(text) + "' is not a time",
          "write 2026-11-24, or 2026-11-24T18:30:00Z"};
}

// ".5" and ".123456" to milliseconds, truncated.
int read_fraction_ms(std::string_view text, std::size_t& at) {
  if (at >= text.size() || text[at] != '.') return 0;
  ++at;
  int value = 0;
  int digits = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
    if (digits < 3) value = value * 10 + (text[at] - '0');
  }
  if (digits == 0) return -1;
  for (; digits < 3; ++digits) value *= 10;
  return value;
}

struct Unit {
  std::string_view name;
  double ms;
};
constexpr Unit units[] = {{"ms", 1},    {"s", 1e3},    {"m", 6e4},    {"min", 6e4},
                          {"h", 3.6e6}, {"d", 8.64e7}, {"w", 6.048e8}};

}  // namespace

Duration duration_of_seconds(double value) {
  return Duration(std::llround(value * 1000.0));
}

std::string format_utc(Time time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return buffer;
}

Result<Time> parse_utc(std::string_view text) {
  std::size_t at = 0;
  const int year = read_digits(text, at, 4);
  if (year < 0 || !read_char(text, at, "-")) return bad_time(text);
  const int month = read_digits(text, at, 2);
  if (month < 0 || !read_char(text, at, "-")) return bad_time(text);
  const int day = read_digits(text, at, 2);
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (day < 0 || !date.ok()) return bad_time(text);
  Time time = std::chrono::sys_days(date);
  if (at == text.size()) return time;
  if (!read_char(text, at, "Tt ")) return bad_time(text);
  const int hour = read_digits(text, at, 2);
  if (hour < 0 || hour > 23 || !read_char(text, at, ":")) return bad_time(text);
  const int minute = read_digits(text, at, 2);
  if (minute < 0 || minute > 59) return bad_time(text);
  int second = 0;
  if (read_char(text, at, ":")) second = read_digits(text, at, 2);
  if (second < 0 || second > 60) return bad_time(text);
  const int fraction = read_fraction_ms(text, at);
  if (fraction < 0) return bad_time(text);
  time += hours(hour) + minutes(minute) + seconds(second) + Duration(fraction);
  if (at == text.size()) return time;
  if (read_char(text, at, "Zz")) return at == text.size() ? Result<Time>(time) : Result<Time>(bad_time(text));
  const bool east = text[at] == '+';
  if (!read_char(text, at, "+-")) return bad_time(text);
  const int offset_hours = read_digits(text, at, 2);
  read_char(text, at, ":");
  const int offset_minutes = read_digits(text, at, 2);
  if (offset_hours < 0 || offset_minutes < 0 || at != text.size()) return bad_time(text);
  const auto offset = hours(offset_hours) + minutes(offset_minutes);
  return east ? time - offset : time + offset;
}

std::string format_duration(Duration span) {
  const bool negative = span.count() < 0;
  const std::int64_t ms = negative ? -span.count() : span.count();
  char buffer[64];
  if (ms < 1000) {
    std::snprintf(buffer, sizeof buffer, "%lldms", static_cast<long long>(ms));
  } else if (ms < 60'000) {
    std::snprintf(buffer, sizeof buffer, "%lld.%llds", static_cast<long long>(ms / 1000),
                  static_cast<long long>(ms / 100 % 10));
  } else if (ms < 3'600'000) {
    std::snprintf(buffer, sizeof buffer, "%lldm %02llds", static_cast<long long>(ms / 60'000),
                  static_cast<long long>(ms / 1000 % 60));
  } else if (ms < 86'400'000) {
    std::snprintf(buffer, sizeof buffer, "%lldh %02lldm", static_cast<long long>(ms / 3'600'000),
                  static_cast<long long>(ms / 60'000 % 60));
  } else {
    std::snprintf(buffer, sizeof buffer, "%lldd %lldh", static_cast<long long>(ms / 86'400'000),
                  static_cast<long long>(ms / 3'600'000 % 24));
  }
  return negative ? std::string("-") + buffer : std::string(buffer);
}

Result<Duration> parse_duration(std::string_view text) {
  const Error bad{Code::invalid_argument, "'" + std::string(text) + "' is not a duration",
                  "write 90s, 15m, 2h30m or 3d"};
  double total_ms = 0;
  std::string_view rest = text;
  if (rest.empty()) return bad;
  while (!rest.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc() || number < 0) return bad;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    std::size_t letters = 0;
    while (letters < rest.size() && rest[letters] >= 'a' && rest[letters] <= 'z') ++letters;
    const std::string_view name = rest.substr(0, letters);
    rest.remove_prefix(letters);
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    double ms = 0;
    if (name.empty() && rest.empty()) ms = 1e3;
    for (const Unit& unit : units) {
      if (unit.name == name) ms = unit.ms;
    }
    if (ms == 0) return bad;
    total_ms += number * ms;
  }
  if (!(total_ms < 9e15)) return bad;
  return Duration(std::llround(total_ms));
}

}  // namespace tradewind
