#include "edge/objectstore/testing/fault_proxy.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tradewind::objectstore {
namespace {

constexpr int look_ms = 50;  // how often a thread looks whether it should end

void must(bool holds) {
  if (!holds) std::abort();
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void no_delay(int fd) {
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

// Closing sends a reset rather than an end.
void reset_on_close(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool send_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

FaultProxy::FaultProxy(std::uint16_t target, Options options)
    : target_(target),
      options_(options),
      random_(options.seed),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  must(listener_.valid());
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  must(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  must(::listen(listener_.get(), 64) == 0);
  must(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

FaultProxy::~FaultProxy() {
  stopping_ = true;
  acceptor_.join();
  for (std::thread& servant : servants_) servant.join();
}

FaultProxy::Fate FaultProxy::draw() {
  Fate fate;
  fate.cut = random_.chance(options_.share);
  fate.towards_server = random_.chance(0.5);
  // As many small as large ones: most requests are short.
  const double share = random_.unit();
  fate.after_bytes =
      static_cast<std::uint64_t>(static_cast<double>(options_.bytes_max) * share * share * share);
  return fate;
}

void FaultProxy::accept_loop() {
  while (!stopping_) {
    pollfd ready{listener_.get(), POLLIN, 0};
    if (::poll(&ready, 1, look_ms) <= 0) continue;
    io::UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client.valid()) continue;
    ++connections_;
    servants_.emplace_back([this, fate = draw(), fd = client.release()] { serve(io::UniqueFd(fd), fate); });
  }
}

void FaultProxy::serve(io::UniqueFd client, Fate fate) {
  io::UniqueFd server(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(target_);
  if (!server.valid() ||
      ::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return;
  }
  no_delay(client.get());
  no_delay(server.get());
  std::array<std::uint64_t, 2> passed{};  // from the client, from the server
  std::array<char, 64 << 10> buffer{};
  while (!stopping_) {
    std::array<pollfd, 2> ready = {pollfd{client.get(), POLLIN, 0}, pollfd{server.get(), POLLIN, 0}};
    if (::poll(ready.data(), ready.size(), look_ms) <= 0) continue;
    for (std::size_t from = 0; from < 2; ++from) {
      if (ready[from].revents == 0) continue;
      const ssize_t got = ::recv(ready[from].fd, buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      std::size_t size = static_cast<std::size_t>(got);
      const bool counted = fate.cut && fate.towards_server == (from == 0);
      const bool ends = counted && passed[from] + size > fate.after_bytes;
      if (ends) size = static_cast<std::size_t>(fate.after_bytes - passed[from]);
      if (!send_all(ready[1 - from].fd, buffer.data(), size)) return;
      passed[from] += size;
      if (!ends) continue;
      ++cuts_;
      reset_on_close(client.get());
      reset_on_close(server.get());
      return;
    }
  }
}

}  // namespace tradewind::objectstore
