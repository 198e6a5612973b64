// What the output goes to: a person's terminal, or a file and a pipe.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tradewind::cli {

struct Terminal {
  bool out_is_tty = false;
  bool err_is_tty = false;
  bool colour = false;  // on stdout
  bool err_colour = false;
  int width = 0;   // columns; 0: no limit
  int height = 0;  // lines; 0: not known
};

enum class ColourWish { automatic, always, never };

// Asks the system about stdout and stderr. Colour: on a terminal, unless NO_COLOR is set to anything
// (no-color.org) or TERM is "dumb"; a wish is stronger. COLUMNS overrides the terminal's width.
Terminal detect_terminal(const std::function<std::optional<std::string>(const std::string&)>& environment,
                         ColourWish wish);

enum class Style { plain, bold, dim, red, green, yellow, blue, cyan };
// With `colour` the text between the codes that begin and end the style (ECMA-48), else the text as it is.
std::string paint(Style style, std::string_view text, bool colour);

}  // namespace tradewind::cli
