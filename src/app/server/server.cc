#include "app/server/server.h"

#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "app/api/version.h"
#include "app/server/token_file.h"
#include "edge/io/errno_error.h"

namespace tradewind::server {
namespace {

constexpr int idle_check_ms = 1000;

io::HttpResponse refusal(int status, const std::string& message) {
  const Code code = status == 503   ? Code::unavailable
                    : status == 500 ? Code::internal
                                    : Code::invalid_argument;
  return error_response(status, {code, message});
}

// A job that is not over, or an instance that may still be billed: somebody has to look after it.
bool has_work(const ClusterState& state) {
  for (const auto& [id, job] : state.jobs) {
    if (!is_final(job.state)) return true;
  }
  for (const auto& [id, lease] : state.leases) {
    if (lease.state != LeaseState::ended) return true;
  }
  return false;
}

}  // namespace

Server::Server(const ServerOptions& options, broker::ControlPlane& plane, const Clock& clock)
    : options_(options),
      serving_{plane,         clock, {}, [this] { return stopping_.load(); }, [this] { request_stop(); },
               options.market},
      router_(all_routes(serving_)),
      last_request_(clock.monotonic().count()) {}

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, broker::ControlPlane& plane,
                                              const Clock& clock, const OwnerId& owner) {
  std::unique_ptr<Server> server(new Server(options, plane, clock));
  TW_RETURN_IF_ERROR(server->open(owner));
  return server;
}

Status Server::open(const OwnerId& owner) {
  wish_ = io::UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wish_.valid()) return io::errno_error(errno, "make an event descriptor");
  serving_.info = {std::string(api::program_version),
                   api::api_version,
                   ::getpid(),
                   serving_.clock.now(),
                   owner,
                   options_.folder.path,
                   ""};
  std::vector<io::HttpListener> listeners;
  if (options_.port) {
    TW_ASSIGN_OR_RETURN(guard_.token, load_or_make_token(options_.folder.token()));
    TW_ASSIGN_OR_RETURN(io::UniqueFd tcp, io::listen_loopback(*options_.port));
    guard_.port = io::port_of(tcp);
    serving_.info.listen = "http://127.0.0.1:" + std::to_string(guard_.port);
    listeners.push_back({std::move(tcp), true});
  }
  TW_ASSIGN_OR_RETURN(io::UniqueFd socket, io::listen_unix(options_.folder.socket()));
  listeners.push_back({std::move(socket), false});
  TW_ASSIGN_OR_RETURN(
      http_, io::HttpServer::start(
                 std::move(listeners), [this](const io::HttpRequest& request) { return handle(request); },
                 refusal, options_.limits));
  return {};
}

Server::~Server() {
  stop();
}

io::HttpResponse Server::handle(const io::HttpRequest& request) {
  if (std::optional<io::HttpResponse> refused = refuse(guard_, request)) return *std::move(refused);
  last_request_ = serving_.clock.monotonic().count();
  io::HttpResponse response = router_.handle(request);
  last_request_ = serving_.clock.monotonic().count();
  return response;
}

void Server::request_stop() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wish_.get(), &one, sizeof(one));
}

bool Server::busy() {
  if (http_->connections() > 0) return true;
  bool work = true;
  const Status seen = serving_.plane.view([&](const ClusterState& state) { work = has_work(state); });
  return !seen.ok() || work;
}

StopReason Server::wait() {
  Duration idle_since = serving_.clock.monotonic();
  for (;;) {
    pollfd waiting{wish_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, idle_check_ms) > 0) return StopReason::requested;
    const Duration now = serving_.clock.monotonic();
    if (busy()) idle_since = now;
    const Duration quiet = now - std::max(idle_since, Duration(last_request_.load()));
    if (options_.idle_exit > Duration{} && quiet >= options_.idle_exit) return StopReason::idle;
  }
}

void Server::stop() {
  if (stopping_.exchange(true)) return;
  if (!http_) return;
  http_->stop();
  ::unlink(options_.folder.socket().c_str());
}

}  // namespace tradewind::server
