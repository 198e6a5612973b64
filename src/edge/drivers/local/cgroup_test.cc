#include "edge/drivers/local/cgroup.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "edge/drivers/local/machine_environment.h"
#include "edge/io/files.h"
#include "edge/io/process.h"

namespace tradewind::local {
namespace {

constexpr const char* mounts_v1 =
    "30 23 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755\n"
    "31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:5 - cgroup cgroup rw,cpu,cpuacct\n"
    "32 30 0:28 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "33 30 0:29 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
    "34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n";

TEST(Hierarchies, AreFoundInEveryVersion) {
  const auto found = parse_hierarchies(
      "12:blkio:/\n5:memory:/docker/abc/job\n4:cpu,cpuacct:/user.slice\n1:name=systemd:/x\n0::/user.slice/"
      "a.scope\n",
      mounts_v1);
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].own_folder, "/sys/fs/cgroup/memory/job") << "below the mount's root";
  EXPECT_EQ(found[1].own_folder, "/sys/fs/cgroup/cpu,cpuacct/user.slice");
  EXPECT_FALSE(found[1].v2);
  EXPECT_EQ(found[2].own_folder, "/sys/fs/cgroup/unified/user.slice/a.scope");
  EXPECT_TRUE(found[2].v2);
}

TEST(Hierarchies, AreNoneWhereNothingIsMounted) {
  EXPECT_TRUE(parse_hierarchies("4:memory:/\n0::/\n", "").empty());
  EXPECT_TRUE(parse_hierarchies("", mounts_v1).empty());
  EXPECT_TRUE(parse_hierarchies("garbage\n:::\n", "x - \n - cgroup\n").empty());
}

TEST(Cgroup, HoldsKillsAndLetsGoWhereThisMachineAllowsIt) {
  const std::string name = "test-" + std::to_string(::getpid());
  const Cgroup group = Cgroup::create(name, {0.5, 0.25, 100}, own_hierarchies());
  if (group.folders().empty()) GTEST_SKIP() << "this user may not make cgroups here";
  io::SpawnRequest request;
  request.argv = {"/bin/sh", "-c", "setsid sleep 600 & exec sleep 600"};
  request.environment = {{"PATH", "/usr/bin:/bin"}};
  request.join_files = group.join_files();
  Result<io::Child> child = io::spawn(request);
  ASSERT_TRUE(child.ok());
  for (int i = 0; i < 1000 && group.members().size() < 2; ++i) {
    static_cast<void>(child->wait_for(Duration(10)));
  }
  EXPECT_EQ(group.members().size(), 2U);
  EXPECT_FALSE(group.remove()) << "it has members";
  group.kill();
  EXPECT_EQ(child->wait().value(), (io::ExitStatus{true, SIGKILL}));
  EXPECT_TRUE(group.remove());
  for (const std::string& folder : group.folders()) EXPECT_FALSE(io::path_exists(folder));
}

TEST(MachineEnvironment, WithholdsCredentialsAndOurOwnSettings) {
  const auto given = machine_environment({{"PATH", "/bin"},
                                          {"HOME", "/h"},
                                          {"CUDA_VISIBLE_DEVICES", "0"},
                                          {"AWS_PROFILE", "x"},
                                          {"AZURE_CLIENT_ID", "x"},
                                          {"AZURE_FEDERATED_TOKEN_FILE", "x"},
                                          {"AZURE_STORAGE_CONNECTION_STRING", "x"},
                                          {"AZURE_STORAGE_KEY", "x"},
                                          {"IDENTITY_ENDPOINT", "x"},
                                          {"IDENTITY_HEADER", "x"},
                                          {"IMDS_ENDPOINT", "x"},
                                          {"MSI_ENDPOINT", "x"},
                                          {"GITHUB_TOKEN", "x"},
                                          {"my_api_key", "x"},
                                          {"DB_PASSWORD", "x"},
                                          {"SSH_AUTH_SOCK", "x"},
                                          {"TRADEWIND_HOME", "x"}});
  EXPECT_EQ(given, (std::map<std::string, std::string>{
                       {"CUDA_VISIBLE_DEVICES", "0"}, {"HOME", "/h"}, {"PATH", "/bin"}}));
  EXPECT_EQ(machine_environment({}).at("PATH"), "/usr/local/bin:/usr/bin:/bin");
}

}  // namespace
}  // namespace tradewind::local
