// The suite of all stores, over a real sshd on loopback: as it is, and through a proxy that cuts connections.
#include <gtest/gtest.h>

#include "edge/objectstore/sftp/sftp_store.h"
#include "edge/objectstore/testing/conformance.h"
#include "edge/objectstore/testing/cut_server.h"
#include "edge/objectstore/testing/ssh_server.h"

namespace tradewind::objectstore {
namespace {

std::shared_ptr<SshServer> sshd() {
  static const auto server = std::make_shared<SshServer>();
  return server;
}

Connect over_ssh() {
  return [url = SshServer::url(sshd()->fresh_folder())]() -> std::shared_ptr<ObjectStore> {
    Result<std::unique_ptr<ObjectStore>> store = open_sftp_store(url, sshd()->environment());
    EXPECT_TRUE(store.ok()) << describe(store.error());
    return store.ok() ? *std::move(store) : nullptr;
  };
}

// A connection lives long, and much passes by it: of the few that there are, more are cut, and later.
constexpr FaultProxy::Options late_cuts{.seed = 1, .share = 0.4, .bytes_max = 4'000'000};

Connect over_ssh_that_breaks() {
  const auto proxy = std::make_shared<CutServer>(static_cast<std::uint16_t>(sshd()->port()), late_cuts);
  // By another port the host is still the one whose key is known.
  const cloud::Variables environment =
      sshd()->environment_with("  Port " + std::to_string(proxy->port()) +
                               "\n  HostKeyAlias [127.0.0.1]:" + std::to_string(sshd()->port()));
  return
      [proxy, environment, url = SshServer::url(sshd()->fresh_folder())]() -> std::shared_ptr<ObjectStore> {
        StoreTuning tuning;
        tuning.attempts_max = 12;
        tuning.delay_first = Duration(20);
        Result<std::unique_ptr<ObjectStore>> store = open_sftp_store(url, environment, tuning);
        EXPECT_TRUE(store.ok()) << describe(store.error());
        return store.ok() ? *std::move(store) : nullptr;
      };
}

std::vector<ConformanceCase> cut_cases_over_ssh() {
  expect_cuts();
  return {conformance_case("sshd", over_ssh_that_breaks, true)};
}

INSTANTIATE_TEST_SUITE_P(SshdCut, ObjectStoreConformance, testing::ValuesIn(cut_cases_over_ssh()));

INSTANTIATE_TEST_SUITE_P(Sshd, ObjectStoreConformance,
                         testing::Values(conformance_case("sshd", over_ssh, true)));

}  // namespace
}  // namespace tradewind::objectstore
