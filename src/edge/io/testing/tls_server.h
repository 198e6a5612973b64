// A certificate authority and an HTTPS server for tests: what a client must believe, and what it must not.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "edge/io/http_socket.h"

namespace tradewind::io {

struct KeyAndCertificate {
  std::string key_pem;
  std::string certificate_pem;
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name = "Test Authority");
  // Valid from an hour ago until `valid_s` seconds from now, which may be in the past. `names`:
  // "DNS:localhost, IP:127.0.0.1".
  KeyAndCertificate issue(const std::string& names, long valid_s = 3600) const;
  const std::string& certificate_pem() const { return own_.certificate_pem; }

 private:
  KeyAndCertificate own_;
};

// Answers each request with 200 and its own request line as the body, several on one connection. Bodies of
// requests are not read.
class TestTlsServer {
 public:
  explicit TestTlsServer(const KeyAndCertificate& identity);
  ~TestTlsServer();
  TestTlsServer(const TestTlsServer&) = delete;
  TestTlsServer& operator=(const TestTlsServer&) = delete;

  std::uint16_t port() const { return port_; }
  int greetings() const { return greetings_; }  // connections whose handshake was completed

 private:
  struct Context;
  void accept_loop();
  void converse(int fd);

  std::unique_ptr<Context> context_;
  UniqueFd listener_;
  std::uint16_t port_;
  std::atomic<int> greetings_{0};
  std::atomic<bool> stopping_{false};
  std::thread acceptor_;
};

}  // namespace tradewind::io
