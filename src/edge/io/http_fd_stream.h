// A socket as the blocking stream that Beast reads and writes, with a deadline and a way to be woken.
// Internal to the HTTP façade: its server, and its client by http_client_stream.h.
#pragma once

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>

#include "edge/io/http_socket.h"

namespace tradewind::io {

class FdStream {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // `wake_fd`: once readable, waits end with operation_aborted. -1: none.
  explicit FdStream(UniqueFd socket, int wake_fd = -1) : socket_(std::move(socket)), wake_fd_(wake_fd) {}

  int fd() const { return socket_.get(); }
  // Reads and writes end with timed_out when it has passed. Nothing: they wait for ever.
  void expire_after(std::optional<Duration> patience) {
    deadline_.reset();
    if (patience) deadline_ = std::chrono::steady_clock::now() + *patience;
  }
  void ignore_wake(bool ignore) { ignore_wake_ = ignore; }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, boost::beast::error_code& ec) {
    return transfer(buffers, POLLIN, ec, [](int fd, msghdr* message) { return ::recvmsg(fd, message, 0); });
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, boost::beast::error_code& ec) {
    return transfer(buffers, POLLOUT, ec,
                    [](int fd, msghdr* message) { return ::sendmsg(fd, message, MSG_NOSIGNAL); });
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    return checked([&](auto& ec) { return read_some(buffers, ec); });
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    return checked([&](auto& ec) { return write_some(buffers, ec); });
  }

  // Waits until there is something to read (or the peer has closed).
  void wait_readable(boost::beast::error_code& ec) { wait(POLLIN, ec); }
  // Acknowledges at once what comes next. A server that sends head and body apart, and waits for the first to
  // be acknowledged (Nagle's algorithm), would else cost 40 ms an answer.
  void acknowledge_at_once() {
    const int on = 1;
    ::setsockopt(fd(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
  }
  // Waits until poll(2) reports one of the events.
  void wait_for(short events, boost::beast::error_code& ec) { wait(events, ec); }
  // True when the peer has closed, or sent what nobody asked for: a kept-alive connection that is of no use
  // any more.
  bool readable_now() const {
    pollfd waiting{fd(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) != 0;
  }
  bool peer_closed() const {
    pollfd waiting{fd(), POLLRDHUP, 0};
    return ::poll(&waiting, 1, 0) > 0;
  }

 private:
  template <class Call>
  static std::size_t checked(Call&& call) {
    boost::beast::error_code ec;
    const std::size_t count = call(ec);
    if (ec) throw boost::system::system_error(ec);
    return count;
  }

  template <class Buffers, class Call>
  std::size_t transfer(const Buffers& buffers, short events, boost::beast::error_code& ec, Call&& call) {
    std::array<iovec, 16> pieces{};
    std::size_t count = 0;
    std::size_t bytes = 0;
    for (auto each = boost::asio::buffer_sequence_begin(buffers);
         each != boost::asio::buffer_sequence_end(buffers) && count < pieces.size(); ++each) {
      const auto piece = *each;
      if (piece.size() == 0) continue;
      pieces[count++] = iovec{const_cast<void*>(static_cast<const void*>(piece.data())), piece.size()};
      bytes += piece.size();
    }
    ec = {};
    if (bytes == 0) return 0;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    for (;;) {
      const ssize_t moved = call(fd(), &message);
      if (moved > 0) return static_cast<std::size_t>(moved);
      if (moved == 0) return fail(ec, boost::asio::error::eof);
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return fail(ec, {errno, boost::system::system_category()});
      wait(events, ec);
      if (ec) return 0;
    }
  }

  static std::size_t fail(boost::beast::error_code& ec, boost::beast::error_code reason) {
    ec = reason;
    return 0;
  }

  int milliseconds_left() const {
    if (!deadline_) return -1;
    const auto left = std::chrono::ceil<Duration>(*deadline_ - std::chrono::steady_clock::now());
    return static_cast<int>(std::max<Duration::rep>(left.count(), 0));
  }

  void wait(short events, boost::beast::error_code& ec) {
    ec = {};
    for (;;) {
      std::array<pollfd, 2> waiting{pollfd{fd(), events, 0}, pollfd{ignore_wake_ ? -1 : wake_fd_, POLLIN, 0}};
      const int ready = ::poll(waiting.data(), 2, milliseconds_left());
      if (ready < 0 && errno == EINTR) continue;
      if (ready < 0) ec = {errno, boost::system::system_category()};
      if (ready == 0) ec = boost::asio::error::timed_out;
      if (ready > 0 && waiting[0].revents == 0) ec = boost::asio::error::operation_aborted;
      return;
    }
  }

  UniqueFd socket_;
  int wake_fd_;
  bool ignore_wake_ = false;
  std::optional<SteadyTime> deadline_;
};

}  // namespace tradewind::io
