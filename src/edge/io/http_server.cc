#include "edge/io/http_server.h"

#include <cerrno>
#include <chrono>
#include <exception>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "base/text.h"
#include "edge/io/http_fd_stream.h"

namespace tradewind::io {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using ErrorCode = beast::error_code;
using Parser = http::request_parser<http::string_body>;

// One connection's conversation: requests in turn until one side has enough.
class Session {
 public:
  Session(FdStream stream, bool tcp, const HttpLimits& limits, const HttpHandler& handler,
          const HttpRefusal& refusal, const std::atomic<bool>& stopping)
      : stream_(std::move(stream)),
        tcp_(tcp),
        limits_(limits),
        handler_(handler),
        refusal_(refusal),
        stopping_(stopping) {}

  void run() {
    while (!stopping_ && wait_for_request() && one_request()) {
    }
    ::shutdown(stream_.fd(), SHUT_WR);
  }

  void refuse(int status, const std::string& message) {
    send(refusal_(status, message), false, false);
    drain();
  }

 private:
  friend class ChunkedStream;

  bool wait_for_request() {
    if (buffer_.size() > 0) return true;
    ErrorCode ec;
    stream_.ignore_wake(false);
    stream_.expire_after(limits_.idle_patience);
    stream_.wait_readable(ec);
    stream_.ignore_wake(true);
    return !ec;
  }

  // True when the connection may carry another.
  bool one_request() {
    Parser parser;
    parser.header_limit(limits_.header_bytes_max);
    parser.body_limit(limits_.body_bytes_max);
    stream_.expire_after(limits_.request_patience);
    ErrorCode ec;
    http::read_header(stream_, buffer_, parser, ec);
    if (!ec && beast::iequals(parser.get()[http::field::expect], "100-continue")) {
      boost::asio::const_buffer go_on("HTTP/1.1 100 Continue\r\n\r\n", 25);
      stream_.write_some(go_on, ec);
    }
    if (!ec) http::read(stream_, buffer_, parser, ec);
    if (ec) {
      refuse_malformed(ec);
      return false;
    }
    const HttpRequest request = request_of(parser);
    const HttpResponse response = answer(request);
    const bool keep = parser.keep_alive() && !stopping_;
    return send(response, keep, request.method == "HEAD") && keep;
  }

  HttpRequest request_of(Parser& parser) const {
    HttpRequest request;
    request.method = std::string(parser.get().method_string());
    request.target = std::string(parser.get().target());
    for (const auto& field : parser.get()) {
      request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    request.body = std::move(parser.get().body());
    request.over_tcp = tcp_;
    return request;
  }

  HttpResponse answer(const HttpRequest& request) const {
    try {
      return handler_(request);
    } catch (const std::exception& problem) {
      return refusal_(500, std::string("the server made a mistake: ") + problem.what());
    }
  }

  void refuse_malformed(const ErrorCode& ec) {
    if (ec == http::error::body_limit)
      return refuse(413, "the request's body is longer than " + format_bytes(limits_.body_bytes_max));
    if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
      return refuse(431, "the request's headers are too long");
    if (ec == boost::asio::error::timed_out) return refuse(408, "the request did not come in time");
    const bool gone = ec == http::error::end_of_stream || ec == boost::asio::error::eof ||
                      ec == http::error::partial_message || ec.category() == boost::system::system_category();
    if (!gone) refuse(400, "the request is not HTTP: " + ec.message());
  }

  // Closing with unread bytes resets the connection, and the peer may then never see the answer: read a
  // little on.
  void drain() {
    ::shutdown(stream_.fd(), SHUT_WR);
    stream_.expire_after(Duration(200));
    char sink[16384];
    ErrorCode ec;
    for (std::size_t read = 0; read < (std::size_t{1} << 20) && !ec;) {
      read += stream_.read_some(boost::asio::mutable_buffer(sink, sizeof(sink)), ec);
    }
  }

  bool send(const HttpResponse& response, bool keep, bool head_only) {
    http::response<http::string_body> message;
    message.result(static_cast<unsigned>(response.status));
    message.version(11);
    for (const HttpHeader& header : response.headers) message.set(header.name, header.value);
    message.keep_alive(keep);
    if (response.stream) {
      message.chunked(true);
    } else {
      message.body() = response.body;
      message.content_length(response.body.size());
    }
    http::response_serializer<http::string_body> serializer(message);
    stream_.expire_after(limits_.write_patience);
    ErrorCode ec;
    if (head_only || response.stream) {
      http::write_header(stream_, serializer, ec);
    } else {
      http::write(stream_, serializer, ec);
    }
    if (ec) return false;
    return !response.stream || head_only || send_stream(response);
  }

  bool send_stream(const HttpResponse& response);

  bool write_all(std::string_view bytes) {
    stream_.expire_after(limits_.write_patience);
    while (!bytes.empty()) {
      ErrorCode ec;
      bytes.remove_prefix(stream_.write_some(boost::asio::const_buffer(bytes.data(), bytes.size()), ec));
      if (ec) return false;
    }
    return true;
  }

  FdStream stream_;
  const bool tcp_;
  const HttpLimits& limits_;
  const HttpHandler& handler_;
  const HttpRefusal& refusal_;
  const std::atomic<bool>& stopping_;
  beast::flat_buffer buffer_;
};

// RFC 9112 §7.1: each piece with its length in hex before it.
class ChunkedStream final : public HttpStream {
 public:
  explicit ChunkedStream(Session& session) : session_(session) {}
  Status write(std::string_view bytes) override {
    if (session_.stopping_) return Error{Code::cancelled, "the server is stopping"};
    if (bytes.empty()) return {};
    char length[20];
    const int count = std::snprintf(length, sizeof(length), "%zx\r\n", bytes.size());
    std::string piece(length, static_cast<std::size_t>(count));
    piece += bytes;
    piece += "\r\n";
    whole_ = whole_ && session_.write_all(piece);
    if (!whole_) return Error{Code::unavailable, "the peer has gone"};
    return {};
  }
  bool alive() override { return whole_ && !session_.stopping_ && !session_.stream_.peer_closed(); }
  bool whole() const { return whole_; }

