#include "core/task/task_error.h"

#include <algorithm>

#include "base/utf8.h"

namespace tradewind::task {
namespace {

constexpr int context_width = 100;  // a longer line is cut around the error

std::string place_of(const TaskError& error, std::string_view file_name) {
  std::string place(file_name);
  if (error.line > 0) place += ":" + std::to_string(error.line) + ":" + std::to_string(error.column);
  return place;
}

std::string_view line_of(std::string_view text, int line) {
  std::size_t start = 0;
  for (int i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n', start);
    if (end == std::string_view::npos) return {};
    start = end + 1;
  }
  std::string_view found = text.substr(start, text.find('\n', start) - start);
  if (!found.empty() && found.back() == '\r') found.remove_suffix(1);
  return found;
}

// The first `characters` characters of `text`.
std::string_view leading(std::string_view text, int characters) {
  std::size_t at = 0;
  for (int i = 0; i < characters && at < text.size(); ++i) {
    at += std::max<std::size_t>(1, character_size(text, at));
  }
  return text.substr(0, at);
}

// Tabs become one space, so that the caret below stands right; what a terminal would obey becomes '?'.
std::string shown(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_size(text, at);
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool c1_control = size == 2 && byte == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (byte == '\t') {
      out += ' ';
    } else if (size == 0 || byte < 0x20 || byte == 0x7F || c1_control) {
      out += '?';
    } else {
      out += text.substr(at, size);
    }
    at += std::max<std::size_t>(1, size);
  }
  return out;
}

void append_source(std::string& out, const TaskError& error, std::string_view yaml) {
  if (error.line <= 0) return;
  std::string_view line = line_of(yaml, error.line);
  int before = std::max(0, error.column - 1);
  if (before > context_width / 2) {
    const int cut = before - context_width / 2;
    line.remove_prefix(leading(line, cut).size());
    before -= cut;
  }
  line = leading(line, context_width);
  const std::string_view head = leading(line, before);
  const std::string_view marked = leading(line.substr(head.size()), std::max(1, error.length));
  const std::string number = std::to_string(error.line);
  const std::string margin(std::max<std::size_t>(5, number.size() + 1), ' ');
  out += margin.substr(number.size()) + number + " | " + shown(line) + "\n";
  out += margin + " | " + std::string(static_cast<std::size_t>(display_width(shown(head))), ' ') + '^';
  out += std::string(static_cast<std::size_t>(std::max(0, display_width(shown(marked)) - 1)), '~') + "\n";
}

}  // namespace

std::string describe(const TaskError& error, std::string_view file_name) {
  const std::string text = place_of(error, file_name) + ": " + shown(error.message);
  return error.hint.empty() ? text : text + " (" + shown(error.hint) + ")";
}

std::string render(const std::vector<TaskError>& errors, std::string_view file_name, std::string_view yaml) {
  std::string out;
  for (const TaskError& error : errors) {
    out += place_of(error, file_name) + ": " + shown(error.message) + "\n";
    append_source(out, error, yaml);
    if (!error.hint.empty()) out += "      = " + shown(error.hint) + "\n";
  }
  return out;
}

Error as_error(const std::vector<TaskError>& errors, std::string_view file_name) {
  if (errors.size() == 1) {
    const TaskError& only = errors.front();
    return {Code::invalid_argument, place_of(only, file_name) + ": " + shown(only.message), shown(only.hint)};
  }
  std::string message = std::to_string(errors.size()) + " errors in " + std::string(file_name);
  for (const TaskError& error : errors) message += "\n" + describe(error, file_name);
  return {Code::invalid_argument, message};
}

}  // namespace tradewind::task
