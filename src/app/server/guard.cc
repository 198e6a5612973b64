#include "app/server/guard.h"

#include "app/server/router.h"
#include "base/text.h"

namespace tradewind::server {
namespace {

bool is_own_host(std::string_view host, std::uint16_t port) {
  const std::string suffix = ":" + std::to_string(port);
  return host == "127.0.0.1" + suffix || host == "localhost" + suffix || host == "[::1]" + suffix;
}

std::string_view bearer_of(const io::HttpRequest& request) {
  constexpr std::string_view scheme = "Bearer ";
  const std::string_view value = io::header_of(request.headers, "Authorization");
  return starts_with_ignoring_case(value, scheme) ? value.substr(scheme.size()) : std::string_view();
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0U : 1U;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto left = static_cast<unsigned char>(a[i]);
    const auto right = static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
    difference |= static_cast<unsigned>(left ^ right);
  }
  return difference == 0;
}

std::optional<io::HttpResponse> refuse(const GuardRules& rules, const io::HttpRequest& request) {
  if (!io::header_of(request.headers, "Origin").empty()) {
    return error_response(403, {Code::unauthorized, "requests that a web page makes are not answered",
                                "send the request without an Origin header"});
  }
  if (!request.over_tcp) return std::nullopt;
  if (!is_own_host(io::header_of(request.headers, "Host"), rules.port)) {
    return error_response(403,
                          {Code::unauthorized, "the request is addressed to another host than this server",
                           "use http://127.0.0.1:" + std::to_string(rules.port)});
  }
  if (request.method == "GET" && request.target == "/v1/health") return std::nullopt;
  if (!rules.token.empty() && equal_in_constant_time(bearer_of(request), rules.token)) return std::nullopt;
  io::HttpResponse response = error_response(
      {Code::unauthorized, "the request carries no valid token",
       "send 'Authorization: Bearer TOKEN' with the content of the file 'token' in the state folder"});
  response.headers.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

}  // namespace tradewind::server
