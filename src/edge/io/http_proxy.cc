#include "edge/io/http_proxy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <poll.h>
#include <sys/socket.h>

#include "base/text.h"
#include "edge/io/hash.h"

namespace tradewind::io {
namespace {

constexpr std::size_t head_bytes_max = 16'384;

std::string first_of(const std::map<std::string, std::string>& environment,
                     std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = environment.find(name);
    if (found != environment.end() && !found->second.empty()) return found->second;
  }
  return "";
}

// "%40" in a user's name or password.
std::string decoded(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::optional<std::string> byte =
        text[i] == '%' && i + 2 < text.size() ? decode_hex(lower(text.substr(i + 1, 2))) : std::nullopt;
    if (byte && byte->size() == 1) {
      made += *byte;
      i += 2;
    } else {
      made += text[i];
    }
  }
  return made;
}

Result<HttpProxy> parse_proxy(std::string text) {
  const Error none{Code::invalid_argument, "HTTPS_PROXY names no proxy of HTTP's",
                   "write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT"};
  if (text.find("://") == std::string::npos) text = "http://" + text;
  while (text.ends_with('/')) text.pop_back();
  if (!text.starts_with("http://")) return none;
  HttpProxy proxy;
  const std::size_t at = text.rfind('@');
  if (at != std::string::npos) {
    const std::string who = decoded(text.substr(7, at - 7));
    proxy.authorization = "Basic " + base64(who.find(':') == std::string::npos ? who + ":" : who);
    text = "http://" + text.substr(at + 1);
  }
  if (text.find(':', 7) == std::string::npos) text += ":80";
  Result<HttpEndpoint> endpoint = parse_http_endpoint(text);
  if (!endpoint.ok()) return none;
  proxy.endpoint = *std::move(endpoint);
  return proxy;
}

bool is_own(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.") || host.starts_with("169.254.");
}

bool covers(const std::string& name, const std::string& host) {
  if (name == "*" || name == host) return true;
  const std::string ending = name.starts_with('.') ? name : "." + name;
  return host.ends_with(ending) || host == ending.substr(1);
}

std::string address_text(const HttpEndpoint& endpoint) {
  const std::string host =
      endpoint.host.find(':') == std::string::npos ? endpoint.host : "[" + endpoint.host + "]";
  return host + ":" + std::to_string(endpoint.port);
}

// Waits until the socket is ready for `what`; false when the time is up.
bool wait_for(int fd, short what, std::chrono::steady_clock::time_point until) {
  const auto left = std::chrono::duration_cast<Duration>(until - std::chrono::steady_clock::now());
  pollfd waiting{fd, what, 0};
  return left > Duration(0) && ::poll(&waiting, 1, static_cast<int>(left.count())) > 0;
}

}  // namespace

Result<HttpProxies> HttpProxies::from(const std::map<std::string, std::string>& environment) {
  HttpProxies made;
  const std::string proxy = first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  if (proxy.empty()) return made;
  TW_ASSIGN_OR_RETURN(made.proxy_, parse_proxy(proxy));
  for (const std::string& each : split(first_of(environment, {"no_proxy", "NO_PROXY"}), ',')) {
    const std::string name = lower(trim(each));
    if (!name.empty()) made.direct_.push_back(name);
  }
  return made;
}

std::optional<HttpProxy> HttpProxies::way_to(const HttpEndpoint& endpoint) const {
  if (!proxy_ || !endpoint.tls || !endpoint.unix_path.empty() || is_own(endpoint.host)) return std::nullopt;
  const std::string host = lower(endpoint.host);
  if (std::ranges::any_of(direct_, [&](const std::string& name) { return covers(name, host); }))
    return std::nullopt;
  return proxy_;
}

Status open_tunnel(int fd, const HttpProxy& proxy, const HttpEndpoint& endpoint, Duration patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  const std::string where = "the proxy at " + to_text(proxy.endpoint);
  const Error silent{Code::unavailable, where + " did not answer in time"};
  const std::string target = address_text(endpoint);
  std::string asked = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!proxy.authorization.empty()) asked += "Proxy-Authorization: " + proxy.authorization + "\r\n";
  asked += "\r\n";
  for (std::string_view left = asked; !left.empty();) {
    if (!wait_for(fd, POLLOUT, until)) return silent;
    const ssize_t sent = ::send(fd, left.data(), left.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
      return Error{Code::unavailable, where + " closed the connection"};
    if (sent > 0) left.remove_prefix(static_cast<std::size_t>(sent));
  }
  // Byte by byte: what follows the head is already of the server behind.
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    if (!wait_for(fd, POLLIN, until)) return silent;
    char byte = 0;
    const ssize_t got = ::recv(fd, &byte, 1, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0 || head.size() >= head_bytes_max)
      return Error{Code::unavailable, where + " closed the connection"};
    head += byte;
  }
  const std::string status = head.size() > 12 && head.starts_with("HTTP/1.") ? head.substr(9, 3) : "nothing";
  if (status.front() == '2') return {};
  if (status == "407")
    return Error{Code::unauthorized, where + " wants to know who we are",
                 "put the user and password into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT"};
  if (status == "403")
    return Error{Code::unauthorized, where + " does not let us to " + target,
                 "ask whoever runs it, or name the host in NO_PROXY"};
  return Error{Code::unavailable, where + " cannot reach " + target + ": it answers " + status};
}

}  // namespace tradewind::io
