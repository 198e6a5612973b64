// Reading and writing JSON documents: the one place that knows Boost.JSON's parser settings.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/id.h"
#include "base/money.h"
#include "base/result.h"
#include "base/time.h"

namespace tradewind {

namespace json = boost::json;

// One JSON document, at most `max_bytes` long and 64 levels deep, nothing after it. invalid_argument
// otherwise, with the byte offset.
Result<json::value> parse_json(std::string_view text, std::size_t max_bytes = std::size_t{64} << 20);
// One value off the front of `text`, which then begins behind it. The same errors.
Result<json::value> take_json(std::string_view& text);
std::string to_text(const json::value& value);    // on one line
std::string to_pretty(const json::value& value);  // two-space indent, ends in a newline

// Reads the members of one object. The first thing wrong is kept with its path ("leases[2].offer.region is
// missing") and every later call returns a default, so a reader reads straight down and asks `status()` once.
class JsonReader {
 public:
  // `path` names the value in errors. A value that is no object is the first error.
  JsonReader(const json::value& value, std::string path);

  std::string text(std::string_view key);
  std::int64_t integer(std::string_view key);
  double number(std::string_view key);
  bool boolean(std::string_view key);
  Time time(std::string_view key);         // RFC 3339 text
  Duration seconds(std::string_view key);  // a number of seconds
  Money money(std::string_view key);       // {"amount":"3.06","currency":"USD"}
  template <class Tag>
  Id<Tag> id(std::string_view key) {
    return Id<Tag>(text(key));
  }
  // The value itself. Null when the key is missing (an error).
  const json::value& value(std::string_view key);
  const json::array& array(std::string_view key);
  // nullptr when the key is missing or null: not an error.
  const json::value* optional(std::string_view key);
  bool has(std::string_view key) { return optional(key) != nullptr; }
  std::string text_or(std::string_view key, std::string fallback);
  std::int64_t integer_or(std::string_view key, std::int64_t fallback);
  double number_or(std::string_view key, double fallback);
  bool boolean_or(std::string_view key, bool fallback);
  std::optional<Time> optional_time(std::string_view key);
  std::optional<Duration> optional_seconds(std::string_view key);
  std::optional<Money> optional_money(std::string_view key);
  std::vector<std::string> texts_or_empty(std::string_view key);
  // An object's numbers; what is none, or no object, is left out.
  std::map<std::string, double> numbers_or_empty(std::string_view key);

  // Notes that the member is not one of what is allowed, or takes over a nested reader's error.
  void fail(std::string_view key, std::string_view problem);
  void merge(const Status& nested);
  const std::string& path() const { return path_; }
  std::string path_of(std::string_view key) const;
  Status status() const;

 private:
  const json::value* find(std::string_view key, bool required);
  const json::object* object_ = nullptr;
  std::string path_;
  std::optional<Error> error_;
};

json::value to_json(Money money);
json::value to_json(Time time);
json::value to_json(Duration span);  // seconds, as a number
json::value to_json(const std::map<std::string, double>& numbers);
template <class T>
json::value to_json(const std::optional<T>& value) {
  return value ? json::value(to_json(*value)) : json::value(nullptr);
}
json::array to_json(const std::vector<std::string>& texts);

}  // namespace tradewind
