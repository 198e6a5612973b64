#include "core/model/json.h"

#include <cmath>
#include <utility>

namespace tradewind {
namespace {

const json::value null_value;
const json::array empty_array;

}  // namespace

JsonReader::JsonReader(const json::value& value, std::string path) : path_(std::move(path)) {
  if (value.is_object()) {
    object_ = &value.get_object();
  } else {
    error_ = Error{Code::invalid_argument, path_ + " is not a JSON object"};
  }
}

std::string JsonReader::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

void JsonReader::fail(std::string_view key, std::string_view problem) {
  if (!error_) error_ = Error{Code::invalid_argument, path_of(key) + " " + std::string(problem)};
}

void JsonReader::merge(const Status& nested) {
  if (!error_ && !nested.ok()) error_ = nested.error();
}

Status JsonReader::status() const {
  return error_ ? Status(*error_) : Status();
}

const json::value* JsonReader::find(std::string_view key, bool required) {
  if (object_ == nullptr) return nullptr;
  const json::value* value = object_->if_contains(key);
  if (value != nullptr && value->is_null()) value = nullptr;
  if (value == nullptr && required) fail(key, "is missing");
  return value;
}

const json::value& JsonReader::value(std::string_view key) {
  const json::value* found = find(key, true);
  return found == nullptr ? null_value : *found;
}

const json::value* JsonReader::optional(std::string_view key) {
  return find(key, false);
}

const json::array& JsonReader::array(std::string_view key) {
  const json::value* found = find(key, true);
  if (found == nullptr) return empty_array;
  if (!found->is_array()) {
    fail(key, "is not an array");
    return empty_array;
  }
  return found->get_array();
}

std::string JsonReader::text(std::string_view key) {
  const json::value* found = find(key, true);
  if (found == nullptr) return {};
  if (!found->is_string()) {
    fail(key, "is not a string");
    return {};
  }
  return std::string(found->get_string());
}

std::int64_t JsonReader::integer(std::string_view key) {
  const json::value* found = find(key, true);
  if (found == nullptr) return 0;
  json::error_code error;
  const auto number = found->is_number() ? found->to_number<std::int64_t>(error) : 0;
  if (!found->is_number() || error) fail(key, "is not a whole number");
  return error ? 0 : number;
}

double JsonReader::number(std::string_view key) {
  const json::value* found = find(key, true);
  if (found == nullptr) return 0;
  if (!found->is_number()) {
    fail(key, "is not a number");
    return 0;
  }
  return found->to_number<double>();
}

bool JsonReader::boolean(std::string_view key) {
  const json::value* found = find(key, true);
  if (found == nullptr) return false;
  if (!found->is_bool()) {
    fail(key, "is not true or false");
    return false;
  }
  return found->get_bool();
}

Time JsonReader::time(std::string_view key) {
  const std::string written = text(key);
  if (error_) return {};
  const Result<Time> time = parse_utc(written);
  if (!time.ok()) fail(key, "is not a time: '" + written + "'");
  return time.value_or({});
}

Duration JsonReader::seconds(std::string_view key) {
  const double count = number(key);
  if (!(std::fabs(count) < 9e12)) {
    fail(key, "is out of range");
    return {};
  }
  return duration_of_seconds(count);
}

Money JsonReader::money(std::string_view key) {
  const json::value& found = value(key);
  if (found.is_null()) return {};
  JsonReader reader(found, path_of(key));
  const std::string amount = reader.text("amount");
  const std::string code = reader.text("currency");
  merge(reader.status());
  if (error_) return {};
  const Result<Currency> currency = Currency::parse(code);
  const Result<Money> money = Money::parse(amount, currency.value_or({}));
  if (!currency.ok() || !money.ok()) fail(key, "is not an amount of money");
  return money.value_or({});
}

std::string JsonReader::text_or(std::string_view key, std::string fallback) {
  return has(key) ? text(key) : std::move(fallback);
}
std::int64_t JsonReader::integer_or(std::string_view key, std::int64_t fallback) {
  return has(key) ? integer(key) : fallback;
}
double JsonReader::number_or(std::string_view key, double fallback) {
  return has(key) ? number(key) : fallback;
}
bool JsonReader::boolean_or(std::string_view key, bool fallback) {
  return has(key) ? boolean(key) : fallback;
}
std::optional<Time> JsonReader::optional_time(std::string_view key) {
  return has(key) ? std::optional(time(key)) : std::nullopt;
}
std::optional<Duration> JsonReader::optional_seconds(std::string_view key) {
  return has(key) ? std::optional(seconds(key)) : std::nullopt;
}
std::optional<Money> JsonReader::optional_money(std::string_view key) {
  return has(key) ? std::optional(money(key)) : std::nullopt;
}

std::map<std::string, double> JsonReader::numbers_or_empty(std::string_view key) {
  std::map<std::string, double> numbers;
  const json::value* value = optional(key);
  if (value == nullptr || !value->is_object()) return numbers;
  for (const json::key_value_pair& member : value->get_object()) {
    if (member.value().is_number()) numbers[member.key()] = member.value().to_number<double>();
  }
  return numbers;
}

std::vector<std::string> JsonReader::texts_or_empty(std::string_view key) {
  std::vector<std::string> texts;
  if (!has(key)) return texts;
  for (const json::value& element : array(key)) {
    if (!element.is_string()) {
      fail(key, "has an element that is not a string");
      return {};
    }
    texts.emplace_back(element.get_string());
  }
  return texts;
}

json::value to_json(Money money) {
  return json::object{{"amount", money.decimal()}, {"currency", money.currency().text()}};
}
json::value to_json(Time time) {
  return json::value(format_utc(time));
}
json::value to_json(const std::map<std::string, double>& numbers) {
  json::object object;
  for (const auto& [name, value] : numbers) object[name] = value;
  return object;
}

json::value to_json(Duration span) {
  if (span.count() % 1000 == 0) return span.count() / 1000;
  return seconds_of(span);
}
json::array to_json(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

}  // namespace tradewind
