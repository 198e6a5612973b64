#include "app/cli/terminal.h"

#include <charconv>
#include <sys/ioctl.h>
#include <unistd.h>

namespace tradewind::cli {
namespace {

constexpr int usual_width = 80;

int width_of_stdout() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return usual_width;
}

int height_of_stdout() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

std::optional<int> number_in(const std::optional<std::string>& text) {
  int value = 0;
  if (!text) return std::nullopt;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (problem != std::errc() || end != text->data() + text->size() || value < 1) return std::nullopt;
  return value;
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::bold:
      return "\x1b[1m";
    case Style::dim:
      return "\x1b[2m";
    case Style::red:
      return "\x1b[31m";
    case Style::green:
      return "\x1b[32m";
    case Style::yellow:
      return "\x1b[33m";
    case Style::blue:
      return "\x1b[34m";
    case Style::cyan:
      return "\x1b[36m";
    case Style::plain:
      return "";
  }
  return "";
}

}  // namespace

Terminal detect_terminal(const std::function<std::optional<std::string>(const std::string&)>& environment,
                         ColourWish wish) {
  Terminal terminal;
  terminal.out_is_tty = ::isatty(STDOUT_FILENO) == 1;
  terminal.err_is_tty = ::isatty(STDERR_FILENO) == 1;
  const bool refused =
      !environment("NO_COLOR").value_or("").empty() || environment("TERM").value_or("") == "dumb";
  const bool wanted = wish == ColourWish::always || (wish == ColourWish::automatic && !refused);
  terminal.colour = wanted && (terminal.out_is_tty || wish == ColourWish::always);
  terminal.err_colour = wanted && (terminal.err_is_tty || wish == ColourWish::always);
  const std::optional<int> columns = number_in(environment("COLUMNS"));
  if (terminal.out_is_tty || columns) terminal.width = columns ? *columns : width_of_stdout();
  if (terminal.out_is_tty) terminal.height = height_of_stdout();
  return terminal;
}

std::string paint(Style style, std::string_view text, bool colour) {
  if (!colour || style == Style::plain || text.empty()) return std::string(text);
  return std::string(code_of(style)) + std::string(text) + "\x1b[0m";
}

}  // namespace tradewind::cli
