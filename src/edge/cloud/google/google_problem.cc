#include "edge/cloud/google/google_problem.h"

#include <algorithm>

#include "base/text.h"
#include "core/model/json.h"

namespace tradewind::cloud {
namespace {

constexpr std::size_t message_bytes_max = 500;
constexpr std::size_t answer_bytes_max = std::size_t{64} << 20;

// One line that a terminal can show, whatever came.
std::string first_line(std::string_view text) {
  text = trim(text);
  std::string line;
  for (const char c : text.substr(0, std::min(text.find_first_of("\r\n"), message_bytes_max))) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7F ? '?' : c;
  }
  return line;
}

// The member `reason` of the first object in the list `name` that has one.
std::string first_reason(JsonReader& reader, std::string_view name) {
  const json::value* list = reader.optional(name);
  if (list == nullptr || !list->is_array()) return "";
  for (const json::value& entry : list->get_array()) {
    if (!entry.is_object()) continue;
    JsonReader inner(entry, "");
    const std::string reason = inner.text_or("reason", "");
    if (!reason.empty()) return first_line(reason);
  }
  return "";
}

}  // namespace

GoogleProblem parse_google_problem(std::string_view body) {
  const Result<json::value> document = parse_json(body, answer_bytes_max);
  if (!document.ok()) {
    const std::string line = first_line(body);
    return {"", "", line.starts_with('<') || line.starts_with('{') ? "" : line};
  }
  JsonReader reader(*document, "");
  const json::value* error = reader.optional("error");
  if (error == nullptr || !error->is_object()) return {};
  JsonReader inner(*error, "");
  GoogleProblem made;
  made.reason = first_reason(inner, "errors");
  made.detail = first_reason(inner, "details");
  made.message = first_line(inner.text_or("message", ""));
  return made;
}

}  // namespace tradewind::cloud
