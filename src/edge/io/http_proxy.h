// The way out of a network that lets nobody out directly: HTTPS_PROXY and NO_PROXY, as curl and others read
// them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/http_socket.h"

namespace tradewind::io {

struct HttpProxy {
  HttpEndpoint endpoint;  // "http://proxy:3128": what we say to it travels in the open, but TLS through it
  std::string authorization = {};  // "Basic …", of the user and password in its URL; a secret. "": none
  bool operator==(const HttpProxy&) const = default;
};

class HttpProxies {
 public:
  HttpProxies() = default;  // none
  // HTTPS_PROXY, https_proxy, ALL_PROXY or all_proxy, but for hosts of NO_PROXY or no_proxy: names, which
  // hold for what ends in them too ("example.com", ".example.com"), addresses, or "*". invalid_argument: the
  // proxy is none of HTTP's.
  static Result<HttpProxies> from(const std::map<std::string, std::string>& environment);

  // Nothing: directly. This machine itself is never reached through a proxy, nor is what is not TLS.
  std::optional<HttpProxy> way_to(const HttpEndpoint& endpoint) const;

 private:
  std::optional<HttpProxy> proxy_;
  std::vector<std::string> direct_;  // in lower case
};

// Asks the proxy at the other end of `fd` for a connection to `endpoint`: after it, the socket is as if
// connected there. unavailable: it does not answer in time, or cannot reach it; unauthorized: it wants to
// know who we are, or forbids.
Status open_tunnel(int fd, const HttpProxy& proxy, const HttpEndpoint& endpoint, Duration patience);

}  // namespace tradewind::io
