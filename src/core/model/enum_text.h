// Names of an enumeration's values, both ways, from one table.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace tradewind {

// REQUIRES: names[i] is the name of the value i.
template <class Enum, std::size_t n>
constexpr std::string_view enum_name(const std::array<std::string_view, n>& names, Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < n ? names[index] : std::string_view("unknown");
}

template <class Enum, std::size_t n>
constexpr std::optional<Enum> enum_value(const std::array<std::string_view, n>& names,
                                         std::string_view text) {
  for (std::size_t i = 0; i < n; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace tradewind
