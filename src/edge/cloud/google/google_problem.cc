#include "edge/cloud/google/google_problem.h"

#include <algorithm>

#include "base/text.h"
#include "core/model/json.h"
#include "edge/cloud/one_line.h"

namespace tradewind::cloud {
namespace {

constexpr std::size_t answer_bytes_max = std::size_t{64} << 20;

// The member `reason` of the first object in the list `name` that has one.
std::string first_reason(JsonReader& reader, std::string_view name) {
  const json::value* list = reader.optional(name);
  if (list == nullptr || !list->is_array()) return "";
  for (const json::value& entry : list->get_array()) {
    if (!entry.is_object()) continue;
    JsonReader inner(entry, "");
    const std::string reason = inner.text_or("reason", "");
    if (!reason.empty()) return one_line(reason);
  }
  return "";
}

}  // namespace

GoogleProblem parse_google_problem(std::string_view body) {
  const Result<json::value> document = parse_json(body, answer_bytes_max);
  if (!document.ok()) {
    const std::string line = one_line(body);
    return {"", "", line.starts_with('<') || line.starts_with('{') ? "" : line};
  }
  JsonReader reader(*document, "");
  const json::value* error = reader.optional("error");
  if (error == nullptr || !error->is_object()) return {};
  JsonReader inner(*error, "");
  GoogleProblem made;
  made.reason = first_reason(inner, "errors");
  made.detail = first_reason(inner, "details");
  made.message = one_line(inner.text_or("message", ""));
  return made;
}

}  // namespace tradewind::cloud
