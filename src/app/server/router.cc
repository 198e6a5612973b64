#include "app/server/router.h"

#include <charconv>
#include <optional>

#include "app/api/error_body.h"
#include "app/api/version.h"
#include "base/text.h"
#include "edge/io/http_target.h"

namespace tradewind::server {
namespace {

std::vector<std::string> parts_of(std::string_view pattern) {
  std::vector<std::string> parts;
  for (std::string& part : split(pattern, '/')) {
    if (!part.empty()) parts.push_back(std::move(part));
  }
  return parts;
}

// The names that the pattern gives to the path's parts; nothing when it does not fit.
std::optional<std::map<std::string, std::string>> match(const std::vector<std::string>& pattern,
                                                        const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  std::map<std::string, std::string> names;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i].front() == '{') {
      names[pattern[i].substr(1, pattern[i].size() - 2)] = path[i];
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return names;
}

std::string found(const std::map<std::string, std::string>& map, const std::string& key) {
  const auto each = map.find(key);
  return each == map.end() ? "" : each->second;
}

}  // namespace

std::string Call::name(const std::string& key) const {
  return found(names, key);
}

std::string Call::text(const std::string& key) const {
  return found(query, key);
}

Result<std::uint64_t> Call::count(const std::string& key, std::uint64_t fallback, std::uint64_t max) const {
  const std::string written = text(key);
  if (written.empty()) return fallback;
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(written.data(), written.data() + written.size(), value);
  if (problem != std::errc() || end != written.data() + written.size() || value > max) {
    return Error{Code::invalid_argument, "the query's '" + key + "' is '" + written +
                                             "'; it must be a whole number from 0 to " + std::to_string(max)};
  }
  return value;
}

Result<json::object> Call::body() const {
  TW_ASSIGN_OR_RETURN(json::value document, parse_json(request.body));
  if (!document.is_object()) return Error{Code::invalid_argument, "the request's body is not a JSON object"};
  return std::move(document.get_object());
}

io::HttpResponse json_response(int status, const json::value& body) {
  return {status,
          {{"Content-Type", "application/json"},
           {"Cache-Control", "no-store"},
           {std::string(api::version_header),
            std::string(api::program_version) + " api=" + std::to_string(api::api_version)}},
          to_text(body) + "\n",
          {}};
}

io::HttpResponse error_response(const Error& error) {
  return error_response(api::http_status_of(error.code), error);
}

io::HttpResponse error_response(int status, const Error& error) {
  return json_response(status, api::error_body(error));
}

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (const Route& route : routes_) patterns_.push_back(parts_of(route.pattern));
}

io::HttpResponse Router::handle(const io::HttpRequest& request) const {
  Result<io::HttpTarget> target = io::parse_http_target(request.target);
  if (!target.ok()) return error_response(target.error());
  std::vector<std::string> allowed;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    std::optional<std::map<std::string, std::string>> names = match(patterns_[i], target->parts);
    if (!names) continue;
    if (routes_[i].method != request.method) {
      allowed.push_back(routes_[i].method);
      continue;
    }
    Result<io::HttpResponse> response =
        routes_[i].handle(Call{request, *std::move(names), std::move(target->query)});
    return response.ok() ? *std::move(response) : error_response(response.error());
  }
  if (!allowed.empty()) {
    const std::string methods = join(allowed, ", ");
    io::HttpResponse response = error_response(
        405,
        {Code::invalid_argument, request.method + " is not what this address understands", "use " + methods});
    response.headers.push_back({"Allow", methods});
    return response;
  }
  return error_response({Code::not_found, "the server has nothing under this address",
                         "GET /openapi.json describes what there is"});
}

}  // namespace tradewind::server
