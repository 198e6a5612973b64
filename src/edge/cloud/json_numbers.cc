#include "edge/cloud/json_numbers.h"

#include <charconv>

namespace tradewind::cloud {

std::optional<std::int64_t> whole_number(JsonReader& reader, std::string_view name) {
  const json::value* value = reader.optional(name);
  if (value == nullptr) return std::nullopt;
  if (value->is_int64()) return value->as_int64();
  if (!value->is_string()) return std::nullopt;
  const std::string_view text(value->as_string());
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace tradewind::cloud
