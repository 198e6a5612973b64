#include "edge/io/http_socket.h"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

namespace tradewind::io {
namespace {

std::string reason_of(int error_number) {
  return std::generic_category().message(error_number);
}

// A Unix socket's address. The path goes through the open folder when it is too long for the address itself.
struct UnixAddress {
  sockaddr_un address{};
  UniqueFd folder;  // keeps /proc/self/fd/N valid
};

Result<UnixAddress> unix_address(const std::string& path) {
  UnixAddress made;
  made.address.sun_family = AF_UNIX;
  std::string name = path;
  if (name.size() >= sizeof(made.address.sun_path)) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    made.folder = UniqueFd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!made.folder.valid()) {
      const Code code = errno == ENOENT ? Code::not_found : Code::unavailable;
      return Error{code, "the folder of the socket " + path + " cannot be opened: " + reason_of(errno)};
    }
    name = "/proc/self/fd/" + std::to_string(made.folder.get()) + "/" + path.substr(slash + 1);
    if (name.size() >= sizeof(made.address.sun_path)) {
      return Error{Code::invalid_argument, "the socket's file name is too long: " + path};
    }
  }
  std::memcpy(made.address.sun_path, name.data(), name.size());
  return made;
}

Error connect_error(int error_number, const std::string& where) {
  const std::string message = "cannot reach the server at " + where + ": " + reason_of(error_number);
  if (error_number == ECONNREFUSED || error_number == ENOENT || error_number == ENOTDIR) {
    return {Code::not_found, "no server listens at " + where};
  }
  if (error_number == EACCES || error_number == EPERM) return {Code::unauthorized, message};
  return {Code::unavailable, message};
}

Status finish_connect(int fd, const sockaddr* address, socklen_t length, Duration patience,
                      const std::string& where) {
  if (::connect(fd, address, length) == 0) return {};
  if (errno != EINPROGRESS && errno != EAGAIN) return connect_error(errno, where);
  if (errno == EAGAIN)
    return Error{Code::unavailable, "the server at " + where + " takes no more connections now"};
  pollfd waiting{fd, POLLOUT, 0};
  const int ready = ::poll(&waiting, 1, static_cast<int>(patience.count()));
  if (ready == 0) return Error{Code::unavailable, "the server at " + where + " did not answer in time"};
  int problem = 0;
  socklen_t size = sizeof(problem);
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size);
  if (problem != 0) return connect_error(problem, where);
  return {};
}

Result<UniqueFd> connect_unix(const std::string& path, Duration patience) {
  TW_ASSIGN_OR_RETURN(const UnixAddress target, unix_address(path));
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return Error{Code::unavailable, "no socket can be made: " + reason_of(errno)};
  TW_RETURN_IF_ERROR(finish_connect(socket.get(), reinterpret_cast<const sockaddr*>(&target.address),
                                    sizeof(target.address), patience, path));
  return socket;
}

Result<UniqueFd> connect_tcp(const HttpEndpoint& endpoint, Duration patience) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed =
      ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (failed != 0) {
    return Error{Code::unavailable,
                 "the host '" + endpoint.host + "' cannot be found: " + ::gai_strerror(failed)};
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  Status last = Error{Code::unavailable, "the host '" + endpoint.host + "' has no address"};
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    UniqueFd socket(::socket(each->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) continue;
    last = finish_connect(socket.get(), each->ai_addr, each->ai_addrlen, patience, to_text(endpoint));
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (last.ok()) return socket;
  }
  return last.error();
}

// Takes the brackets from an IPv6 address. False where a path, a query or a user was taken for a host.
bool valid_host(HttpEndpoint& endpoint) {
  std::string& host = endpoint.host;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return !host.empty() && host.find_first_of("/?#@[] ") == std::string::npos;
}

}  // namespace

Result<HttpEndpoint> parse_http_endpoint(std::string_view text) {
  const Error bad{Code::invalid_argument, "'" + std::string(text) + "' is not a server's address",
                  "write http://HOST:PORT, https://HOST or unix:/path/of/server.sock"};
  if (text.starts_with("unix:") && text.size() > 5) return HttpEndpoint{std::string(text.substr(5)), "", 0};
  HttpEndpoint endpoint;
  endpoint.tls = text.starts_with("https://");
  if (!endpoint.tls && !text.starts_with("http://")) return bad;
  std::string_view rest = text.substr(endpoint.tls ? 8 : 7);
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && rest.find(']', colon) != std::string_view::npos) {
    colon = std::string_view::npos;  // of an IPv6 address
  }
  // What is no server of ours has its well-known port; ours has none.
  if (colon == std::string_view::npos && endpoint.tls) {
    endpoint.host = std::string(rest);
    endpoint.port = 443;
    return valid_host(endpoint) ? Result<HttpEndpoint>(endpoint) : bad;
  }
  if (colon == std::string_view::npos || colon == 0) return bad;
  endpoint.host = std::string(rest.substr(0, colon));
  if (!valid_host(endpoint)) return bad;
  const std::string_view port = rest.substr(colon + 1);
  const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
  if (problem != std::errc() || end != port.data() + port.size() || endpoint.port == 0) return bad;
  return endpoint;
}

std::string to_text(const HttpEndpoint& endpoint) {
  if (!endpoint.unix_path.empty()) return endpoint.unix_path;
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (endpoint.tls ? "https://" : "http://") + (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
         std::to_string(endpoint.port);
}

std::string host_header(const HttpEndpoint& endpoint) {
  if (!endpoint.unix_path.empty()) return "localhost";
  const std::string text = to_text(endpoint);
  const std::string host = text.substr(text.find("//") + 2);
  const bool usual = endpoint.port == (endpoint.tls ? 443 : 80);
  return usual ? host.substr(0, host.rfind(':')) : host;
}

Result<UniqueFd> connect_to(const HttpEndpoint& endpoint, Duration patience) {
  if (!endpoint.unix_path.empty()) return connect_unix(endpoint.unix_path, patience);
  return connect_tcp(endpoint, patience);
}

Result<UniqueFd> listen_unix(const std::string& path) {
  TW_ASSIGN_OR_RETURN(const UnixAddress target, unix_address(path));
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return Error{Code::unavailable, "no socket can be made: " + reason_of(errno)};
  ::fchmod(socket.get(), 0600);  // before bind, so that the file never has wider rights
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) {
      return Error{Code::conflict, path + " exists and is not a socket", "move it out of the way"};
    }
    ::unlink(path.c_str());
  }
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&target.address), sizeof(target.address)) != 0) {
    return Error{Code::unavailable, "the socket " + path + " cannot be made: " + reason_of(errno)};
  }
  ::chmod(path.c_str(), 0600);
  if (::listen(socket.get(), 128) != 0) {
    return Error{Code::unavailable, "the socket " + path + " cannot listen: " + reason_of(errno)};
  }
  return socket;
}

Result<UniqueFd> listen_loopback(std::uint16_t port) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return Error{Code::unavailable, "no socket can be made: " + reason_of(errno)};
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound = ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  if (!bound || ::listen(socket.get(), 128) != 0) {
    const std::string where = "port " + std::to_string(port) + " on 127.0.0.1";
    if (errno == EADDRINUSE) {
      return Error{Code::conflict, where + " is in use",
                   "choose another with --listen PORT, or stop what listens there"};
    }
    return Error{Code::unavailable, where + " cannot be listened on: " + reason_of(errno)};
  }
  return socket;
}

std::uint16_t port_of(const UniqueFd& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  if (::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.sin_port);
}

}  // namespace tradewind::io
