#include "edge/io/http_pool.h"

#include <utility>

#include "edge/io/system_clock.h"

namespace tradewind::io {

HttpPool::HttpPool(HttpPoolOptions options) : options_(std::move(options)), trust_(options_.client.trust) {}

void HttpPool::drop_old(std::vector<Idle>& idle, Duration now) const {
  std::erase_if(idle, [&](const Idle& each) { return now - each.since > options_.idle_patience; });
}

// The one used last: it is the least likely to have been closed by the server.
Result<HttpClient> HttpPool::borrow(const std::string& where, const HttpEndpoint& endpoint) {
  const std::lock_guard lock(mutex_);
  std::vector<Idle>& idle = idle_[where];
  drop_old(idle, SystemClock().monotonic());
  if (!idle.empty()) {
    HttpClient client = std::move(idle.back().client);
    idle.pop_back();
    return client;
  }
  if (endpoint.tls && !trust_) {
    TW_ASSIGN_OR_RETURN(trust_, TlsTrust::from_environment());
  }
  HttpClientOptions options = options_.client;
  options.trust = trust_;
  options.proxy = options_.proxies.way_to(endpoint);
  return HttpClient(endpoint, std::move(options));
}

void HttpPool::give_back(const std::string& where, HttpClient client) {
  const Duration now = SystemClock().monotonic();
  const std::lock_guard lock(mutex_);
  std::vector<Idle>& idle = idle_[where];
  drop_old(idle, now);
  if (idle.size() < options_.idle_max) idle.push_back({std::move(client), now});
}

Result<HttpResponse> HttpPool::send(const HttpEndpoint& endpoint, const HttpRequest& request,
                                    Duration reply_patience) {
  const std::string where = to_text(endpoint);
  TW_ASSIGN_OR_RETURN(HttpClient client, borrow(where, endpoint));
  Result<HttpResponse> response = client.send(request, reply_patience);
  if (response.ok()) give_back(where, std::move(client));  // after an error there is no connection to keep
  return response;
}

Result<HttpResponse> HttpPool::send(const HttpEndpoint& endpoint, const HttpRequest& request) {
  return send(endpoint, request, options_.client.reply_patience);
}

std::size_t HttpPool::idle() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [where, idle] : idle_) count += idle.size();
  return count;
}

}  // namespace tradewind::io
