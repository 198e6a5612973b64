// The stream that the HTTP client reads and writes: the bare socket, or TLS over it.
// Internal to the HTTP façade: only http_client.cc includes this.
#pragma once

#include <optional>
#include <utility>

#include "edge/io/http_fd_stream.h"
#include "edge/io/tls.h"

namespace tradewind::io {

class ClientStream {
 public:
  // `wake_fd`: as FdStream's.
  ClientStream(UniqueFd socket, std::optional<TlsSession> tls, int wake_fd)
      : fd_(std::move(socket), wake_fd), tls_(std::move(tls)) {}

  void expire_after(std::optional<Duration> patience) { fd_.expire_after(patience); }
  void acknowledge_at_once() { fd_.acknowledge_at_once(); }
  // See FdStream. Under TLS a server's farewell or a new session ticket counts too: then the connection is
  // not used again, which costs a greeting and nothing else.
  bool readable_now() const { return fd_.readable_now(); }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, boost::beast::error_code& ec) {
    if (!tls_) return fd_.read_some(buffers, ec);
    return move(boost::asio::buffer_sequence_begin(buffers), boost::asio::buffer_sequence_end(buffers), ec,
                [this](const auto& piece) { return tls_->read(piece.data(), piece.size()); });
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, boost::beast::error_code& ec) {
    if (!tls_) return fd_.write_some(buffers, ec);
    return move(boost::asio::buffer_sequence_begin(buffers), boost::asio::buffer_sequence_end(buffers), ec,
                [this](const auto& piece) { return tls_->write(piece.data(), piece.size()); });
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    boost::beast::error_code ec;
    const std::size_t count = read_some(buffers, ec);
    if (ec) throw boost::system::system_error(ec);
    return count;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    boost::beast::error_code ec;
    const std::size_t count = write_some(buffers, ec);
    if (ec) throw boost::system::system_error(ec);
    return count;
  }

 private:
  // The first piece that holds anything: the caller asks again for the rest.
  template <class Iterator, class Call>
  std::size_t move(Iterator each, Iterator end, boost::beast::error_code& ec, Call&& call) {
    ec = {};
    while (each != end && (*each).size() == 0) ++each;
    if (each == end) return 0;
    const auto piece = *each;
    for (;;) {
      const TlsMove step = call(piece);
      switch (step.kind) {
        case TlsMove::Kind::moved:
          return step.bytes;
        case TlsMove::Kind::closed:
          ec = boost::asio::error::eof;
          return 0;
        case TlsMove::Kind::failed:
          ec = boost::asio::error::connection_reset;
          return 0;
        case TlsMove::Kind::wants_read:
        case TlsMove::Kind::wants_write:
          fd_.wait_for(step.kind == TlsMove::Kind::wants_read ? POLLIN : POLLOUT, ec);
          if (ec) return 0;
      }
    }
  }

  FdStream fd_;
  std::optional<TlsSession> tls_;  // destroyed first: it points at the socket
};

}  // namespace tradewind::io
