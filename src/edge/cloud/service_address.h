// Where a service is reached.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/io/http_socket.h"

namespace tradewind::cloud {

// "http://minio:9000", "https://s3.example.com", without a path. invalid_argument, naming `named_by`.
Result<io::HttpEndpoint> parse_endpoint(std::string_view text, std::string_view named_by);

struct ServiceAddress {
  io::HttpEndpoint endpoint;
  std::string target;  // path and query, as they travel: "/" at least
};
// "http://127.0.0.1:10000/account", "https://host/token?a=b". invalid_argument, naming `named_by`.
Result<ServiceAddress> parse_service_address(std::string_view url, std::string_view named_by);

// Is it this machine itself? What is secret may go there without TLS.
bool is_loopback(const io::HttpEndpoint& endpoint);

}  // namespace tradewind::cloud
