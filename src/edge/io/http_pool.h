// Many threads, few connections: each call borrows a kept-alive connection to its endpoint, or opens one.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/http_client.h"

namespace tradewind::io {

struct HttpPoolOptions {
  HttpClientOptions client = {};
  HttpProxies proxies = {};        // which endpoints are reached through one
  std::size_t idle_max = 16;       // connections kept open for each endpoint while nobody uses them
  Duration idle_patience{20'000};  // one that was idle for longer is closed, since the server soon will
};

// Safe from several threads at once. As many connections are open as calls are under way, and `idle_max`
// more.
class HttpPool {
 public:
  explicit HttpPool(HttpPoolOptions options = {});

  // As HttpClient::send, over whichever connection is free.
  Result<HttpResponse> send(const HttpEndpoint& endpoint, const HttpRequest& request);
  Result<HttpResponse> send(const HttpEndpoint& endpoint, const HttpRequest& request,
                            Duration reply_patience);
  // Connections that are open and unused now.
  std::size_t idle() const;

 private:
  struct Idle {
    HttpClient client;
    Duration since;  // monotonic
  };
  Result<HttpClient> borrow(const std::string& where, const HttpEndpoint& endpoint);
  void give_back(const std::string& where, HttpClient client);
  void drop_old(std::vector<Idle>& idle, Duration now) const;

  const HttpPoolOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsTrust> trust_;          // protected by mutex_; made when TLS is first needed
  std::map<std::string, std::vector<Idle>> idle_;  // protected by mutex_; by endpoint, the longest idle first
};

}  // namespace tradewind::io
