// The suite of all stores, over a real sshd on loopback.
#include <gtest/gtest.h>

#include "edge/objectstore/sftp/sftp_store.h"
#include "edge/objectstore/testing/conformance.h"
#include "edge/objectstore/testing/ssh_server.h"

namespace tradewind::objectstore {
namespace {

Connect over_ssh() {
  static const auto server = std::make_shared<SshServer>();
  return [url = SshServer::url(server->fresh_folder())]() -> std::shared_ptr<ObjectStore> {
    Result<std::unique_ptr<ObjectStore>> store = open_sftp_store(url, server->environment());
    EXPECT_TRUE(store.ok()) << describe(store.error());
    return store.ok() ? *std::move(store) : nullptr;
  };
}

INSTANTIATE_TEST_SUITE_P(Sshd, ObjectStoreConformance,
                         testing::Values(conformance_case("sshd", over_ssh, true)));

}  // namespace
}  // namespace tradewind::objectstore
