// Sockets for the HTTP façade: connect and listen, on Unix sockets and on TCP.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/unique_fd.h"

namespace tradewind::io {

// Where a server is reached: a Unix socket's path, or a host and port, in the open or by TLS.
struct HttpEndpoint {
  std::string unix_path;  // empty: TCP
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  bool operator==(const HttpEndpoint&) const = default;
};
// "unix:/run/tw/server.sock", "http://127.0.0.1:7070", "https://host" (port 443) or "https://host:8443".
// invalid_argument on anything else.
Result<HttpEndpoint> parse_http_endpoint(std::string_view text);
std::string to_text(const HttpEndpoint& endpoint);
// The Host header of requests to it: without the port where that is the scheme's own.
std::string host_header(const HttpEndpoint& endpoint);

// Non-blocking, connected, nothing said yet (TLS neither). not_found: nobody listens there (nothing was
// sent); unavailable: no answer in time; unauthorized: the socket belongs to somebody else.
Result<UniqueFd> connect_to(const HttpEndpoint& endpoint, Duration patience);

// A Unix socket that only this user can open (0600). What lies at `path` is replaced: the caller makes sure,
// by its own lock, that no server listens there. Paths longer than a socket address holds (107 bytes) work
// too.
Result<UniqueFd> listen_unix(const std::string& path);
// On 127.0.0.1 alone; port 0 picks a free one. conflict: the port is in use.
Result<UniqueFd> listen_loopback(std::uint16_t port);
std::uint16_t port_of(const UniqueFd& listener);

}  // namespace tradewind::io
