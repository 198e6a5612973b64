#include "core/model/stored_names.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace tradewind {

bool stays_below(std::string_view path) {
  if (path.empty() || path.find('\0') != std::string_view::npos) return false;
  return std::ranges::none_of(
      split(path, '/'), [](const std::string& part) { return part.empty() || part == "." || part == ".."; });
}

bool is_digest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace tradewind
