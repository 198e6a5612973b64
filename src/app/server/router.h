// Which handler answers which method and path. The table is data: a test compares it with the OpenAPI
// document.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/model/json.h"
#include "edge/io/http_message.h"

namespace tradewind::server {

// One request as a handler sees it.
struct Call {
  const io::HttpRequest& request;
  std::map<std::string, std::string> names;  // of the pattern: {id}
  std::map<std::string, std::string> query;

  // Empty when it is not there.
  std::string name(const std::string& key) const;
  std::string text(const std::string& key) const;
  // invalid_argument: not a whole number from 0 to `max`.
  Result<std::uint64_t> count(const std::string& key, std::uint64_t fallback, std::uint64_t max) const;
  // The body as a JSON object. invalid_argument otherwise.
  Result<json::object> body() const;
};

struct Route {
  std::string method;
  std::string pattern;  // "/v1/jobs/{id}/logs"
  std::function<Result<io::HttpResponse>(const Call&)> handle;
};

io::HttpResponse json_response(int status, const json::value& body);
io::HttpResponse error_response(const Error& error);
// With a status that the code alone does not say: 405, 413, 431.
io::HttpResponse error_response(int status, const Error& error);

class Router {
 public:
  explicit Router(std::vector<Route> routes);
  // Errors of handlers become error bodies. 404 names the path; 405 says which methods are allowed.
  io::HttpResponse handle(const io::HttpRequest& request) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> patterns_;  // of each route, split at '/'
};

}  // namespace tradewind::server
