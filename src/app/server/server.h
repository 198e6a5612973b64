// The REST server of one control plane: its sockets, its guard, its routes, and when it is time to go.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/api/state_folder.h"
#include "app/server/guard.h"
#include "app/server/serving.h"
#include "edge/io/http_server.h"
#include "edge/io/unique_fd.h"

namespace tradewind::server {

struct ServerOptions {
  api::StateFolder folder;
  std::optional<std::uint16_t> port = {};  // on 127.0.0.1; nothing: the Unix socket alone; 0: any free one
  Duration idle_exit{};                    // ends when nobody asked and no job lived for so long; zero: never
  io::HttpLimits limits = {};
  Market market = {};
};

enum class StopReason { requested, idle };

class Server {
 public:
  // REQUIRES: the caller holds the state folder's lock (server_lock.h); `plane` and `clock` outlive the
  // server. conflict: the port is in use; unauthorized, unavailable: socket or token file cannot be made.
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options, broker::ControlPlane& plane,
                                               const Clock& clock, const OwnerId& owner);
  ~Server();  // stops serving; jobs run on
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Blocks until somebody asks for the end or the server has been idle for long enough.
  StopReason wait();
  // Lets wait() return. Any thread, and a signal handler may call it.
  void request_stop();
  // Requests under way end, their waits are cut short, the socket's file is removed. Safe to repeat.
  void stop();

  const api::ServerInfo& info() const { return serving_.info; }

 private:
  Server(const ServerOptions& options, broker::ControlPlane& plane, const Clock& clock);
  Status open(const OwnerId& owner);
  io::HttpResponse handle(const io::HttpRequest& request);
  bool busy();

  const ServerOptions options_;
  Serving serving_;
  GuardRules guard_;
  Router router_;
  io::UniqueFd wish_;  // an eventfd: readable once the end was asked for
  std::atomic<bool> stopping_{false};
  std::atomic<Duration::rep> last_request_;  // monotonic
  std::unique_ptr<io::HttpServer> http_;
};

}  // namespace tradewind::server
