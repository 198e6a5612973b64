// JSON text and back, exactly: a finite double is read as the very number that was written.
// (Boost.JSON 1.81's own parser is off by one unit in the last place for every sixth of them, and writes 8 as
// 8E0.)
#include <charconv>
#include <cmath>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_stack.hpp>

#include "base/utf8.h"
#include "core/model/json.h"

namespace tradewind {
namespace {

using TextView = json::string_view;

constexpr double whole_max = 9'007'199'254'740'992;  // 2^53: every whole number below is exact

// Builds the value from the parser's events. The names are those that basic_parser calls.
struct Builder {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  bool on_document_begin(json::error_code& /*error*/) { return true; }
  bool on_document_end(json::error_code& /*error*/) { return true; }
  bool on_object_begin(json::error_code& /*error*/) { return true; }
  bool on_object_end(std::size_t size, json::error_code& /*error*/) {
    stack.push_object(size);
    return true;
  }
  bool on_array_begin(json::error_code& /*error*/) { return true; }
  bool on_array_end(std::size_t size, json::error_code& /*error*/) {
    stack.push_array(size);
    return true;
  }
  bool on_key_part(TextView text, std::size_t /*size*/, json::error_code& /*error*/) {
    stack.push_chars(text);
    return true;
  }
  bool on_key(TextView text, std::size_t /*size*/, json::error_code& /*error*/) {
    stack.push_key(text);
    return true;
  }
  bool on_string_part(TextView text, std::size_t /*size*/, json::error_code& /*error*/) {
    stack.push_chars(text);
    return true;
  }
  bool on_string(TextView text, std::size_t /*size*/, json::error_code& /*error*/) {
    stack.push_string(text);
    return true;
  }
  bool on_number_part(TextView text, json::error_code& /*error*/) {
    number_part += text;
    return true;
  }
  bool on_int64(std::int64_t value, TextView /*text*/, json::error_code& /*error*/) {
    number_part.clear();
    stack.push_int64(value);
    return true;
  }
  bool on_uint64(std::uint64_t value, TextView /*text*/, json::error_code& /*error*/) {
    number_part.clear();
    stack.push_uint64(value);
    return true;
  }
  bool on_double(double value, TextView text, json::error_code& error) {
    number_part += text;
    double exact = 0;
    const char* const end = number_part.data() + number_part.size();
    const auto read = std::from_chars(number_part.data(), end, exact);
    if (read.ec == std::errc() && read.ptr == end) value = exact;
    number_part.clear();
    if (!std::isfinite(value)) {
      error = json::error::exponent_overflow;
      return false;
    }
    // 2.0 and 2e0 are the number 2: a value and what is read of its text are then of one kind.
    if (std::fabs(value) < whole_max && value == std::floor(value)) {
      stack.push_int64(static_cast<std::int64_t>(value));
    } else {
      stack.push_double(value);
    }
    return true;
  }
  bool on_bool(bool value, json::error_code& /*error*/) {
    stack.push_bool(value);
    return true;
  }
  bool on_null(json::error_code& /*error*/) {
    stack.push_null();
    return true;
  }
  bool on_comment_part(TextView /*text*/, json::error_code& /*error*/) { return true; }
  bool on_comment(TextView /*text*/, json::error_code& /*error*/) { return true; }

  json::value_stack stack;
  std::string number_part;
};

// Layout of what is written: nothing, or line breaks and two spaces a level.
class Writer {
 public:
  Writer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

  void write(const json::value& value, int depth) {
    if (const json::object* object = value.if_object()) return write_object(*object, depth);
    if (const json::array* array = value.if_array()) return write_array(*array, depth);
    if (value.is_double()) return write_double(value.get_double());
    if (value.is_string()) return write_string(std::string_view(value.get_string()));
    out_ += json::serialize(value);
  }

 private:
  void write_object(const json::object& object, int depth) {
    out_ += '{';
    bool first = true;
    for (const auto& member : object) {
      begin_item(first, depth + 1);
      write_string(std::string_view(member.key()));
      out_ += pretty_ ? ": " : ":";
      write(member.value(), depth + 1);
    }
    end_items(first, depth);
    out_ += '}';
  }
  void write_array(const json::array& array, int depth) {
    out_ += '[';
    bool first = true;
    for (const json::value& element : array) {
      begin_item(first, depth + 1);
      write(element, depth + 1);
    }
    end_items(first, depth);
    out_ += ']';
  }
  // Text from elsewhere (a program's message, cut in the midst of a character) may be no UTF-8. A reader
  // would refuse the whole document for it.
  void write_string(std::string_view text) {
    out_ += is_utf8(text) ? json::serialize(TextView(text)) : json::serialize(TextView(make_utf8(text)));
  }
  // The shortest text that reads back as the same number: 8, 0.6, 1e-07.
  void write_double(double value) {
    if (!std::isfinite(value)) {  // JSON has no word for these
      out_ += "null";
      return;
    }
    if (value == 0) value = 0;  // a zero has no sign: "-0" would be read as a whole number
    char buffer[32];
    const std::string_view text(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
    out_ += text;
    // Digits alone would be read as a whole number, and not as the same kind.
    const bool is_digits = text.find_first_of(".e") == std::string_view::npos;
    if (is_digits && std::fabs(value) >= whole_max) out_ += ".0";
  }
  void begin_item(bool& first, int depth) {
    if (!first) out_ += ',';
    first = false;
    if (pretty_) new_line(depth);
  }
  void end_items(bool empty, int depth) {
    if (pretty_ && !empty) new_line(depth);
  }
  void new_line(int depth) {
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
  }
  std::string& out_;
  bool pretty_;
};

}  // namespace

Result<json::value> parse_json(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return Error{Code::invalid_argument, "JSON document of " + std::to_string(text.size()) +
                                             " bytes is longer than the " + std::to_string(max_bytes) +
                                             " that are read"};
  }
  std::string_view rest = text;
  TW_ASSIGN_OR_RETURN(json::value value, take_json(rest));
  const std::size_t end = text.size() - rest.size();
  if (text.find_first_not_of(" \t\r\n", end) == std::string_view::npos) return value;
  return Error{Code::invalid_argument, "not JSON at byte " + std::to_string(end) + ": text after the end"};
}

Result<json::value> take_json(std::string_view& text) {
  json::parse_options options;
  options.max_depth = 64;
  json::basic_parser<Builder> parser(options);
  parser.handler().stack.reset();
  json::error_code error;
  const std::size_t consumed = parser.write_some(false, text.data(), text.size(), error);
  if (error) {
    return Error{Code::invalid_argument,
                 "not JSON at byte " + std::to_string(consumed) + ": " + error.message()};
  }
  text.remove_prefix(consumed);
  return parser.handler().stack.release();
}

std::string to_text(const json::value& value) {
  std::string out;
  Writer(out, false).write(value, 0);
  return out;
}

std::string to_pretty(const json::value& value) {
  std::string out;
  Writer(out, true).write(value, 0);
  out += '\n';
  return out;
}

}  // namespace tradewind
