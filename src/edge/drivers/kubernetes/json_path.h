// Reading what may be missing out of the server's objects: most of their members are optional.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "core/model/json.h"

namespace tradewind::kubernetes {

// nullptr where a part is missing, or lies in something that is no object.
inline const json::value* find(const json::value& from, std::initializer_list<std::string_view> path) {
  const json::value* at = &from;
  for (const std::string_view part : path) {
    const json::object* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains(part);
    if (at == nullptr) return nullptr;
  }
  return at;
}

// An object would be copied into a value that does not live on.
const json::value* find(const json::object& from, std::initializer_list<std::string_view> path) = delete;

// Empty where there is no such text.
inline std::string text_at(const json::value& from, std::initializer_list<std::string_view> path) {
  const json::value* found = find(from, path);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}

inline std::int64_t number_at(const json::value& from, std::initializer_list<std::string_view> path) {
  const json::value* found = find(from, path);
  return found != nullptr && found->is_int64() ? found->as_int64() : 0;
}

inline bool true_at(const json::value& from, std::initializer_list<std::string_view> path) {
  const json::value* found = find(from, path);
  return found != nullptr && found->is_bool() && found->as_bool();
}

// Empty where there is no such list. The list lives as long as `from`.
inline const json::array& list_at(const json::value& from, std::initializer_list<std::string_view> path) {
  static const json::array none;
  const json::value* found = find(from, path);
  return found != nullptr && found->is_array() ? found->as_array() : none;
}

const json::array& list_at(const json::object& from, std::initializer_list<std::string_view> path) = delete;

inline std::optional<Time> time_at(const json::value& from, std::initializer_list<std::string_view> path) {
  const Result<Time> time = parse_utc(text_at(from, path));
  return time.ok() ? std::optional(*time) : std::nullopt;
}

// The condition of that type whose status is "True"; nullptr: it does not hold.
inline const json::value* condition(const json::value& object, std::string_view type) {
  for (const json::value& each : list_at(object, {"status", "conditions"})) {
    if (text_at(each, {"type"}) == type && text_at(each, {"status"}) == "True") return &each;
  }
  return nullptr;
}

const json::value* condition(const json::object& object, std::string_view type) = delete;

}  // namespace tradewind::kubernetes
