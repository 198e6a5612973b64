#include "app/cli/bandwidth.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <thread>

#include "base/text.h"

namespace tradewind::cli {
namespace {

constexpr Duration look_every{100};

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

}  // namespace

Result<double> parse_bandwidth(const std::string& text) {
  double number = 0;
  const std::from_chars_result read = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest(read.ptr, static_cast<std::size_t>(text.data() + text.size() - read.ptr));
  const double bytes = read.ec == std::errc() ? number * unit_of(rest) : 0;
  if (std::isfinite(bytes) && bytes >= 1) return bytes;
  return Error{Code::invalid_argument, "'" + text + "' is no bandwidth",
               "write bytes in a second, such as 50M, 1.5G or 800k"};
}

Result<std::unique_ptr<objectstore::ByteRate>> bandwidth_of(const std::string& text, const Context& context) {
  if (text.empty()) return std::unique_ptr<objectstore::ByteRate>();
  TW_ASSIGN_OR_RETURN(const double bytes_per_s, parse_bandwidth(text));
  const auto wait = [&context](Duration span) {
    for (; span > Duration(0) && !context.interrupted; span -= look_every) {
      std::this_thread::sleep_for(std::min(span, look_every));
    }
    return !context.interrupted;
  };
  return std::make_unique<objectstore::ByteRate>(bytes_per_s, context.clock, wait);
}

}  // namespace tradewind::cli
