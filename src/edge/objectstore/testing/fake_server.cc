#include "edge/objectstore/testing/fake_server.h"

#include <cstdlib>
#include <stdexcept>

namespace tradewind::objectstore {
namespace {

// The answer's head goes out, and then the connection is cut. An answer to HEAD is a head alone, and would be
// whole: there a gateway says that it lost the server behind it.
io::HttpResponse cut(const io::HttpRequest& request) {
  if (request.method == "HEAD") return {502, {}, {}, {}};
  return {200, {}, {}, [](io::HttpStream&) { throw std::runtime_error("cut by the test"); }};
}

}  // namespace

Faults fail_first(const std::string& method, Fault fault) {
  return [method, fault, done = std::make_shared<std::atomic<bool>>(false)](const io::HttpRequest& request) {
    return request.method == method && !done->exchange(true) ? fault : Fault::none;
  };
}

FakeServer::FakeServer(Faults faults, Answer answer, Refuse refuse)
    : faults_(std::move(faults)), answer_(std::move(answer)), refuse_(std::move(refuse)) {
  Result<io::UniqueFd> socket = io::listen_loopback(0);
  if (!socket.ok()) std::abort();
  port_ = io::port_of(*socket);
  std::vector<io::HttpListener> listeners;
  listeners.push_back({*std::move(socket), true});
  io::HttpLimits limits;
  limits.body_bytes_max = std::size_t{256} << 20;
  limits.connections_max = 1024;
  limits.stop_patience = Duration(50);
  server_ = *io::HttpServer::start(
      std::move(listeners), [this](const io::HttpRequest& request) { return this->answer(request); },
      [](int status, const std::string& message) {
        return io::HttpResponse{status, {}, message, {}};
      },
      limits);
}

std::string FakeServer::endpoint() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

std::vector<std::string> FakeServer::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

std::size_t FakeServer::count(const std::string& start) const {
  std::size_t found = 0;
  for (const std::string& line : log()) found += line.starts_with(start) ? 1U : 0U;
  return found;
}

io::HttpResponse FakeServer::answer(const io::HttpRequest& request) {
  ++requests_;
  {
    const std::lock_guard lock(mutex_);
    log_.push_back(request.method + " " + request.target);
  }
  const Fault fault = faults_ ? faults_(request) : Fault::none;
  switch (fault) {
    case Fault::slow_down:
    case Fault::broken:
    case Fault::race:
    case Fault::denied:
      return refuse_(fault);
    case Fault::reset:
      return cut(request);
    default:
      break;
  }
  io::HttpResponse made = answer_(request);
  if (fault == Fault::lost_reply) return cut(request);
  if (fault == Fault::late_error) return refuse_(Fault::broken);
  return made;
}

}  // namespace tradewind::objectstore
