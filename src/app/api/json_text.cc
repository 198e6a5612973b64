#include "app/api/json_text.h"

#include <cmath>

namespace tradewind::api {

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value number_to_json(double number) {
  if (std::floor(number) == number && std::fabs(number) < 9e15) return static_cast<std::int64_t>(number);
  return number;
}

std::map<std::string, double> read_numbers(JsonReader& reader, std::string_view key) {
  std::map<std::string, double> numbers;
  const json::value* value = reader.optional(key);
  if (value == nullptr) return numbers;
  JsonReader inner(*value, reader.path_of(key));
  if (value->is_object()) {
    for (const auto& member : value->get_object()) numbers[member.key()] = inner.number(member.key());
  }
  reader.merge(inner.status());
  return numbers;
}

std::uint64_t read_count(JsonReader& reader, std::string_view key) {
  const std::int64_t value = reader.integer_or(key, 0);
  if (value < 0) reader.fail(key, "is negative");
  return static_cast<std::uint64_t>(value < 0 ? 0 : value);
}

}  // namespace tradewind::api
