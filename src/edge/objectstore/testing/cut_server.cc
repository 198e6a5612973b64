#include "edge/objectstore/testing/cut_server.h"

#include <atomic>
#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

std::atomic<int> proxies_made{0};
std::atomic<int> connections_cut{0};

FaultProxy::Options numbered(FaultProxy::Options options) {
  options.seed = static_cast<std::uint64_t>(++proxies_made);
  return options;
}

// A proxy that never cuts proves nothing.
class CutsHappened final : public testing::Environment {
 public:
  void TearDown() override {
    if (proxies_made < 10) return;
    EXPECT_GE(connections_cut, proxies_made / 10)
        << "of the connections through " << proxies_made << " proxies";
  }
};

}  // namespace

CutServer::CutServer(std::uint16_t port, FaultProxy::Options options) : proxy_(port, numbered(options)) {}

CutServer::~CutServer() {
  connections_cut += proxy_.cuts();
}

void expect_cuts() {
  static const bool watched =
      testing::AddGlobalTestEnvironment(new CutsHappened) != nullptr;  // gtest owns it
  static_cast<void>(watched);
}

}  // namespace tradewind::objectstore
