#include "edge/cloud/service_address.h"

#include <algorithm>

namespace tradewind::cloud {

Result<io::HttpEndpoint> parse_endpoint(std::string_view text, std::string_view named_by) {
  std::string full(text);
  while (full.ends_with('/')) full.pop_back();
  const std::size_t host = full.find("://");
  const bool plain = full.starts_with("http://");
  if (plain && full.find(':', std::max(full.rfind(']') + 1, host + 3)) == std::string::npos) full += ":80";
  Result<io::HttpEndpoint> parsed = io::parse_http_endpoint(full);
  if (parsed.ok() && parsed->unix_path.empty()) return parsed;
  if (text.find('@') != std::string_view::npos) text = "(a name with '@')";
  return Error{Code::invalid_argument,
               "'" + std::string(text) + "', given as " + std::string(named_by) + ", is no endpoint",
               "write http://HOST:PORT or https://HOST, without a path"};
}

Result<ServiceAddress> parse_service_address(std::string_view url, std::string_view named_by) {
  const std::size_t host = url.find("://");
  const std::size_t path = url.find_first_of("/?", host == std::string_view::npos ? 0 : host + 3);
  TW_ASSIGN_OR_RETURN(io::HttpEndpoint endpoint, parse_endpoint(url.substr(0, path), named_by));
  std::string target(path == std::string_view::npos ? "" : url.substr(path));
  if (!target.starts_with('/')) target.insert(0, "/");
  return ServiceAddress{std::move(endpoint), std::move(target)};
}

bool is_loopback(const io::HttpEndpoint& endpoint) {
  return endpoint.host == "localhost" || endpoint.host == "::1" || endpoint.host.starts_with("127.");
}

}  // namespace tradewind::cloud
