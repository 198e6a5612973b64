#include "edge/cloud/testing/scripted_server.h"

#include <cstdlib>

namespace tradewind::cloud {

ScriptedServer::ScriptedServer() {
  Result<io::UniqueFd> socket = io::listen_loopback(0);
  if (!socket.ok()) std::abort();
  url_ = "http://127.0.0.1:" + std::to_string(io::port_of(*socket));
  std::vector<io::HttpListener> listeners;
  listeners.push_back({*std::move(socket), true});
  server_ = *io::HttpServer::start(
      std::move(listeners), [this](const io::HttpRequest& request) { return play(request); },
      [](int status, const std::string& message) {
        return io::HttpResponse{status, {}, message, {}};
      });
}

ScriptedServer& ScriptedServer::operator=(Answer answer) {
  const std::lock_guard lock(mutex_);
  answer_ = std::move(answer);
  return *this;
}

std::vector<io::HttpRequest> ScriptedServer::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

io::HttpResponse ScriptedServer::play(const io::HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  asked_.push_back(request);
  return answer_ ? answer_(request) : io::HttpResponse{404, {}, "", {}};
}

}  // namespace tradewind::cloud
