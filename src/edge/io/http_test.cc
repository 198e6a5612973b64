#include <atomic>
#include <filesystem>
#include <gtest/gtest.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "edge/io/http_client.h"
#include "edge/io/http_server.h"
#include "edge/io/http_target.h"

namespace tradewind::io {
namespace {

class HttpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/tw-http-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  HttpEndpoint serve(HttpHandler handler, HttpLimits limits = {}) {
    const std::string path = folder_ + "/server.sock";
    std::vector<HttpListener> listeners;
    Result<UniqueFd> socket = listen_unix(path);
    EXPECT_TRUE(socket.ok()) << socket.error().message;
    listeners.push_back({*std::move(socket), false});
    start(std::move(listeners), std::move(handler), limits);
    return {path, "", 0};
  }

  void start(std::vector<HttpListener> listeners, HttpHandler handler, HttpLimits limits) {
    const HttpRefusal refusal = [](int status, const std::string& message) {
      return HttpResponse{status, {}, message, {}};
    };
    Result<std::unique_ptr<HttpServer>> server =
        HttpServer::start(std::move(listeners), std::move(handler), refusal, limits);
    ASSERT_TRUE(server.ok());
    server_ = *std::move(server);
  }

  // Writes raw bytes and returns all that comes back until the server closes.
  static std::string raw(const HttpEndpoint& endpoint, std::string_view bytes) {
    Result<UniqueFd> socket = connect_to(endpoint, Duration(2000));
    if (!socket.ok()) return "no connection";
    EXPECT_EQ(::send(socket->get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    std::string answer;
    char piece[4096];
    for (;;) {
      const ssize_t count = ::recv(socket->get(), piece, sizeof(piece), 0);
      if (count > 0) answer.append(piece, static_cast<std::size_t>(count));
      if (count == 0 || (count < 0 && errno != EAGAIN)) return answer;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::string folder_;
  std::unique_ptr<HttpServer> server_;
};

HttpResponse echo(const HttpRequest& request) {
  return {
      200, {{"Content-Type", "text/plain"}}, request.method + " " + request.target + " " + request.body, {}};
}

TEST_F(HttpTest, CarriesRequestsAndAnswersOverOneConnection) {
  std::atomic<int> seen = 0;
  HttpClient client(serve([&](const HttpRequest& request) {
    ++seen;
    return echo(request);
  }));
  const Result<HttpResponse> first = client.send({"GET", "/a?b=c"});
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(first->status, 200);
  EXPECT_EQ(first->body, "GET /a?b=c ");
  EXPECT_EQ(header_of(first->headers, "content-type"), "text/plain");
  const Result<HttpResponse> second = client.send({"POST", "/x", {}, "body"});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->body, "POST /x body");
  EXPECT_EQ(server_->connections(), 1u);
  EXPECT_EQ(seen, 2);
}

TEST_F(HttpTest, TheUnixSocketIsForItsUserAlone) {
  const HttpEndpoint endpoint = serve(echo);
  struct stat info {};
  ASSERT_EQ(::stat(endpoint.unix_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
}

TEST_F(HttpTest, APathLongerThanASocketAddressWorks) {
  folder_ += "/" + std::string(120, 'd') + "/공백 한글";
  std::filesystem::create_directories(folder_);
  HttpClient client(serve(echo));
  const Result<HttpResponse> answer = client.send({"GET", "/"});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  server_.reset();
  folder_ = folder_.substr(0, folder_.find("/ddd"));
}

TEST_F(HttpTest, AServerThatIsNotThereIsNotFound) {
  HttpClient nobody({folder_ + "/none.sock", "", 0});
  EXPECT_EQ(nobody.send({}).error().code, Code::not_found);
  HttpEndpoint stale = serve(echo);
  server_.reset();
  EXPECT_TRUE(std::filesystem::exists(stale.unix_path));
  EXPECT_EQ(HttpClient(stale).send({}).error().code, Code::not_found);
}

TEST_F(HttpTest, AStaleSocketIsReplacedButAFileIsNot) {
  const HttpEndpoint endpoint = serve(echo);
  server_.reset();
  HttpClient client(serve(echo));
  EXPECT_TRUE(client.send({}).ok());
  server_.reset();
  std::filesystem::remove(endpoint.unix_path);
  std::filesystem::create_directory(endpoint.unix_path);
  EXPECT_EQ(listen_unix(endpoint.unix_path).error().code, Code::conflict);
}

TEST_F(HttpTest, APortInUseIsAConflictThatNamesThePort) {
  Result<UniqueFd> first = listen_loopback(0);
  ASSERT_TRUE(first.ok());
  const Result<UniqueFd> second = listen_loopback(port_of(*first));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_NE(second.error().message.find(std::to_string(port_of(*first))), std::string::npos);
}

TEST_F(HttpTest, TcpRequestsAreMarkedAsSuch) {
  Result<UniqueFd> socket = listen_loopback(0);
  ASSERT_TRUE(socket.ok());
  const HttpEndpoint endpoint{"", "127.0.0.1", port_of(*socket)};
  std::vector<HttpListener> listeners;
  listeners.push_back({*std::move(socket), true});
  start(std::move(listeners),
        [](const HttpRequest& request) {
          return HttpResponse{
              200, {}, request.over_tcp ? "tcp " + std::string(header_of(request.headers, "Host")) : "", {}};
        },
        {});
  const Result<HttpResponse> answer = HttpClient(endpoint).send({});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "tcp 127.0.0.1:" + std::to_string(endpoint.port));
}

TEST_F(HttpTest, AStreamArrivesPieceByPiece) {
  std::atomic<int> taken = 0;
  HttpClient client(serve([&](const HttpRequest&) {
    return HttpResponse{200, {}, {}, [&](HttpStream& stream) {
                          for (int i = 0; i < 3; ++i) {
                            // The next piece is made only after the peer has the last one: nothing is held
                            // back.
                            while (taken < i && stream.alive()) std::this_thread::yield();
                            EXPECT_TRUE(stream.write("piece" + std::to_string(i) + ";").ok());
                          }
                        }};
  }));
  std::string all;
  const Result<HttpResponse> head = client.stream({}, [&](std::string_view bytes) {
    all += bytes;
    ++taken;
    return true;
  });
  ASSERT_TRUE(head.ok()) << head.error().message;
  EXPECT_EQ(all, "piece0;piece1;piece2;");
  EXPECT_TRUE(client.send({"GET", "/again"}).ok());
}

TEST_F(HttpTest, AStreamThatIsCutShortIsAnError) {
  HttpClient client(serve([](const HttpRequest&) {
    return HttpResponse{200, {}, {}, [](HttpStream& stream) {
                          EXPECT_TRUE(stream.write("half").ok());
                          throw std::runtime_error("broken");
                        }};
  }));
  const Result<HttpResponse> head = client.stream({}, [](std::string_view) { return true; });
  ASSERT_FALSE(head.ok());
  EXPECT_EQ(head.error().code, Code::unavailable);
}

TEST_F(HttpTest, AReaderThatHasEnoughEndsTheStream) {
  std::atomic<bool> noticed = false;
  HttpClient client(serve([&](const HttpRequest&) {
    return HttpResponse{200, {}, {}, [&](HttpStream& stream) {
                          while (stream.alive() && stream.write("x").ok()) std::this_thread::yield();
                          noticed = true;
                        }};
  }));
  ASSERT_TRUE(client.stream({}, [](std::string_view) { return false; }).ok());
  ASSERT_TRUE(client.stream({}, [](std::string_view) { return false; }).ok());  // on a fresh connection
  while (!noticed) std::this_thread::yield();
  server_->stop();
}

TEST_F(HttpTest, AStreamThatIsSilentEndsWhenItIsCancelled) {
  HttpClientOptions options;
  const auto wish = std::make_shared<Cancellation>();
  options.cancellation = wish;
  HttpClient client(serve([](const HttpRequest&) {
                      return HttpResponse{200, {}, {}, [](HttpStream& stream) {
                                            EXPECT_TRUE(stream.write("one").ok());
                                            while (stream.alive()) std::this_thread::yield();
                                          }};
                    }),
                    options);
  std::thread canceller;
  const auto cancel_soon = [&](std::string_view) {
    canceller = std::thread([&] { wish->ask(); });
    return true;
  };
  const Result<HttpResponse> head = client.stream({}, cancel_soon);
  canceller.join();
  ASSERT_FALSE(head.ok());
  EXPECT_EQ(head.error().code, Code::cancelled);
  EXPECT_TRUE(wish->asked());
  const auto go_on = [](std::string_view) { return true; };
  EXPECT_EQ(client.stream({}, go_on).error().code, Code::cancelled) << "as long as it is asked for";
  wish->take_back();
  EXPECT_FALSE(wish->asked());
  EXPECT_TRUE(client.stream({}, [](std::string_view) { return false; }).ok());
}

TEST_F(HttpTest, WhatIsTooLargeIsRefusedWithItsStatus) {
  HttpLimits limits;
  limits.body_bytes_max = 1000;
  limits.header_bytes_max = 2000;
  const HttpEndpoint endpoint = serve(echo, limits);
  HttpClient client(endpoint);
  EXPECT_EQ(client.send({"POST", "/", {}, std::string(1000, 'x')})->status, 200);
  EXPECT_EQ(client.send({"POST", "/", {}, std::string(200'000, 'x')})->status, 413);
  EXPECT_EQ(client.send({"GET", "/", {{"X-Long", std::string(3000, 'x')}}})->status, 431);
}

TEST_F(HttpTest, WhatIsNotHttpIsRefusedAndNothingBreaks) {
  const HttpEndpoint endpoint = serve(echo);
  EXPECT_NE(raw(endpoint, "\x16\x03\x01 nonsense\r\n\r\n").find("400"), std::string::npos);
  EXPECT_NE(raw(endpoint, "GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n").find("400"), std::string::npos);
  EXPECT_TRUE(HttpClient(endpoint).send({}).ok());
}

TEST_F(HttpTest, ARequestThatNeverEndsTimesOut) {
  HttpLimits limits;
  limits.request_patience = Duration(50);
  const HttpEndpoint endpoint = serve(echo, limits);
  EXPECT_NE(raw(endpoint, "GET / HTTP/1.1\r\nHo").find("408"), std::string::npos);
}

TEST_F(HttpTest, ContinueIsSentToWhoWaitsForIt) {
  const HttpEndpoint endpoint = serve(echo);
  const std::string answer = raw(endpoint,
                                 "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\n"
                                 "Content-Length: 2\r\n\r\nhi");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"));
}

TEST_F(HttpTest, ConnectionsBeyondTheBoundAreTurnedAway) {
  HttpLimits limits;
  limits.connections_max = 1;
  const HttpEndpoint endpoint = serve(echo, limits);
  HttpClient first(endpoint);
  ASSERT_EQ(first.send({})->status, 200);
  EXPECT_EQ(HttpClient(endpoint).send({})->status, 503);
}

TEST_F(HttpTest, AHandlersExceptionIsAnAnswer) {
  HttpClient client(serve([](const HttpRequest&) -> HttpResponse { throw std::runtime_error("oh"); }));
  EXPECT_EQ(client.send({})->status, 500);
}

TEST_F(HttpTest, AServerThatIsSilentIsUnavailable) {
  std::atomic<bool> release = false;
  HttpClientOptions options;
  options.reply_patience = Duration(30);
  HttpClient client(serve([&](const HttpRequest&) {
                      while (!release) std::this_thread::yield();
                      return HttpResponse{};
                    }),
                    options);
  EXPECT_EQ(client.send({}).error().code, Code::unavailable);
  release = true;
  server_->stop();
}

TEST_F(HttpTest, StoppingLetsTheRequestUnderWayEnd) {
  std::atomic<bool> inside = false;
  const HttpEndpoint endpoint = serve([&](const HttpRequest&) {
    inside = true;
    while (!server_->stopping()) std::this_thread::yield();
    return HttpResponse{200, {}, "done", {}};
  });
  Result<HttpResponse> answer = Error{};
  std::thread caller([&] { answer = HttpClient(endpoint).send({}); });
  while (!inside) std::this_thread::yield();
  server_->stop();
  caller.join();
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->body, "done");
  EXPECT_EQ(header_of(answer->headers, "Connection"), "close");
}

TEST_F(HttpTest, AKeptConnectionThatTheServerClosedIsReplaced) {
  HttpLimits limits;
  limits.idle_patience = Duration(5);
  HttpClient client(serve(echo, limits));
  ASSERT_TRUE(client.send({}).ok());
  while (server_->connections() > 0) std::this_thread::yield();
  EXPECT_TRUE(client.send({"POST", "/"}).ok());
}

// Takes one connection and dies with the request unread, as a process that is killed does.
std::thread dying_server(UniqueFd listener) {
  return std::thread([listener = std::move(listener)]() mutable {
    pollfd waiting{listener.get(), POLLIN, 0};
    ::poll(&waiting, 1, 5000);
    const UniqueFd taken(::accept(listener.get(), nullptr, nullptr));
    pollfd request{taken.get(), POLLIN, 0};
    ::poll(&request, 1, 5000);
    listener.close();
  });
}

TEST_F(HttpTest, AServerThatDiedIsRevivedForWhatIsHarmlessToRepeat) {
  for (const std::string method : {"GET", "POST"}) {
    const std::string path = folder_ + "/server.sock";
    Result<UniqueFd> listener = listen_unix(path);
    ASSERT_TRUE(listener.ok());
    std::thread dying = dying_server(*std::move(listener));
    int revived = 0;
    HttpClientOptions options;
    options.revive = [&] {
      ++revived;
      dying.join();
      serve(echo);
      return Status();
    };
    HttpClient client({path, "", 0}, options);
    const Result<HttpResponse> answer = client.send({method, "/"});
    if (dying.joinable()) dying.join();
    EXPECT_EQ(answer.ok(), method == "GET");
    EXPECT_EQ(revived, method == "GET" ? 1 : 0) << "what a killed server did with a POST is not known";
    if (!answer.ok()) {
      EXPECT_EQ(answer.error().code, Code::unavailable);
    }
    server_.reset();
  }
}

TEST_F(HttpTest, AServerThatIsNotThereIsRevivedForAnyRequest) {
  HttpClientOptions options;
  options.revive = [&] {
    serve(echo);
    return Status();
  };
  HttpClient client({folder_ + "/server.sock", "", 0}, options);
  EXPECT_EQ(client.send({"POST", "/", {}, "x"})->body, "POST / x");

  options.revive = [] { return Error{Code::unavailable, "it does not start"}; };
  HttpClient hopeless({folder_ + "/other.sock", "", 0}, options);
  EXPECT_EQ(hopeless.send({}).error().message, "it does not start");
}

TEST(HttpTargetTest, SplitsAndDecodes) {
  const Result<HttpTarget> target = parse_http_target("/v1/jobs/a%20b%2Fc?after=1&name=%ED%95%9C+x&flag");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->parts, (std::vector<std::string>{"v1", "jobs", "a b/c"}));
  EXPECT_EQ(target->query,
            (std::map<std::string, std::string>{{"after", "1"}, {"flag", ""}, {"name", "한 x"}}));
}

TEST(HttpTargetTest, RefusesBrokenEncodings) {
  for (const char* bad : {"", "v1", "/%", "/%1", "/%zz", "/a?b=%0a", "http://x/"}) {
    EXPECT_FALSE(parse_http_target(bad).ok()) << bad;
  }
}

TEST(HttpTargetTest, EncodingComesBack) {
  const std::string text = "aZ0-._~ /?&=%한";
  const Result<HttpTarget> target = parse_http_target("/" + percent_encode(text));
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->parts, std::vector<std::string>{text});
}

TEST(HttpEndpointTest, ReadsBothKindsAndWritesThemBack) {
  EXPECT_EQ(*parse_http_endpoint("unix:/tmp/a b"), (HttpEndpoint{"/tmp/a b", "", 0}));
  EXPECT_EQ(*parse_http_endpoint("http://127.0.0.1:7070/"), (HttpEndpoint{"", "127.0.0.1", 7070}));
  EXPECT_EQ(to_text(*parse_http_endpoint("http://[::1]:80")), "http://[::1]:80");
  EXPECT_EQ(*parse_http_endpoint("https://s3.example.com"), (HttpEndpoint{"", "s3.example.com", 443, true}));
  EXPECT_EQ(to_text(*parse_http_endpoint("https://[::1]/")), "https://[::1]:443");
  EXPECT_EQ(host_header(*parse_http_endpoint("https://s3.example.com:443")), "s3.example.com");
  EXPECT_EQ(host_header(*parse_http_endpoint("http://[::1]:8080")), "[::1]:8080");
  for (const char* bad : {"", "https://", "https://x@y", "https://x/y", "http://x", "http://:1", "http://x:0",
                          "http://x:70000", "http://x:1x", "unix:"}) {
    EXPECT_FALSE(parse_http_endpoint(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace tradewind::io
