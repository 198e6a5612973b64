#include "edge/io/http_proxy.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>

#include "edge/io/hash.h"
#include "edge/io/http_pool.h"
#include "edge/io/testing/tls_server.h"

namespace tradewind::io {
namespace {

using std::chrono::seconds;

TEST(HttpProxies, TheEnvironmentSaysWhatIsReachedThroughOne) {
  const HttpProxies proxies = *HttpProxies::from({{"HTTPS_PROXY", "http://ana:p%40ss@proxy.example:3128/"},
                                                  {"NO_PROXY", "internal, .lab.example,10.0.0.7"}});
  const auto through = [&](const std::string& url) {
    return proxies.way_to(*parse_http_endpoint(url)).has_value();
  };
  EXPECT_TRUE(through("https://ec2.us-east-1.amazonaws.com"));
  for (const char* direct : {"https://internal", "https://a.internal", "https://lab.example",
                             "https://x.lab.example", "https://10.0.0.7", "https://localhost",
                             "https://127.0.0.2:8443", "http://ec2.us-east-1.amazonaws.com:80"})
    EXPECT_FALSE(through(direct)) << direct;
  EXPECT_TRUE(through("https://xinternal"));
  const HttpProxy proxy = *proxies.way_to(*parse_http_endpoint("https://a.example"));
  EXPECT_EQ(to_text(proxy.endpoint), "http://proxy.example:3128");
  EXPECT_EQ(proxy.authorization, "Basic " + base64("ana:p@ss"));
  EXPECT_FALSE(HttpProxies::from({})->way_to(*parse_http_endpoint("https://a.example")).has_value());
  EXPECT_FALSE(HttpProxies::from({{"https_proxy", "proxy:1"}, {"no_proxy", "*"}})
                   ->way_to(*parse_http_endpoint("https://a.example"))
                   .has_value());
}

TEST(HttpProxies, WhatIsNoProxyIsToldWithoutItsPassword) {
  for (const char* none : {"socks5://ana:hunter2@x:1", "http://ana:hunter2@", "http://x:99999"}) {
    const Result<HttpProxies> made = HttpProxies::from({{"HTTPS_PROXY", none}});
    ASSERT_FALSE(made.ok()) << none;
    EXPECT_EQ(describe(made.error()).find("hunter2"), std::string::npos);
  }
}

// A proxy for one connection: answers the first head with `answer`, and then passes bytes on to `behind`.
class OneProxy {
 public:
  OneProxy(std::string answer, std::uint16_t behind) : listener_(listen_loopback(0).value()) {
    thread_ = std::thread([this, answer = std::move(answer), behind] { serve(answer, behind); });
  }
  ~OneProxy() { thread_.join(); }
  HttpProxy proxy() const {
    return {*parse_http_endpoint("http://127.0.0.1:" + std::to_string(port_of(listener_))), "Basic abc"};
  }
  const std::string& head() const { return head_; }

 private:
  void serve(const std::string& answer, std::uint16_t behind) {
    pollfd waiting{listener_.get(), POLLIN, 0};
    ASSERT_GT(::poll(&waiting, 1, 20'000), 0);
    const UniqueFd peer(::accept(listener_.get(), nullptr, nullptr));
    char byte = 0;
    while (!head_.ends_with("\r\n\r\n") && ::recv(peer.get(), &byte, 1, 0) == 1) head_ += byte;
    ASSERT_EQ(::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(answer.size()));
    if (behind == 0) return;
    const UniqueFd server =
        connect_to(*parse_http_endpoint("http://127.0.0.1:" + std::to_string(behind)), seconds(5)).value();
    pollfd both[] = {{peer.get(), POLLIN, 0}, {server.get(), POLLIN, 0}};
    while (::poll(both, 2, 20'000) > 0) {
      for (int i = 0; i < 2; ++i) {
        if ((both[i].revents & (POLLIN | POLLHUP)) == 0) continue;
        char bytes[4096];
        const ssize_t got = ::recv(both[i].fd, bytes, sizeof bytes, 0);
        if (got <= 0) return;
        pollfd out{both[1 - i].fd, POLLOUT, 0};
        ::poll(&out, 1, 5'000);
        ASSERT_EQ(::send(both[1 - i].fd, bytes, static_cast<std::size_t>(got), MSG_NOSIGNAL), got);
      }
    }
  }

  UniqueFd listener_;
  std::string head_;
  std::thread thread_;
};

TEST(HttpProxy, ARefusalOfTheProxysNamesItAndTheCure) {
  const HttpEndpoint there = *parse_http_endpoint("https://ec2.example");
  const auto refused = [&](const std::string& answer) {
    OneProxy proxy(answer, 0);
    HttpClientOptions options;
    options.proxy = proxy.proxy();
    options.connect_patience = seconds(5);
    return HttpClient(there, options).send({}).error();
  };
  EXPECT_EQ(refused("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").code, Code::unauthorized);
  EXPECT_NE(refused("HTTP/1.1 403 Forbidden\r\n\r\n").hint.find("NO_PROXY"), std::string::npos);
  EXPECT_EQ(refused("HTTP/1.1 502 Bad Gateway\r\n\r\n").code, Code::unavailable);
  EXPECT_EQ(refused("").code, Code::unavailable);
}

TEST(HttpProxy, TlsGoesThroughToTheServerItself) {
  const TestAuthority authority;
  const TestTlsServer server(authority.issue("DNS:ec2.example"));
  OneProxy proxy("HTTP/1.1 200 Connection established\r\nVia: 1.1 x\r\n\r\n", server.port());
  HttpClientOptions options;
  options.proxy = proxy.proxy();
  options.trust = *TlsTrust::from_pem(authority.certificate_pem(), "", "");
  options.connect_patience = seconds(5);
  {
    HttpClient client(*parse_http_endpoint("https://ec2.example"), options);
    for (int i = 0; i < 2; ++i) {
      const Result<HttpResponse> answer = client.send({"GET", "/x"});
      ASSERT_TRUE(answer.ok()) << describe(answer.error());
      EXPECT_EQ(answer->status, 200);
    }
  }
  EXPECT_EQ(server.greetings(), 1) << "one tunnel serves several requests";
  EXPECT_TRUE(proxy.head().starts_with("CONNECT ec2.example:443 HTTP/1.1\r\nHost: ec2.example:443\r\n"));
  EXPECT_NE(proxy.head().find("Proxy-Authorization: Basic abc\r\n"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::io
