// A rank of a stage on several nodes, run here as one process.
#include "app/agent/rank.h"

#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "app/agent/gang.h"
#include "edge/io/files.h"

namespace tradewind::agent {
namespace {

using std::chrono::milliseconds;

class Rank : public testing::Test {
 protected:
  // Starts a rank; its output goes to the file "out".
  pid_t start(const std::string& script, const std::string& rank = "1") {
    EXPECT_TRUE(folder_.begin(script).ok());
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::setenv("TRADEWIND_NODE_RANK", rank.c_str(), 1);
    ::setenv("TRADEWIND_PROGRESS", "/somewhere", 1);
    ::setenv("RANK", "0", 1);
    const int out = ::open(path("out").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, STDOUT_FILENO);
    if (::chdir(dir_.path().c_str()) != 0) ::_exit(99);
    ::_exit(run_rank(folder_.path()));
  }
  static int code_of(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string path(const std::string& name) const { return (dir_.path() / name).string(); }
  std::string note(const std::string& name) const { return io::read_file(path(name)).value_or(""); }
  bool noted(const std::string& name) const {
    for (int i = 0; i < 600; ++i) {
      if (!note(name).empty()) return true;
      std::this_thread::sleep_for(milliseconds(50));
    }
    return false;
  }

  io::TempDir dir_ = io::TempDir::make("rank-").value();
  GangFolder folder_{dir_.path() / "gang"};
};

TEST_F(Rank, HasItsOwnEnvironmentAndMarksItsOutput) {
  EXPECT_EQ(code_of(start("echo $TRADEWIND_NODE_RANK $RANK $SKYPILOT_NODE_RANK $SKYPILOT_SETUP_NODE_RANK "
                          "$TRADEWIND_PROGRESS; pwd; echo wrong >&2; printf end")),
            0);
  EXPECT_EQ(note("out"), "[1] 1 1 1 1 /dev/null\n[1] " + dir_.path().string() + "\n[1] wrong\n[1] end\n");
  EXPECT_FALSE(folder_.failure().has_value());
  EXPECT_EQ(folder_.ends(2), (std::map<int, io::ExitStatus>{{1, {}}}));
  ASSERT_EQ(code_of(start("echo $TRADEWIND_PROGRESS", "0")), 0);
  EXPECT_TRUE(note("out").ends_with("\n[0] /somewhere\n")) << "the head's progress is the job's";
}

TEST_F(Rank, AFailureIsNotedForTheAgentAndLeavesTheOthersToIt) {
  EXPECT_EQ(code_of(start("exit 7")), 0);
  EXPECT_EQ(folder_.failure(), (RankEnd{1, {false, 7}}));
}

TEST_F(Rank, AFailureThatCannotBeNotedIsTheLaunchers) {
  EXPECT_NE(code_of(start("rm -r gang; exit 7")), 0);
}

TEST_F(Rank, AnOrderToSaveReachesTheProgramAndNobodyElse) {
  const pid_t pid = start(
      "trap 'echo saved >saved' USR1; echo >began\n"
      "for i in $(seq 600); do sleep 0.1; [ ! -e saved ] || exit 0; done; exit 9");
  ASSERT_TRUE(noted("began"));
  ASSERT_TRUE(folder_.order("save " + std::to_string(SIGUSR1)).ok());
  EXPECT_EQ(code_of(pid), 0);
  EXPECT_EQ(note("saved"), "saved\n");
  EXPECT_FALSE(folder_.failure().has_value());
}

TEST_F(Rank, OneThatIsToldToEndSaysHow) {
  const pid_t pid = start("echo >began; exec sleep 600");
  ASSERT_TRUE(noted("began"));
  ASSERT_TRUE(folder_.order("terminate").ok());
  EXPECT_EQ(code_of(pid), 0);
  EXPECT_EQ(folder_.failure(), (RankEnd{1, {true, SIGTERM}}));
}

TEST_F(Rank, SignalsOfTheClusterLeaveTheRankToItsAgent) {
  const pid_t pid =
      start("trap 'echo told >told' TERM; echo >began; for i in $(seq 600); do sleep 0.1; done");
  ASSERT_TRUE(noted("began"));
  ::kill(pid, SIGTERM);
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_EQ(note("told"), "");
  ASSERT_TRUE(folder_.order("kill").ok());
  EXPECT_EQ(code_of(pid), 0);
  EXPECT_EQ(note("told"), "") << "killed, not asked";
  EXPECT_EQ(folder_.failure(), (RankEnd{1, {true, SIGKILL}}));
}

TEST_F(Rank, WhereItsStageIsOverItEndsItself) {
  const pid_t pid = start("echo >began; trap '' TERM; sleep 600");
  ASSERT_TRUE(noted("began"));
  folder_.remove();
  EXPECT_NE(code_of(pid), 0);
}

}  // namespace
}  // namespace tradewind::agent
