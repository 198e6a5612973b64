#include "core/task/yaml_writer.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "base/utf8.h"
#include "core/task/reading.h"

namespace tradewind::task {
namespace {

constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

// Text that every YAML reader takes as itself without quotes: words, paths, places, "H100:8", "4+", "25 USD".
bool is_plain(std::string_view text) {
  const std::string first = std::string(letters_and_digits) + "_./$";
  const std::string later = first + "-+:@=, ";
  if (text.empty() || text.size() > 100 || first.find(text.front()) == std::string::npos) return false;
  if (text.find_first_not_of(later) != std::string_view::npos) return false;
  if (text.rfind("...", 0) == 0) return false;  // would end the document
  if (text.back() == ' ' || text.back() == ':' || text.find(": ") != std::string_view::npos) return false;
  // In a list written in brackets a comma would end it.
  if (text.find(',') != std::string_view::npos) return false;
  // What looks like a number, a time, a boolean or null to some reader is quoted.
  const bool starts_as_number = text.find_first_of("0123456789.") == 0;
  if (starts_as_number &&
      text.find_first_not_of("0123456789.-_:eExXoabcdfABCDFTZ ") == std::string_view::npos) {
    return false;
  }
  const std::string word = lower(text);
  for (const char* reserved : {"true", "false", "yes", "no", "on", "off", "y", "n", "null", ".inf", ".nan"}) {
    if (word == reserved) return false;
  }
  return true;
}

// The escape that a character needs in double quotes; nothing when it may stand as it is.
std::optional<std::string> escape_of(std::string_view character) {
  constexpr char digits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(character.back());
  const bool is_c1_control = character.size() == 2 && character.front() == '\xC2' && byte < 0xA0;
  if (character == "\"" || character == "\\") return "\\" + std::string(character);
  if (character == "\n") return "\\n";
  if (character == "\t") return "\\t";
  if ((character.size() == 1 && (byte < 0x20 || byte == 0x7F)) || is_c1_control) {
    return std::string("\\x") + digits[byte >> 4U] + digits[byte & 15U];
  }
  if (character == "\xE2\x80\xA8") return "\\L";  // line separator
  if (character == "\xE2\x80\xA9") return "\\P";  // paragraph separator
  if (character == "\xEF\xBB\xBF") return "\\uFEFF";
  return std::nullopt;
}

std::string_view character_at(std::string_view text, std::size_t at) {
  return text.substr(at, std::max<std::size_t>(1, character_size(text, at)));
}

// True when `|` or `|-` can hold the text: lines that a person typed, the first without blanks before it.
bool is_script(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.find_first_of(" \t\n") == 0) return false;
  if (text.size() > 1 && text.substr(text.size() - 2) == "\n\n") return false;
  for (std::size_t at = 0; at < text.size(); at += character_at(text, at).size()) {
    const std::string_view character = character_at(text, at);
    if (character.find_first_of("\"\\\n\t") == 0) continue;
    if (escape_of(character)) return false;
  }
  return true;
}

std::string double_quoted(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size(); at += character_at(text, at).size()) {
    const std::string_view character = character_at(text, at);
    out += escape_of(character).value_or(std::string(character));
  }
  return out + "\"";
}

// Without an exponent: as_written() takes digits, a point and a sign for a number, and all else for text.
std::string fixed_number(double value) {
  std::string text(400, '\0');
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  text.resize(static_cast<std::size_t>(end - text.data()));
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::string scalar(const json::value& value) {
  if (value.is_double()) return fixed_number(value.get_double());
  if (!value.is_string()) return to_text(value);
  const std::string_view text(value.get_string());
  return is_plain(text) ? std::string(text) : double_quoted(text);
}

std::string script(std::string_view text, const std::string& indent) {
  const bool ends_in_newline = text.back() == '\n';
  std::string out = ends_in_newline ? "|\n" : "|-\n";
  if (ends_in_newline) text.remove_suffix(1);
  for (const std::string& line : split(text, '\n')) out += (line.empty() ? "" : indent + line) + "\n";
  return out;
}

void write_object(std::string& out, const json::object& object, const std::string& indent,
                  bool first_is_inline);

// After "name:" or "-": a scalar on the same line, or a block below.
void write_value(std::string& out, const json::value& value, const std::string& indent, bool after_dash) {
  if (const json::object* object = value.if_object(); object != nullptr && !object->empty()) {
    out += after_dash ? " " : "\n";
    return write_object(out, *object, indent + "  ", after_dash);
  }
  if (const json::array* array = value.if_array(); array != nullptr && !array->empty()) {
    out += "\n";
    for (const json::value& item : *array) {
      out += indent + "  -";
      write_value(out, item, indent + "  ", true);
    }
    return;
  }
  const bool is_text = value.is_string();
  if (is_text && is_script(std::string_view(value.get_string()))) {
    out += " " + script(std::string_view(value.get_string()), indent + "  ");
  } else {
    out += " " + scalar(value) + "\n";
  }
}

void write_object(std::string& out, const json::object& object, const std::string& indent,
                  bool first_is_inline) {
  for (const auto& member : object) {
    out += first_is_inline ? "" : indent;
    first_is_inline = false;
    out += scalar(json::value(member.key())) + ":";
    write_value(out, member.value(), indent, false);
  }
}

}  // namespace

std::string write_yaml(const json::object& document) {
  if (document.empty()) return "{}\n";
  std::string out;
  write_object(out, document, "", false);
  return out;
}

}  // namespace tradewind::task
