#include "base/utf8.h"

namespace tradewind {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

bool is_continuation(unsigned byte) {
  return (byte & 0xC0U) == 0x80U;
}

// REQUIRES: character_size(text, at) == size > 0
char32_t code_point(std::string_view text, std::size_t at, std::size_t size) {
  constexpr unsigned masks[] = {0, 0x7FU, 0x1FU, 0x0FU, 0x07U};
  char32_t point = byte_at(text, at) & masks[size];
  for (std::size_t i = 1; i < size; ++i) point = (point << 6U) | (byte_at(text, at + i) & 0x3FU);
  return point;
}

// The blocks that terminals draw two columns wide (Unicode's East_Asian_Width W and F, coarsely).
bool is_wide(char32_t point) {
  return (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF) ||
         (point >= 0xAC00 && point <= 0xD7A3) || (point >= 0xF900 && point <= 0xFAFF) ||
         (point >= 0xFE30 && point <= 0xFE6F) || (point >= 0xFF00 && point <= 0xFF60) ||
         (point >= 0xFFE0 && point <= 0xFFE6) || (point >= 0x1F300 && point <= 0x1FAFF) ||
         (point >= 0x20000 && point <= 0x3FFFD);
}

}  // namespace

std::size_t character_size(std::string_view text, std::size_t at) {
  const unsigned first = byte_at(text, at);
  const unsigned second = byte_at(text, at + 1);
  if (at >= text.size()) return 0;
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !is_continuation(second)) return 0;
  if (first < 0xE0) return 2;
  if (!is_continuation(byte_at(text, at + 2))) return 0;
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first < 0xF0) return 3;
  if (!is_continuation(byte_at(text, at + 3))) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return 4;
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(text, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

std::string make_utf8(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(text, at);
    out += size == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(at, size);
    at += size == 0 ? 1 : size;
  }
  return out;
}

int count_characters(std::string_view text) {
  int count = 0;
  for (std::size_t at = 0; at < text.size(); ++count) {
    const std::size_t size = character_size(text, at);
    at += size == 0 ? 1 : size;
  }
  return count;
}

int display_width(std::string_view text) {
  int width = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(text, at);
    width += size != 0 && is_wide(code_point(text, at, size)) ? 2 : 1;
    at += size == 0 ? 1 : size;
  }
  return width;
}

}  // namespace tradewind
