#include "edge/cloud/one_line.h"

#include <algorithm>

#include "base/text.h"

namespace tradewind::cloud {

std::string one_line(std::string_view text) {
  constexpr std::size_t bytes_max = 500;
  text = trim(text);
  std::string line;
  for (const char c : text.substr(0, std::min(text.find_first_of("\r\n"), bytes_max))) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  return line;
}

}  // namespace tradewind::cloud
