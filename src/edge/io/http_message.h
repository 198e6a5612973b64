// HTTP/1.1 requests and responses as plain values: what the client sends and the server's handler answers.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tradewind::io {

struct HttpHeader {
  std::string name;
  std::string value;
  bool operator==(const HttpHeader&) const = default;
};

// The first header of that name, whatever its case; empty when there is none.
std::string_view header_of(const std::vector<HttpHeader>& headers, std::string_view name);

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";  // path and query as they travel, percent-encoded
  std::vector<HttpHeader> headers = {};
  std::string body = {};
  bool over_tcp = false;  // set by the server: false means the peer holds our Unix socket's rights
  // Of a client: sent instead of `body` unless it is empty, so that large ones are not copied.
  // REQUIRES: outlives the call.
  std::string_view borrowed_body = {};
};

inline std::string_view body_of(const HttpRequest& request) {
  return request.borrowed_body.empty() ? std::string_view(request.body) : request.borrowed_body;
}

// Takes the pieces of an answer that is still being made.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  // Sends now. unavailable: the peer has gone; cancelled: the server is stopping. Write nothing more after
  // either.
  virtual Status write(std::string_view bytes) = 0;
  // Asks whether the peer is still there and the server goes on, without sending.
  virtual bool alive() = 0;
};

struct HttpResponse {
  int status = 200;
  std::vector<HttpHeader> headers = {};
  std::string body = {};
  // When set, `body` is not sent: this is called after the headers have gone out, and what it writes is the
  // body.
  std::function<void(HttpStream&)> stream = {};
};

}  // namespace tradewind::io
