#include "app/api/error_body.h"

namespace tradewind::api {

json::value error_body(const Error& error) {
  return json::object{
      {"error", json::object{{"code", to_text(error.code)},
                             {"message", error.message},
                             {"hint", error.hint.empty() ? json::value(nullptr) : json::value(error.hint)}}}};
}

Error error_from_body(int http_status, std::string_view body) {
  Error unreadable{Code::internal, "the server answered with status " + std::to_string(http_status) +
                                       " and without an explanation"};
  const Result<json::value> document = parse_json(body);
  if (!document.ok()) return unreadable;
  JsonReader outer(*document, "answer");
  JsonReader reader(outer.value("error"), "answer.error");
  const std::optional<Code> code = code_from_text(reader.text("code"));
  Error error{code.value_or(Code::internal), reader.text("message"), reader.text_or("hint", "")};
  return outer.status().ok() && reader.status().ok() && code ? error : unreadable;
}

int http_status_of(Code code) {
  switch (code) {
    case Code::invalid_argument:
      return 400;
    case Code::unauthorized:
      return 401;
    case Code::quota_exceeded:
      return 403;
    case Code::not_found:
      return 404;
    case Code::conflict:
    case Code::fenced:
    case Code::cancelled:
      return 409;
    case Code::rate_limited:
      return 429;
    case Code::unavailable:
    case Code::insufficient_capacity:
      return 503;
    case Code::corrupt:
    case Code::internal:
      return 500;
  }
  return 500;
}

}  // namespace tradewind::api
