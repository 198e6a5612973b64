// The fault proxies of one test program, of which some must really have cut connections.
#pragma once

#include <cstdint>

#include "edge/objectstore/testing/fault_proxy.h"

namespace tradewind::objectstore {

// A proxy before a server, with faults of its own.
class CutServer {
 public:
  // `options.seed` is the number of the proxy. REQUIRES: made while tests run, or before.
  explicit CutServer(std::uint16_t port, FaultProxy::Options options = {});
  ~CutServer();
  CutServer(const CutServer&) = delete;
  CutServer& operator=(const CutServer&) = delete;
  std::uint16_t port() const { return proxy_.port(); }

 private:
  FaultProxy proxy_;
};

// At the end of the program, fails where proxies were made and hardly any connection was cut. Before the
// tests run; any number of times.
void expect_cuts();

}  // namespace tradewind::objectstore
