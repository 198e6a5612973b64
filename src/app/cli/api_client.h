// The REST API as the verbs see it: JSON in, JSON or an Error out.
#pragma once

#include <functional>
#include <string>

#include "core/model/json.h"
#include "edge/io/http_client.h"

namespace tradewind::cli {

class ApiClient {
 public:
  // `warn` is told, once, when the server is of another version that still speaks our API.
  ApiClient(io::HttpClient http, std::function<void(const std::string&)> warn);

  // The errors of HttpClient::send, and those that the server answers with. conflict: the server speaks
  // another version of the API.
  Result<json::value> get(const std::string& target, Duration patience = Duration(90'000));
  Result<json::value> post(const std::string& target, const json::value& body = json::object{},
                           Duration patience = Duration(90'000));
  // Works with servers of any version.
  Result<json::value> post_to_any_version(const std::string& target);
  Result<json::value> get_from_any_version(const std::string& target);

 private:
  Result<json::value> ask(const io::HttpRequest& request, Duration patience, bool any_version);
  Status check_version(const io::HttpResponse& response);
  io::HttpClient http_;
  std::function<void(const std::string&)> warn_;
  bool checked_ = false;
};

// "/v1/jobs/<job>" and what follows.
std::string job_target(const std::string& job, const std::string& rest = "");

}  // namespace tradewind::cli
