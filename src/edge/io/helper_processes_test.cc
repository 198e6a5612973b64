#include "edge/io/helper_processes.h"

#include <algorithm>
#include <csignal>
#include <gtest/gtest.h>
#include <unistd.h>

namespace tradewind::io {
namespace {

SpawnRequest shell(const std::string& script) {
  SpawnRequest request;
  request.argv = {"/bin/sh", "-c", script};
  request.environment = {{"PATH", "/usr/bin:/bin"}};
  return request;
}

std::vector<ProcessInfo> family() {
  return descendants(list_processes(), ::getpid());
}

bool holds(const std::vector<ProcessInfo>& table, pid_t pid) {
  return std::any_of(table.begin(), table.end(),
                     [pid](const ProcessInfo& process) { return process.identity.pid == pid; });
}

TEST(HelperProcesses, AreLeftOutWithAllThatTheyStarted) {
  HelperProcesses helpers;
  Result<Child> helper = helpers.spawn(shell("sleep 60 & echo; wait"));
  Result<Child> other = spawn(shell("exec sleep 60"));
  ASSERT_TRUE(helper.ok() && other.ok());
  const auto started = [&] { return descendants(list_processes(), helper->pid()).size() == 1; };
  for (int i = 0; i < 500 && !started(); ++i) ::usleep(10'000);
  ASSERT_TRUE(started());
  const std::vector<ProcessInfo> all = family();
  EXPECT_TRUE(holds(all, helper->pid()));
  const std::vector<ProcessInfo> watched = helpers.without_helpers(all);
  EXPECT_FALSE(holds(watched, helper->pid()));
  EXPECT_FALSE(holds(watched, descendants(all, helper->pid()).front().identity.pid));
  EXPECT_TRUE(holds(watched, other->pid()));
  EXPECT_EQ(helpers.pids(), std::vector<pid_t>{helper->pid()});
  helpers.forget(helper->pid());
  EXPECT_TRUE(holds(helpers.without_helpers(all), helper->pid()));
  for (Child* child : {&*helper, &*other}) {
    EXPECT_TRUE(child->signal_group(SIGKILL).ok());
    EXPECT_TRUE(child->wait().ok());
  }
}

TEST(HelperProcesses, OneThatCannotBeStartedIsNone) {
  HelperProcesses helpers;
  EXPECT_FALSE(helpers.spawn(SpawnRequest{{"/nonexistent/program"}, {}}).ok());
  EXPECT_TRUE(helpers.pids().empty());
}

}  // namespace
}  // namespace tradewind::io
