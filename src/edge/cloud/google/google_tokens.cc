#include "edge/cloud/google/google_tokens.h"

#include <algorithm>

#include "base/text.h"
#include "edge/cloud/google/google_problem.h"
#include "edge/cloud/json_numbers.h"
#include "edge/cloud/retry.h"
#include "edge/cloud/service_address.h"
#include "edge/io/hash.h"

namespace tradewind::cloud {
namespace {

constexpr std::size_t answer_bytes_max = std::size_t{1} << 20;

Result<io::HttpResponse> post(const GoogleLookup& look, std::string_view url, std::string_view named_by,
                              std::vector<io::HttpHeader> headers, std::string body) {
  TW_ASSIGN_OR_RETURN(ServiceAddress address, parse_service_address(url, named_by));
  if (!address.endpoint.tls && !is_loopback(address.endpoint)) {
    return Error{Code::unauthorized,
                 std::string(named_by) + " leads to " + address.endpoint.host + " without TLS",
                 "use https: secrets go there"};
  }
  Result<io::HttpResponse> answer = look.http.send(
      address.endpoint, {"POST", address.target, std::move(headers), std::move(body)}, google_patience);
  // Nobody listening there now is no reason to give up either.
  if (!answer.ok() && answer.error().code == Code::not_found) {
    return Error{Code::unavailable, answer.error().message, answer.error().hint};
  }
  return answer;
}

}  // namespace

Result<io::HttpResponse> send_google_form(const GoogleLookup& look, std::string_view url,
                                          std::string_view named_by, const Query& form,
                                          std::vector<io::HttpHeader> headers) {
  headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  return post(look, url, named_by, std::move(headers), canonical_query(form));
}

Result<io::HttpResponse> send_google_json(const GoogleLookup& look, std::string_view url,
                                          std::string_view named_by, const json::value& body,
                                          std::vector<io::HttpHeader> headers) {
  headers.push_back({"Content-Type", "application/json"});
  return post(look, url, named_by, std::move(headers), to_text(body));
}

io::HttpHeader google_basic_header(std::string_view id, std::string_view secret) {
  return {"Authorization", "Basic " + io::base64(std::string(id) + ":" + std::string(secret))};
}

std::string google_refusal_text(const io::HttpResponse& answer) {
  const GoogleProblem problem = parse_google_problem(answer.body);
  const Result<json::value> document = parse_json(answer.body, answer_bytes_max);
  std::string said = problem.message;
  if (document.ok() && said.empty()) {
    JsonReader reader(*document, "");
    said = reader.text_or("error", "");
    const std::string sentence = reader.text_or("error_description", "");
    if (!sentence.empty()) said += (said.empty() ? "" : ": ") + sentence;
    said = said.substr(0, std::min<std::size_t>(said.find_first_of("\r\n"), 300));
  }
  return said.empty() ? "status " + std::to_string(answer.status) : said;
}

Error google_refusal(const io::HttpResponse& answer, const std::string& who, const std::string& cure) {
  const bool passes = status_passes(answer.status);
  return {passes ? Code::unavailable : Code::unauthorized,
          "Google gives " + who + " no token: " + google_refusal_text(answer), passes ? "" : cure};
}

Result<GoogleToken> google_token_of(const GoogleLookup& look, std::string_view body, const std::string& who) {
  const Error none{Code::corrupt, "the answer to " + who + " holds no token"};
  const Result<json::value> document = parse_json(body, answer_bytes_max);
  if (!document.ok()) return none;
  JsonReader reader(*document, who);
  const std::string token = reader.text_or("access_token", "");
  const std::optional<std::int64_t> left = whole_number(reader, "expires_in");
  if (token.empty() || !reader.status().ok()) return none;
  // One of unknown length is asked for anew before long.
  const bool known = left && *left > 0 && *left < 1'000'000;
  return GoogleToken{token, look.clock.now() + std::chrono::seconds(known ? *left : 600)};
}

}  // namespace tradewind::cloud
