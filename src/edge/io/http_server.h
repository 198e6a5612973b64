// A small HTTP/1.1 server for a trusted few: one thread for each connection, a bound on everything a peer can
// make large or slow. It knows no routes and no users; the handler does.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/http_message.h"
#include "edge/io/http_socket.h"

namespace tradewind::io {

struct HttpLimits {
  std::uint32_t header_bytes_max = 16 * 1024;
  std::size_t body_bytes_max = std::size_t{16} << 20;
  std::size_t connections_max = 256;  // beyond them a connection is answered 503 and closed
  Duration idle_patience{60'000};     // between two requests on a kept-alive connection
  Duration request_patience{15'000};  // from a request's first byte to its last
  Duration write_patience{30'000};    // for each piece of an answer
  Duration stop_patience{3'000};      // for requests under way when the server stops
};

// Called on a connection's thread, several at once; may block, and asks now and then whether to go on.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;
// Makes the answer to what never reaches the handler: a malformed, oversized or surplus request, or a
// handler's exception. `message` is a sentence.
using HttpRefusal = std::function<HttpResponse(int status, const std::string& message)>;

struct HttpListener {
  UniqueFd socket;
  bool tcp = false;
};

class HttpServer {
 public:
  // Takes over the listeners and serves from now on. unavailable: no thread or descriptor can be had.
  static Result<std::unique_ptr<HttpServer>> start(std::vector<HttpListener> listeners, HttpHandler handler,
                                                   HttpRefusal refusal, HttpLimits limits = {});
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Takes no more connections and requests, lets those under way end within stop_patience, then cuts them and
  // waits for their threads. Safe to repeat; not to be called by a handler.
  void stop();
  bool stopping() const { return stopping_.load(); }
  std::size_t connections() const { return open_.load(); }

 private:
  struct Worker {
    std::thread thread;
    std::atomic<int> fd{-1};  // of its connection, so that stop() can cut it
    std::atomic<bool> done{false};
  };
  HttpServer(std::vector<HttpListener> listeners, HttpHandler handler, HttpRefusal refusal,
             HttpLimits limits);
  Status open_wake();
  void accept_loop();
  void accept_one(const HttpListener& listener);
  void reap(bool all);
  void serve(Worker& worker, UniqueFd socket, bool tcp);

  const HttpLimits limits_;
  const HttpHandler handler_;
  const HttpRefusal refusal_;
  std::vector<HttpListener> listeners_;
  UniqueFd wake_;  // an eventfd: readable once the server stops
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> open_{0};
  std::thread acceptor_;
  std::mutex workers_mutex_;
  std::list<Worker> workers_;  // protected by workers_mutex_
};

}  // namespace tradewind::io
