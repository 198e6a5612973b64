#include "edge/cloud/exchange_record.h"

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>

#include "base/text.h"

namespace tradewind::cloud {
namespace {

constexpr std::string_view removed = "(removed)";

// By their last word, whatever its case: what is named so is shown to nobody. ClientToken and NextToken are
// none.
bool is_secret(std::string_view name) {
  constexpr std::array<std::string_view, 16> endings = {
      "secretaccesskey", "sessiontoken", "securitytoken", "accesstoken",     "refreshtoken",    "idtoken",
      "subjecttoken",    "password",     "clientsecret",  "userdata",        "clientassertion", "privatekey",
      "apikey",          "assertion",    "signature",     "webidentitytoken"};
  std::string plain;
  for (const char c : lower(name)) {
    if (c != '_' && c != '-') plain += c;
  }
  return plain == "sig" || plain == "customdata" ||
         std::ranges::any_of(endings, [&](std::string_view end) { return plain.ends_with(end); });
}

bool is_secret_header(std::string_view name) {
  constexpr std::array<std::string_view, 6> names = {
      "authorization", "x-amz-security-token", "x-identity-header", "x-auth-token", "cookie", "set-cookie"};
  return std::ranges::find(names, lower(name)) != names.end();
}

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.';
}

// Where the value ends that begins at `from`, by what stands between it and its name; npos: it is no value.
std::size_t value_end(std::string_view text, std::size_t& from) {
  if (from >= text.size()) return std::string_view::npos;
  if (text[from] == '=') {  // a form's
    ++from;
    return std::min(text.find_first_of("& \t\r\n\"'<", from), text.size());
  }
  if (text[from] == '>') {  // XML's, up to the tag that follows
    ++from;
    return std::min(text.find('<', from), text.size());
  }
  if (text[from] != '"') return std::string_view::npos;
  std::size_t at = text.find_first_not_of(" \t\r\n", from + 1);
  if (at == std::string_view::npos || text[at] != ':') return std::string_view::npos;
  at = text.find_first_not_of(" \t\r\n", at + 1);
  if (at == std::string_view::npos || text[at] != '"') return std::string_view::npos;
  from = at + 1;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i;
    }
  }
  return text.size();
}

json::array to_json(const std::vector<io::HttpHeader>& headers) {
  json::array made;
  for (const io::HttpHeader& header : headers) made.push_back(json::array{header.name, header.value});
  return made;
}

std::vector<io::HttpHeader> headers_of(const json::value* list) {
  std::vector<io::HttpHeader> made;
  if (list == nullptr || !list->is_array()) return made;
  for (const json::value& pair : list->get_array()) {
    const bool sound = pair.is_array() && pair.get_array().size() == 2 && pair.get_array()[0].is_string() &&
                       pair.get_array()[1].is_string();
    if (sound)
      made.push_back(
          {std::string(pair.get_array()[0].get_string()), std::string(pair.get_array()[1].get_string())});
  }
  return made;
}

}  // namespace

bool Exchange::operator==(const Exchange& other) const {
  return endpoint == other.endpoint && request.method == other.request.method &&
         request.target == other.request.target && request.headers == other.request.headers &&
         body_of(request) == body_of(other.request) && response.status == other.response.status &&
         response.headers == other.response.headers && response.body == other.response.body;
}

json::value to_json(const Exchange& exchange) {
  return json::object{{"endpoint", exchange.endpoint},
                      {"request", json::object{{"method", exchange.request.method},
                                               {"target", exchange.request.target},
                                               {"headers", to_json(exchange.request.headers)},
                                               {"body", std::string(body_of(exchange.request))}}},
                      {"response", json::object{{"status", exchange.response.status},
                                                {"headers", to_json(exchange.response.headers)},
                                                {"body", exchange.response.body}}}};
}

Result<Exchange> exchange_from_json(const json::value& value) {
  JsonReader reader(value, "exchange");
  Exchange made;
  made.endpoint = reader.text("endpoint");
  JsonReader request(reader.value("request"), "exchange.request");
  made.request.method = request.text("method");
  made.request.target = request.text("target");
  made.request.headers = headers_of(request.optional("headers"));
  made.request.body = request.text_or("body", "");
  JsonReader response(reader.value("response"), "exchange.response");
  made.response.status = static_cast<int>(response.integer("status"));
  made.response.headers = headers_of(response.optional("headers"));
  made.response.body = response.text_or("body", "");
  reader.merge(request.status());
  reader.merge(response.status());
  TW_RETURN_IF_ERROR(reader.status());
  return made;
}

std::string without_secrets(std::string_view text) {
  std::string made;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_name(text[i])) {
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < text.size() && is_name(text[i])) ++i;
    const bool closes = begin > 0 && text[begin - 1] == '/';  // an element of XML
    if (closes || !is_secret(text.substr(begin, i - begin))) continue;
    std::size_t from = i;
    const std::size_t end = value_end(text, from);
    if (end == std::string_view::npos || end == from) continue;
    made.append(text.substr(kept, from - kept)).append(removed);
    kept = end;
    i = end;
  }
  return made.append(text.substr(kept));
}

Exchange without_secrets(Exchange exchange) {
  const auto clean = [](std::vector<io::HttpHeader>& headers) {
    for (io::HttpHeader& header : headers) {
      if (is_secret_header(header.name)) header.value = removed;
    }
  };
  clean(exchange.request.headers);
  clean(exchange.response.headers);
  exchange.request.target = without_secrets(exchange.request.target);
  exchange.request.body = without_secrets(body_of(exchange.request));
  exchange.request.borrowed_body = {};
  exchange.response.body = without_secrets(exchange.response.body);
  return exchange;
}

Transport recorded(Transport inner, std::function<void(const Exchange&)> take) {
  return [inner = std::move(inner), take = std::move(take)](const io::HttpEndpoint& endpoint,
                                                            const io::HttpRequest& request) {
    Result<io::HttpResponse> answer = inner(endpoint, request);
    if (answer.ok()) take(without_secrets({io::to_text(endpoint), request, *answer}));
    return answer;
  };
}

Transport replayed(std::vector<Exchange> exchanges) {
  struct Play {
    std::mutex mutex;
    std::vector<Exchange> exchanges;  // protected by mutex
    std::size_t next = 0;             // protected by mutex
  };
  auto play = std::make_shared<Play>();
  play->exchanges = std::move(exchanges);
  return [play](const io::HttpEndpoint& endpoint,
                const io::HttpRequest& request) -> Result<io::HttpResponse> {
    const Exchange asked = without_secrets({io::to_text(endpoint), request, {}});
    const std::lock_guard lock(play->mutex);
    if (play->next >= play->exchanges.size())
      return Error{Code::internal, "the record has ended, and " + asked.request.method + " " +
                                       asked.request.target + " is asked: " + asked.request.body};
    const Exchange& known = play->exchanges[play->next];
    const bool same = known.endpoint == asked.endpoint && known.request.method == asked.request.method &&
                      known.request.target == asked.request.target &&
                      known.request.body == asked.request.body;
    if (!same)
      return Error{Code::internal, "exchange " + std::to_string(play->next + 1) + " of the record asks " +
                                       known.request.body + ", and now " + asked.request.body + " is asked"};
    ++play->next;
    return known.response;
  };
}

}  // namespace tradewind::cloud
