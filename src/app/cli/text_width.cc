#include "app/cli/text_width.h"

#include <array>
#include <cstdint>

#include "base/text.h"

namespace tradewind::cli {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};
constexpr std::array<Range, 14> wide = {{{0x1100, 0x115F},
                                         {0x231A, 0x231B},
                                         {0x2E80, 0x303E},
                                         {0x3041, 0x33FF},
                                         {0x3400, 0x4DBF},
                                         {0x4E00, 0x9FFF},
                                         {0xA000, 0xA4CF},
                                         {0xA960, 0xA97F},
                                         {0xAC00, 0xD7A3},
                                         {0xF900, 0xFAFF},
                                         {0xFE30, 0xFE6F},
                                         {0xFF00, 0xFF60},
                                         {0x1F300, 0x1FAFF},
                                         {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 6> without_width = {{{0x0300, 0x036F},
                                                 {0x1160, 0x11FF},
                                                 {0x200B, 0x200F},
                                                 {0x20D0, 0x20FF},
                                                 {0xFE00, 0xFE0F},
                                                 {0xFE20, 0xFE2F}}};

template <std::size_t n>
bool within(const std::array<Range, n>& ranges, char32_t c) {
  for (const Range& range : ranges) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

struct Glyph {
  std::size_t bytes;
  int width;
};

Glyph glyph_at(std::string_view text, std::size_t i) {
  const auto first = static_cast<unsigned char>(text[i]);
  const std::size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (first < 0x80 || length == 1 || i + length > text.size()) return {1, 1};
  char32_t c = first & (0xFFU >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) {
    const auto next = static_cast<unsigned char>(text[i + k]);
    if ((next & 0xC0U) != 0x80U) return {1, 1};
    c = c << 6 | (next & 0x3FU);
  }
  if (within(without_width, c)) return {length, 0};
  return {length, within(wide, c) ? 2 : 1};
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Glyph glyph = glyph_at(text, i);
    width += glyph.width;
    i += glyph.bytes;
  }
  return width;
}

std::string shorten(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  if (width < 1) return "";
  std::size_t i = 0;
  for (int used = 0; i < text.size();) {
    const Glyph glyph = glyph_at(text, i);
    if (used + glyph.width > width - 1) break;
    used += glyph.width;
    i += glyph.bytes;
  }
  return std::string(text.substr(0, i)) + "…";
}

std::string shorten_front(std::string_view text, int width) {
  int left = display_width(text);
  if (left <= width) return std::string(text);
  if (width < 1) return "";
  std::size_t i = 0;
  while (i < text.size() && left > width - 1) {
    const Glyph glyph = glyph_at(text, i);
    left -= glyph.width;
    i += glyph.bytes;
  }
  return "…" + std::string(text.substr(i));
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\t' || c == '\n') {
      out += ' ';
    } else {
      out += byte < 0x20 || byte == 0x7F ? '?' : c;
    }
  }
  return out;
}

std::string wrap(std::string_view text, int width, std::string_view indent) {
  std::string out;
  std::string line(indent);
  bool empty = true;
  for (const std::string& word : split(text, ' ')) {
    if (word.empty()) continue;
    if (!empty && width > 0 && display_width(line) + 1 + display_width(word) > width) {
      out += line + "\n";
      line = indent;
      empty = true;
    }
    line += (empty ? "" : " ") + word;
    empty = false;
  }
  return out + line + "\n";
}

}  // namespace tradewind::cli
