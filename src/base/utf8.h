// UTF-8: checking it, mending it, and counting its characters.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tradewind {

// Length in bytes of the character at `at`: 1 to 4. 0 when it is not well-formed UTF-8 (RFC 3629: no overlong
// forms, no surrogates, nothing above U+10FFFF).
std::size_t character_size(std::string_view text, std::size_t at);

bool is_utf8(std::string_view text);
// Each byte that is no UTF-8 replaced by U+FFFD.
std::string make_utf8(std::string_view text);

// Number of characters; a byte that is none counts as one.
int count_characters(std::string_view text);

// Columns that the text takes on a terminal: 2 for East Asian wide characters, 1 for all others.
int display_width(std::string_view text);

}  // namespace tradewind
