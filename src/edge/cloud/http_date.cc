#include "edge/cloud/http_date.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace tradewind::cloud {
namespace {

constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

}  // namespace

std::optional<Time> parse_http_date(std::string_view text) {
  const std::string copy(text.substr(0, 40));
  std::array<char, 4> name{};
  int day = 0;
  int year = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  // NOLINTNEXTLINE(cert-err34-c): the ranges are checked below
  if (std::sscanf(copy.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, name.data(), &year, &hour, &minute,
                  &second) != 6) {
    return std::nullopt;
  }
  for (unsigned month = 0; month < months.size(); ++month) {
    if (months[month] != name.data()) continue;
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month + 1),
                                           std::chrono::day(static_cast<unsigned>(day))};
    const bool in_range = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
    if (!date.ok() || !in_range) return std::nullopt;
    return Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second);
  }
  return std::nullopt;
}

std::string format_http_date(Time time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  const auto two = [](auto number) {
    const std::string text = std::to_string(number);
    return text.size() < 2 ? "0" + text : text;
  };
  return std::string(weekdays[std::chrono::weekday(day).c_encoding()]) + ", " +
         two(static_cast<unsigned>(date.day())) + " " +
         std::string(months[static_cast<unsigned>(date.month()) - 1]) + " " +
         std::to_string(static_cast<int>(date.year())) + " " + two(clock.hours().count()) + ":" +
         two(clock.minutes().count()) + ":" + two(clock.seconds().count()) + " GMT";
}

std::optional<Duration> server_ahead(const std::vector<io::HttpHeader>& headers, Time now) {
  const std::optional<Time> theirs = parse_http_date(io::header_of(headers, "Date"));
  return theirs ? std::optional<Duration>(*theirs - now) : std::nullopt;
}

}  // namespace tradewind::cloud
