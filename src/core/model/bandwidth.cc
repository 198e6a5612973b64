#include "core/model/bandwidth.h"

#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace tradewind {
namespace {

// What stands behind the number: "", "k", "MiB", "G/s". Zero: no unit.
double unit_of(std::string_view text) {
  if (text.ends_with("/s")) text.remove_suffix(2);
  const std::string unit = lower(text);
  constexpr std::string_view letters = "kmgt";
  if (unit.empty() || unit == "b") return 1;
  const std::size_t power = letters.find(unit[0]);
  const std::string rest = unit.substr(1);
  if (power == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) return 0;
  return std::pow(1024.0, static_cast<double>(power + 1));
}

// "08:05": 485.
std::optional<int> minute_of(const std::string& text) {
  int hours = 0;
  int minutes = 0;
  const bool formed =
      text.size() == 5 && text[2] == ':' && text.find_first_not_of("0123456789:") == std::string::npos;
  if (!formed) return std::nullopt;
  std::from_chars(text.data(), text.data() + 2, hours);
  std::from_chars(text.data() + 3, text.data() + 5, minutes);
  if (hours > 23 || minutes > 59) return std::nullopt;
  return hours * 60 + minutes;
}

}  // namespace

Result<double> parse_bandwidth(const std::string& text) {
  if (text == "off") return std::numeric_limits<double>::infinity();
  if (text == "pause") return 0.0;
  double number = 0;
  const std::from_chars_result read = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest(read.ptr, static_cast<std::size_t>(text.data() + text.size() - read.ptr));
  const double bytes = read.ec == std::errc() ? number * unit_of(rest) : 0;
  if (std::isfinite(bytes) && bytes >= 1) return bytes;
  return Error{Code::invalid_argument, "'" + text + "' is no bandwidth",
               "write bytes in a second, such as 50M, 1.5G or 800k; off for no limit, or pause"};
}

Result<BandwidthTable> BandwidthTable::parse(const std::string& text) {
  BandwidthTable table;
  for (const std::string& entry : split(text, ' ')) {
    if (entry.empty()) continue;
    const std::size_t comma = entry.find(',');
    const std::optional<int> from = comma == std::string::npos ? 0 : minute_of(entry.substr(0, comma));
    TW_ASSIGN_OR_RETURN(const double limit,
                        parse_bandwidth(comma == std::string::npos ? entry : entry.substr(comma + 1)));
    if (!from) {
      return Error{Code::invalid_argument, "'" + entry + "' begins with no time of the day",
                   "write it as 08:00,512k"};
    }
    if (!table.from_.emplace(*from, limit).second) {
      return Error{Code::invalid_argument, "'" + text + "' has two limits for one time"};
    }
  }
  if (!table.from_.empty()) return table;
  return Error{Code::invalid_argument, "'" + text + "' is no bandwidth",
               "write 50M, or 08:00,512k 19:00,off"};
}

double BandwidthTable::at(int minute_of_day) const {
  const auto next = from_.upper_bound(minute_of_day);
  return next == from_.begin() ? from_.rbegin()->second : std::prev(next)->second;
}

}  // namespace tradewind