 private:
  Session& session_;
  bool whole_ = true;
};

bool Session::send_stream(const HttpResponse& response) {
  ChunkedStream chunks(*this);
  try {
    response.stream(chunks);
  } catch (const std::exception&) {
    return false;  // cut short: the peer sees that the body did not end
  }
  return chunks.whole() && write_all("0\r\n\r\n");
}

}  // namespace

HttpServer::HttpServer(std::vector<HttpListener> listeners, HttpHandler handler, HttpRefusal refusal,
                       HttpLimits limits)
    : limits_(limits),
      handler_(std::move(handler)),
      refusal_(std::move(refusal)),
      listeners_(std::move(listeners)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(std::vector<HttpListener> listeners,
                                                      HttpHandler handler, HttpRefusal refusal,
                                                      HttpLimits limits) {
  std::unique_ptr<HttpServer> server(
      new HttpServer(std::move(listeners), std::move(handler), std::move(refusal), limits));
  TW_RETURN_IF_ERROR(server->open_wake());
  try {
    server->acceptor_ = std::thread([raw = server.get()] { raw->accept_loop(); });
  } catch (const std::system_error& problem) {
    return Error{Code::unavailable, std::string("no thread can be started: ") + problem.what()};
  }
  return server;
}

HttpServer::~HttpServer() {
  stop();
}

Status HttpServer::open_wake() {
  wake_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_.valid()) return Error{Code::unavailable, "no event descriptor can be had"};
  return {};
}

void HttpServer::stop() {
  if (!stopping_.exchange(true) && wake_.valid()) {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof(one));
  }
  if (acceptor_.joinable()) acceptor_.join();
  listeners_.clear();
  const auto until = std::chrono::steady_clock::now() + limits_.stop_patience;
  while (open_ > 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  reap(true);
}

void HttpServer::accept_loop() {
  std::vector<pollfd> waiting;
  for (const HttpListener& listener : listeners_) waiting.push_back({listener.socket.get(), POLLIN, 0});
  waiting.push_back({wake_.get(), POLLIN, 0});
  while (!stopping_) {
    if (::poll(waiting.data(), waiting.size(), 1000) < 0 && errno != EINTR) return;
    for (std::size_t i = 0; i < listeners_.size() && !stopping_; ++i) {
      if (waiting[i].revents != 0) accept_one(listeners_[i]);
    }
    reap(false);
  }
}

void HttpServer::accept_one(const HttpListener& listener) {
  UniqueFd socket(::accept4(listener.socket.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.valid()) {
    // Out of descriptors: the connection stays in the queue; do not spin on it.
    if (errno == EMFILE || errno == ENFILE) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return;
  }
  if (open_ >= limits_.connections_max) {
    Session surplus(FdStream(std::move(socket)), listener.tcp, limits_, handler_, refusal_, stopping_);
    surplus.refuse(503, "the server serves as many connections as it may");
    return;
  }
  const std::lock_guard lock(workers_mutex_);
  Worker& worker = workers_.emplace_back();
  worker.fd = socket.get();
  ++open_;
  try {
    worker.thread = std::thread([this, &worker, tcp = listener.tcp, taken = std::move(socket)]() mutable {
      serve(worker, std::move(taken), tcp);
    });
  } catch (const std::system_error&) {
    --open_;
    workers_.pop_back();
  }
}

void HttpServer::serve(Worker& worker, UniqueFd socket, bool tcp) {
  {
    Session session(FdStream(std::move(socket), wake_.get()), tcp, limits_, handler_, refusal_, stopping_);
    session.run();
    const std::lock_guard lock(
        workers_mutex_);  // stop() must not cut a descriptor that is somebody else's by then
    worker.fd = -1;
  }
  --open_;
  worker.done = true;
}

void HttpServer::reap(bool all) {
  std::list<Worker> ended;
  {
    const std::lock_guard lock(workers_mutex_);
    for (auto each = workers_.begin(); each != workers_.end();) {
      const auto next = std::next(each);
      if (all && each->fd >= 0) ::shutdown(each->fd, SHUT_RDWR);
      if (all || each->done) ended.splice(ended.end(), workers_, each);
      each = next;
    }
  }
  for (Worker& worker : ended) {
    if (worker.thread.joinable()) worker.thread.join();
  }
}

}  // namespace tradewind::io
