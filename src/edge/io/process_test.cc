#include "edge/io/process.h"

#include <chrono>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "edge/io/files.h"
#include "edge/io/process_table.h"

namespace tradewind::io {
namespace {

using std::chrono::seconds;

SpawnRequest shell(const std::string& script) {
  SpawnRequest request;
  request.argv = {"/bin/sh", "-c", script};
  request.environment = {{"PATH", "/usr/bin:/bin"}};
  return request;
}

std::string output_of(const SpawnRequest& request) {
  const Result<CommandOutput> output = run_command(request, seconds(20));
  return output ? output->out : "failed: " + output.error().message;
}

TEST(Spawn, GivesTheExitCode) {
  Result<Child> child = spawn(shell("exit 3"));
  ASSERT_TRUE(child.ok()) << child.error().message;
  const Result<ExitStatus> status = child->wait();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(*status, (ExitStatus{false, 3}));
  EXPECT_EQ(to_text(*status), "exit code 3");
  EXPECT_EQ(*child->wait(), *status) << "asking again gives the same answer";
}

TEST(Spawn, GivesTheSignalThatEndedTheProgram) {
  Result<Child> child = spawn(shell("kill -9 $$"));
  ASSERT_TRUE(child.ok());
  const Result<ExitStatus> status = child->wait();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(to_text(*status), "killed by SIGKILL");
  EXPECT_EQ(status->shell_code(), 137);
}

TEST(Spawn, NamesAProgramThatIsMissing) {
  SpawnRequest request = shell("");
  request.argv = {"no-such-program"};
  EXPECT_EQ(spawn(request).error().code, Code::not_found);
  EXPECT_NE(spawn(request).error().message.find("no-such-program"), std::string::npos);
  request.argv = {"/no/such/program"};
  EXPECT_EQ(spawn(request).error().code, Code::not_found);
}

TEST(Spawn, RefusesWhatIsNotExecutable) {
  SpawnRequest request = shell("");
  request.argv = {"/etc/passwd"};
  EXPECT_EQ(spawn(request).error().code, Code::unauthorized);
}

TEST(Spawn, RefusesEmptyNamesAndNulBytes) {
  SpawnRequest request;
  EXPECT_EQ(spawn(request).error().code, Code::invalid_argument);
  request = shell(std::string("echo a\0b", 8));
  EXPECT_EQ(spawn(request).error().code, Code::invalid_argument);
}

TEST(Spawn, NamesAFolderThatIsMissing) {
  SpawnRequest request = shell("true");
  request.cwd = "/no/such/folder";
  const Result<Child> child = spawn(request);
  ASSERT_FALSE(child.ok());
  EXPECT_EQ(child.error().code, Code::not_found);
  EXPECT_NE(child.error().message.find("/no/such/folder"), std::string::npos);
}

TEST(Spawn, PassesExactlyTheEnvironmentAndTheFolder) {
  SpawnRequest request = shell("");
  request.argv = {"env"};
  request.environment = {{"PATH", "/usr/bin:/bin"}, {"A", "1 2"}};
  EXPECT_EQ(output_of(request), "A=1 2\nPATH=/usr/bin:/bin\n");
  request = shell("pwd");
  request.cwd = "/usr";
  EXPECT_EQ(output_of(request), "/usr\n");
}

TEST(Spawn, HidesEveryOtherDescriptor) {
  const UniqueFd open_fd(::open("/dev/null", O_RDONLY));  // not close-on-exec
  ASSERT_TRUE(open_fd.valid());
  // The glob itself opens the folder as 3.
  EXPECT_EQ(output_of(shell("cd /proc/$$/fd && echo *")), "0 1 2 3\n");
}

TEST(Spawn, StandardInputIsEmpty) {
  EXPECT_EQ(output_of(shell("cat; echo end")), "end\n");
}

TEST(Spawn, GivesTheChildItsOwnSession) {
  Result<Child> child = spawn(shell("sleep 60"));
  ASSERT_TRUE(child.ok());
  const Result<ProcessInfo> info = process_info(child->pid());
  ASSERT_TRUE(info.ok());
  EXPECT_EQ(info->session, child->pid());
  EXPECT_EQ(info->group, child->pid());
  EXPECT_TRUE(child->signal_group(SIGKILL).ok());
  EXPECT_TRUE(child->wait().ok());
}

TEST(Spawn, ResetsIgnoredSignals) {
  ::signal(SIGTERM, SIG_IGN);
  Result<Child> child = spawn(shell("kill -TERM $$; exit 5"));
  ::signal(SIGTERM, SIG_DFL);
  ASSERT_TRUE(child.ok());
  EXPECT_EQ(to_text(*child->wait()), "killed by SIGTERM");
}

TEST(Spawn, WritesItselfIntoTheFilesItIsToJoin) {
  const TempDir dir = TempDir::make("tw-process-test-").value();
  ASSERT_TRUE(write_file_atomic(dir.path() / "procs", "").ok());
  SpawnRequest request = shell("cat " + (dir.path() / "procs").string());
  request.join_files = {"/no/such/cgroup.procs", (dir.path() / "procs").string()};
  EXPECT_EQ(output_of(request), "0") << "before it is executed";
}

TEST(Child, WaitsNoLongerThanAsked) {
  Result<Child> child = spawn(shell("sleep 60"));
  ASSERT_TRUE(child.ok());
  const Result<std::optional<ExitStatus>> status = child->wait_for(Duration(20));
  ASSERT_TRUE(status.ok());
  EXPECT_FALSE(status->has_value());
  EXPECT_TRUE(child->signal(SIGKILL).ok());
  EXPECT_TRUE(child->wait_for(seconds(20))->has_value());
  EXPECT_TRUE(child->signal(SIGKILL).ok()) << "an ended program counts as signalled";
  EXPECT_TRUE(child->signal_group(SIGKILL).ok());
}

TEST(RunCommand, CatchesBothStreams) {
  const Result<CommandOutput> output = run_command(shell("echo out; echo err >&2; exit 2"), seconds(20));
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->out, "out\n");
  EXPECT_EQ(output->err, "err\n");
  EXPECT_EQ(output->status.code, 2);
}

TEST(RunCommand, CutsEndlessOutputAndStillReachesTheEnd) {
  const Result<CommandOutput> output =
      run_command(shell("head -c 3000000 /dev/zero; echo done >&2"), seconds(20), 1000);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->out.size(), 1000U);
  EXPECT_EQ(output->err, "done\n");
}

TEST(RunCommand, KillsWhatDoesNotEnd) {
  const Result<CommandOutput> output = run_command(shell("sleep 61 & sleep 61"), Duration(50));
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code, Code::unavailable);
  for (const ProcessInfo& info : find_by_environment(list_processes(), "PATH=/usr/bin:/bin")) {
    EXPECT_NE(info.parent, ::getpid()) << "a child is left";
  }
}

TEST(RunCommand, DoesNotWaitForADaemonThatHoldsThePipes) {
  const Result<CommandOutput> output = run_command(shell("sleep 62 & echo $!"), seconds(20));
  ASSERT_TRUE(output.ok()) << output.error().message;
  EXPECT_EQ(::kill(std::stoi(output->out), SIGKILL), 0);
}

}  // namespace
}  // namespace tradewind::io
