// A TCP proxy on loopback that cuts connections: what lies between a client and a real server at its worst.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "edge/io/unique_fd.h"

namespace tradewind::objectstore {

// Passes on what both sides say. A share of the connections, picked by the seed, is reset: at once, after
// some bytes towards the server (a request that did not arrive whole), or after some bytes from it, of which
// the last are swallowed (a reply that was lost after the server acted).
class FaultProxy {
 public:
  struct Options {
    std::uint64_t seed = 1;
    double share = 0.25;                // of connections that are cut
    std::uint64_t bytes_max = 300'000;  // that pass before the cut
  };
  // Of "127.0.0.1" and a port. Aborts where no socket is to be had.
  FaultProxy(std::uint16_t target, Options options);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }
  int cuts() const { return cuts_; }

 private:
  struct Fate {
    bool cut = false;
    bool towards_server = false;
    std::uint64_t after_bytes = 0;
  };
  Fate draw();
  void accept_loop();
  void serve(io::UniqueFd client, Fate fate);

  const std::uint16_t target_;
  const Options options_;
  Random random_;  // of the acceptor alone
  io::UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::atomic<int> cuts_{0};
  std::vector<std::thread> servants_;  // of the acceptor alone, until it has ended
  std::thread acceptor_;
};

}  // namespace tradewind::objectstore
