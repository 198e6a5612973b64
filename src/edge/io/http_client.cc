#include "edge/io/http_client.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "edge/io/http_client_stream.h"

namespace tradewind::io {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using ErrorCode = beast::error_code;

template <class Fields>
std::vector<HttpHeader> headers_of(const Fields& fields) {
  std::vector<HttpHeader> headers;
  for (const auto& field : fields) {
    headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  return headers;
}

bool is_read(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

// One open connection, its read buffer, and whether it may carry another request.
class HttpClient::Connection {
 public:
  Connection(UniqueFd socket, std::optional<TlsSession> tls, int wake_fd)
      : stream_(std::move(socket), std::move(tls), wake_fd) {}

  bool usable() const { return keep_ && !stream_.readable_now(); }
  bool used() const { return used_; }
  // The other side ended it before a byte of the answer to the last request came.
  bool died_unanswered() const { return unanswered_ && died_; }

  Status write(const HttpRequest& request, const HttpEndpoint& endpoint, const HttpClientOptions& options) {
    http::request<http::span_body<const char>> message;
    message.method_string(request.method);
    message.target(request.target);
    message.version(11);
    message.set(http::field::host, host_header(endpoint));
    for (const HttpHeader& header : options.headers) message.set(header.name, header.value);
    for (const HttpHeader& header : request.headers) message.set(header.name, header.value);
    const std::string_view body = body_of(request);
    message.body() = boost::beast::span<const char>(body.data(), body.size());
    const bool may_have_body = request.method == "POST" || request.method == "PUT";
    if (!body.empty() || may_have_body) message.content_length(body.size());
    used_ = true;
    keep_ = false;
    unanswered_ = true;
    stream_.expire_after(options.reply_patience);
    ErrorCode ec;
    http::write(stream_, message, ec);
    if (ec) return failure(ec, endpoint);
    return {};
  }

  Result<HttpResponse> read(const HttpEndpoint& endpoint, std::size_t body_bytes_max, Duration patience,
                            bool head_only) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(body_bytes_max);
    parser.skip(head_only);
    stream_.acknowledge_at_once();
    stream_.expire_after(patience);
    ErrorCode ec;
    http::read_header(stream_, buffer_, parser, ec);
    unanswered_ = !parser.got_some();
    if (!ec && parser.content_length() && !parser.chunked() && !parser.is_done()) {
      read_straight(parser.get().body(), *parser.content_length(), ec);
    } else if (!ec) {
      http::read(stream_, buffer_, parser, ec);
    }
    if (ec) return failure(ec, endpoint);
    keep_ = parser.keep_alive();
    return HttpResponse{static_cast<int>(parser.get().result_int()),
                        headers_of(parser.get()),
                        std::move(parser.get().body()),
                        {}};
  }

  Result<HttpResponse> read_stream(const HttpEndpoint& endpoint, const HttpClientOptions& options,
                                   const std::function<bool(std::string_view)>& take) {
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    stream_.expire_after(options.reply_patience);
    ErrorCode ec;
    http::read_header(stream_, buffer_, parser, ec);
    if (ec) return failure(ec, endpoint);
    HttpResponse response{static_cast<int>(parser.get().result_int()), headers_of(parser.get()), {}, {}};
    const bool refused = response.status >= 300;
    while (!parser.is_done()) {
      char piece[16384];
      parser.get().body().data = piece;
      parser.get().body().size = sizeof(piece);
      stream_.expire_after(options.reply_patience);
      http::read_some(stream_, buffer_, parser, ec);
      if (ec == http::error::need_buffer) ec = {};
      if (ec) return failure(ec, endpoint);
      const std::string_view bytes(piece, sizeof(piece) - parser.get().body().size);
      if (refused) {
        response.body +=
            bytes.substr(0, options.body_bytes_max - std::min(options.body_bytes_max, response.body.size()));
      } else if (!bytes.empty() && !take(bytes)) {
        return response;  // the connection is not reused: its body was not read to the end
      }
    }
    keep_ = parser.keep_alive();
    return response;
  }

 private:
  // A body of known size, past the parser: it would read large ones in small pieces and copy each. Memory is
  // taken as bytes come, not as the other side says, and in steps that a processor's cache holds: a string
  // clears each before it is read into.
  void read_straight(std::string& body, std::uint64_t size, ErrorCode& ec) {
    constexpr std::uint64_t reserved_first = std::uint64_t{8} << 20;
    constexpr std::uint64_t step = std::uint64_t{256} << 10;
    std::uint64_t done = std::min<std::uint64_t>(size, buffer_.size());
    body.reserve(std::min(size, reserved_first));
    body.assign(static_cast<const char*>(buffer_.data().data()), done);
    buffer_.consume(done);
    while (done < size && !ec) {
      if (done == body.capacity()) body.reserve(std::min(size, std::max(reserved_first, 2 * done)));
      if (done == body.size()) body.resize(std::min({size, done + step, std::uint64_t{body.capacity()}}));
      done += stream_.read_some(boost::asio::mutable_buffer(body.data() + done, body.size() - done), ec);
    }
  }

  Error failure(const ErrorCode& ec, const HttpEndpoint& endpoint) {
    const std::string where = to_text(endpoint);
    if (ec == boost::asio::error::operation_aborted) {
      return {Code::cancelled, "the answer of the server at " + where + " was not waited for"};
    }
    if (ec == boost::asio::error::timed_out) {
      return {Code::unavailable, "the server at " + where + " did not answer in time"};
    }
    if (ec == http::error::body_limit || ec == http::error::header_limit) {
      return {Code::invalid_argument, "the answer of the server at " + where + " is longer than allowed"};
    }
    const bool closed = ec == boost::asio::error::eof || ec == http::error::end_of_stream ||
                        ec == http::error::partial_message ||
                        ec.category() == boost::system::system_category();
    died_ = closed;
    if (closed)
      return {Code::unavailable, "the server at " + where + " closed the connection: " + ec.message()};
    return {Code::corrupt, "the answer from " + where + " is not HTTP: " + ec.message()};
  }

  ClientStream stream_;
  beast::flat_buffer buffer_;
  bool keep_ = true;
  bool used_ = false;
  bool unanswered_ = true;
  bool died_ = false;
};

HttpClient::HttpClient(HttpEndpoint endpoint, HttpClientOptions options)
    : endpoint_(std::move(endpoint)), options_(std::move(options)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Status HttpClient::connect() {
  if (connection_ && connection_->usable()) return {};
  connection_.reset();
  const HttpEndpoint& next = options_.proxy ? options_.proxy->endpoint : endpoint_;
  TW_ASSIGN_OR_RETURN(UniqueFd socket, connect_to(next, options_.connect_patience));
  if (options_.proxy)
    TW_RETURN_IF_ERROR(open_tunnel(socket.get(), *options_.proxy, endpoint_, options_.connect_patience));
  std::optional<TlsSession> tls;
  if (endpoint_.tls) {
    if (!options_.trust) {
      TW_ASSIGN_OR_RETURN(options_.trust, TlsTrust::from_environment());
    }
    const std::string& named = options_.tls_name.empty() ? endpoint_.host : options_.tls_name;
    TW_ASSIGN_OR_RETURN(tls, TlsSession::greet(socket.get(), *options_.trust, named,
                                               options_.connect_patience, to_text(endpoint_)));
  }
  const int wake_fd = options_.cancellation ? options_.cancellation->fd() : -1;
  connection_ = std::make_unique<Connection>(std::move(socket), std::move(tls), wake_fd);
  return {};
}

Result<HttpResponse> HttpClient::attempt(const HttpRequest& request, Duration patience) {
  TW_RETURN_IF_ERROR(connect());
  TW_RETURN_IF_ERROR(connection_->write(request, endpoint_, options_));
  return connection_->read(endpoint_, options_.body_bytes_max, patience, request.method == "HEAD");
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request, Duration reply_patience) {
  const bool reused = connection_ && connection_->usable() && connection_->used();
  Result<HttpResponse> response = attempt(request, reply_patience);
  if (response.ok()) return response;
  const bool again = may_be_sent_again(request, response.error()) && (reused || options_.revive);
  connection_.reset();
  if (!again) return response;
  if (options_.revive) TW_RETURN_IF_ERROR(options_.revive());
  return attempt(request, reply_patience);
}

bool HttpClient::may_be_sent_again(const HttpRequest& request, const Error& error) const {
  if (!connection_) return error.code == Code::not_found;  // it was never sent
  return is_read(request) && connection_->died_unanswered();
}

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
  return send(request, options_.reply_patience);
}

Result<HttpResponse> HttpClient::stream(const HttpRequest& request,
                                        const std::function<bool(std::string_view)>& take) {
  TW_RETURN_IF_ERROR(connect());
  TW_RETURN_IF_ERROR(connection_->write(request, endpoint_, options_));
  Result<HttpResponse> response = connection_->read_stream(endpoint_, options_, take);
  if (!response.ok()) connection_.reset();
  return response;
}

}  // namespace tradewind::io
