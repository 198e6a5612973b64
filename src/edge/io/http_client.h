// The one HTTP client of both programs. Blocking, with a timeout on every wait and a bound on every body.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/cancellation.h"
#include "edge/io/http_message.h"
#include "edge/io/http_proxy.h"
#include "edge/io/http_socket.h"
#include "edge/io/tls.h"

namespace tradewind::io {

struct HttpClientOptions {
  Duration connect_patience{3000};
  Duration reply_patience{
      60'000};  // from the last byte sent to the last byte of the answer; a stream: between two pieces
  std::size_t body_bytes_max = std::size_t{64} << 20;
  std::vector<HttpHeader> headers = {};             // sent with every request
  std::shared_ptr<const TlsTrust> trust = nullptr;  // for https; nothing: TlsTrust::from_environment()
  // Whom the server's certificate must name, where that is not the host. Empty: the host.
  std::string tls_name = {};
  // Through which an https endpoint is reached. Nothing: directly.
  std::optional<HttpProxy> proxy = {};
  // Brings the server back when nobody listens, or when it died before a byte of its answer came; the request
  // is then sent once more if that is harmless. Its error is that of the call.
  std::function<Status()> revive = nullptr;
  // Once it is asked for, calls that wait for the server end with `cancelled`; connecting ends by its own
  // patience. nullptr: never.
  std::shared_ptr<const Cancellation> cancellation = nullptr;
};

// Keeps one connection open between calls. Not thread-safe: one client for one thread.
class HttpClient {
 public:
  explicit HttpClient(HttpEndpoint endpoint, HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  // Any status is an answer. not_found: nobody listens there (nothing was sent); unavailable: no whole answer
  // came in time (a GET or HEAD was tried again on a fresh connection when a kept-alive one had died, or when
  // the server was revived; anything else was sent once at most, and its outcome is unknown); corrupt: the
  // answer is not HTTP; invalid_argument: it is longer than allowed; unauthorized: its certificate is not
  // believed (nothing was sent).
  Result<HttpResponse> send(const HttpRequest& request);
  // The same for this one call with another patience.
  Result<HttpResponse> send(const HttpRequest& request, Duration reply_patience);

  // Hands the body over piece by piece as it comes, until it ends or `take` returns false. The response holds
  // the head alone; a status of 300 and above is read whole into its body and `take` is not called.
  // cancelled: by the options' cancellation.
  Result<HttpResponse> stream(const HttpRequest& request, const std::function<bool(std::string_view)>& take);

 private:
  class Connection;
  Result<HttpResponse> attempt(const HttpRequest& request, Duration patience);
  bool may_be_sent_again(const HttpRequest& request, const Error& error) const;
  Status connect();
  HttpEndpoint endpoint_;
  HttpClientOptions options_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace tradewind::io
