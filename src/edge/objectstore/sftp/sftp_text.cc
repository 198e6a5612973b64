#include "edge/objectstore/sftp/sftp_text.h"

#include "base/utf8.h"

namespace tradewind::objectstore {

std::string printable(std::string_view text, std::size_t bytes_max) {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(text, at);
    const std::string_view character = text.substr(at, size == 0 ? 1 : size);
    at += character.size();
    const auto first = static_cast<unsigned char>(character.front());
    const bool blank = character == " " || character == "\n" || character == "\r" || character == "\t";
    // U+0080 to U+009F steer terminals too.
    const bool control =
        first < 0x20 || first == 0x7F ||
        (first == 0xC2 && character.size() == 2 && static_cast<unsigned char>(character[1]) < 0xA0);
    if (blank && (shown.empty() || shown.back() == ' ')) continue;
    if (shown.size() + character.size() > bytes_max) return shown + "…";
    shown += blank ? std::string_view(" ") : size == 0 || control ? std::string_view("?") : character;
  }
  while (shown.ends_with(' ')) shown.pop_back();
  return shown;
}

}  // namespace tradewind::objectstore
