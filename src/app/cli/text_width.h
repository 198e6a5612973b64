// How many columns text takes on a terminal, and text made to fit.
#pragma once

#include <string>
#include <string_view>

namespace tradewind::cli {

// Columns: 2 for East Asian wide characters and emoji, 0 for combining marks, 1 else (Unicode 15, UAX #11,
// the wide ranges that occur). A byte that is no UTF-8 counts as one.
int display_width(std::string_view text);

// The beginning of the text in at most `width` columns, ending in "…" where something was left out.
std::string shorten(std::string_view text, int width);
// The same from the end: "…/harbour".
std::string shorten_front(std::string_view text, int width);

// Without control characters (each becomes '?'; tab and newline become blanks), so that a name from elsewhere
// cannot steer the terminal.
std::string printable(std::string_view text);

// Lines of at most `width` columns, broken at blanks.
std::string wrap(std::string_view text, int width, std::string_view indent);

}  // namespace tradewind::cli
