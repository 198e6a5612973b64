#include "edge/io/http_pool.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

#include "edge/io/http_server.h"

namespace tradewind::io {
namespace {

class HttpPoolTest : public ::testing::Test {
 protected:
  void serve(HttpHandler handler, HttpLimits limits = {}) {
    Result<UniqueFd> socket = listen_loopback(0);
    ASSERT_TRUE(socket.ok());
    endpoint_ = {"", "127.0.0.1", port_of(*socket)};
    std::vector<HttpListener> listeners;
    listeners.push_back({*std::move(socket), true});
    Result<std::unique_ptr<HttpServer>> server = HttpServer::start(
        std::move(listeners), std::move(handler),
        [](int status, const std::string& message) {
          return HttpResponse{status, {}, message, {}};
        },
        limits);
    ASSERT_TRUE(server.ok());
    server_ = *std::move(server);
  }

  HttpEndpoint endpoint_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpPoolTest, CallsAtTheSameTimeHaveTheirOwnConnectionsAndFewStayOpen) {
  std::atomic<int> inside = 0;
  constexpr int callers_count = 8;
  serve([&](const HttpRequest& request) {
    ++inside;
    while (inside < callers_count) std::this_thread::yield();  // all of them are here at once
    return HttpResponse{200, {}, request.body, {}};
  });
  HttpPoolOptions options;
  options.idle_max = 3;
  HttpPool pool(options);
  {
    std::vector<std::jthread> callers;
    callers.reserve(callers_count);
    for (int i = 0; i < callers_count; ++i) {
      callers.emplace_back([&, i] {
        const Result<HttpResponse> answer = pool.send(endpoint_, {"POST", "/", {}, std::to_string(i)});
        ASSERT_TRUE(answer.ok()) << answer.error().message;
        EXPECT_EQ(answer->body, std::to_string(i));
      });
    }
  }
  EXPECT_EQ(pool.idle(), 3u);
  ASSERT_TRUE(pool.send(endpoint_, {}).ok());
  EXPECT_EQ(pool.idle(), 3u) << "the call took one of them and gave it back";
}

TEST_F(HttpPoolTest, AnIdleConnectionIsClosedInTime) {
  serve([](const HttpRequest&) { return HttpResponse{}; });
  HttpPoolOptions options;
  options.idle_patience = Duration(0);
  HttpPool pool(options);
  ASSERT_TRUE(pool.send(endpoint_, {}).ok());
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  ASSERT_TRUE(pool.send(endpoint_, {}).ok());
  EXPECT_EQ(pool.idle(), 1u);
}

TEST_F(HttpPoolTest, TheHeadOfAnAnswerIsReadWithoutItsBody) {
  serve([](const HttpRequest&) { return HttpResponse{200, {}, "five!", {}}; });
  HttpPool pool;
  const Result<HttpResponse> head = pool.send(endpoint_, {"HEAD", "/"});
  ASSERT_TRUE(head.ok()) << head.error().message;
  EXPECT_EQ(header_of(head->headers, "Content-Length"), "5");
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(pool.send(endpoint_, {"GET", "/"})->body, "five!");
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(HttpPoolTest, AFailedCallLeavesNoConnection) {
  serve([](const HttpRequest&) {
    return HttpResponse{200, {}, {}, [](HttpStream&) { throw std::runtime_error("cut"); }};
  });
  HttpPool pool;
  EXPECT_EQ(pool.send(endpoint_, {}).error().code, Code::unavailable);
  EXPECT_EQ(pool.idle(), 0u);
}

}  // namespace
}  // namespace tradewind::io
