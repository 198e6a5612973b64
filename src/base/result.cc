#include "base/result.h"

#include <array>

namespace tradewind {
namespace {

constexpr std::array<std::string_view, 12> code_names = {
    "insufficient_capacity", "quota_exceeded", "rate_limited", "unauthorized", "not_found", "conflict",
    "invalid_argument",      "unavailable",    "corrupt",      "fenced",       "cancelled", "internal"};

}  // namespace

std::string_view to_text(Code code) {
  return code_names[static_cast<std::size_t>(code)];
}

std::optional<Code> code_from_text(std::string_view text) {
  for (std::size_t i = 0; i < code_names.size(); ++i) {
    if (code_names[i] == text) return static_cast<Code>(i);
  }
  return std::nullopt;
}

std::string describe(const Error& error) {
  return error.hint.empty() ? error.message : error.message + " (" + error.hint + ")";
}

}  // namespace tradewind
