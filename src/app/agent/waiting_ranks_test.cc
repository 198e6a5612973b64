// A head and its ranks, each a process; what they run is a shell script that stands for this program as a
// rank.
#include "app/agent/waiting_ranks.h"

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

class WaitingRanks : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(io::make_folders(gang_).ok());
    ASSERT_TRUE(io::make_folders(path("work")).ok());
    ASSERT_TRUE(
        io::write_file_atomic(path("rank"),
                              "#!/bin/bash\ndir=${1#--dir=}\n"
                              "echo \"rank $TRADEWIND_NODE_RANK $OF_JOB in ${PWD##*/}\"\n"
                              "echo \"$TRADEWIND_NODE_RANK\" >>\"$dir/../began\"\n"
                              "while [ -e \"$dir/../hold\" ]; do sleep 0.1; done\n"
                              "echo '0 0' >\"$dir/.new.$TRADEWIND_NODE_RANK\"\n"
                              "mv \"$dir/.new.$TRADEWIND_NODE_RANK\" \"$dir/ended.$TRADEWIND_NODE_RANK\"\n",
                              {0700, false})
            .ok());
  }
  std::string path(const std::string& name) const { return (dir_.path() / name).string(); }
  pid_t fork_to(const std::function<int()>& run) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const int out = ::open(path("out").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      ::dup2(out, STDOUT_FILENO);
      ::_exit(run());
    }
    return pid;
  }
  // This process stands for the agent, which adds variables to those of its own start.
  pid_t head(const std::string& stage, int nodes = 3) {
    EXPECT_TRUE(GangFolder(gang_ / stage).begin("true").ok());
    return fork_to([this, stage, nodes] {
      ::setenv("OF_JOB", "all", 1);
      if (::chdir(path("work").c_str()) != 0) return 99;
      return lead_waiting_ranks(gang_, nodes, {path("rank"), "--dir=" + (gang_ / stage).string()});
    });
  }
  pid_t rank(int number) {
    return fork_to([this, number] { return wait_as_rank(gang_, number, {path("rank")}); });
  }
  static int code_of(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  int count(const std::string& text) const {
    const std::string out = io::read_file(path("out")).value_or("");
    int found = 0;
    for (std::size_t at = out.find(text); at != std::string::npos; at = out.find(text, at + 1)) ++found;
    return found;
  }
  static bool wait_until(const std::function<bool()>& so) {
    for (int i = 0; i < 600 && !so(); ++i) std::this_thread::sleep_for(milliseconds(50));
    return so();
  }

  io::TempDir dir_ = io::TempDir::make("waiting-").value();
  std::filesystem::path gang_ = dir_.path() / "gang";
};

TEST_F(WaitingRanks, RunEachStageWithTheHeadAndHandItTheirOutput) {
  const pid_t first = rank(1);
  const pid_t one = head("stage-1");
  const pid_t second = rank(2);
  EXPECT_EQ(code_of(one), 0) << "once the last has come";
  for (const char* line : {"rank 0 all in work\n", "rank 1 all in work\n", "rank 2 all in work\n"})
    EXPECT_EQ(count(line), 1) << line;
  EXPECT_EQ(code_of(head("stage-2")), 0);
  EXPECT_EQ(count("rank 2 all in work\n"), 2);
  ASSERT_TRUE(io::write_file_atomic(gang_ / "over", "").ok());
  EXPECT_EQ(code_of(first), 0);
  EXPECT_EQ(code_of(second), 0);
  EXPECT_TRUE(io::path_exists(gang_ / "left.1") && io::path_exists(gang_ / "left.2"));
}

TEST_F(WaitingRanks, WhatAPlaceHasItselfIsNotHandedOn) {
  const pid_t other = rank(1);
  EXPECT_EQ(code_of(head("stage-1", 2)), 0);
  const std::string handed = io::read_file(gang_ / "stage-1" / "environment").value_or("");
  EXPECT_NE(handed.find(std::string("OF_JOB=all") + '\0'), std::string::npos);
  const std::string path_entry = std::string("PATH") + '\0';
  EXPECT_NE(handed.find(path_entry), std::string::npos) << "by name alone";
  EXPECT_EQ(handed.find("PATH="), std::string::npos);
  ASSERT_TRUE(io::write_file_atomic(gang_ / "over", "").ok());
  EXPECT_EQ(code_of(other), 0);
}

TEST_F(WaitingRanks, OneThatComesLateTakesNoPartInWhatWentOnWithoutIt) {
  ASSERT_TRUE(io::append_file(gang_ / "stages", (gang_ / "stage-0").string() + "\n").ok());
  const pid_t late = rank(1);
  ASSERT_TRUE(wait_until([&] { return io::path_exists(gang_ / "here.1"); }));
  std::this_thread::sleep_for(milliseconds(500));
  ASSERT_TRUE(io::write_file_atomic(gang_ / "over", "").ok());
  EXPECT_EQ(code_of(late), 0);
  EXPECT_FALSE(io::path_exists(gang_ / "began"));
}

TEST_F(WaitingRanks, EndWhereTheFolderIsGone) {
  const pid_t other = rank(1);
  ASSERT_TRUE(wait_until([&] { return io::path_exists(gang_ / "here.1"); }));
  ASSERT_TRUE(io::remove_tree(gang_).ok());
  EXPECT_EQ(code_of(other), 0);
}

TEST_F(WaitingRanks, AHeadWhoseOwnPartIsKilledSaysSo) {
  ASSERT_TRUE(io::write_file_atomic(gang_ / "hold", "").ok());
  ASSERT_TRUE(io::write_file_atomic(gang_ / "here.1", "").ok());
  const pid_t leader = head("stage-1", 2);
  ASSERT_TRUE(wait_until([&] { return io::path_exists(gang_ / "began"); }));
  ASSERT_EQ(std::system(("pkill -KILL -f -- '[-]-dir=" + (gang_ / "stage-1").string() + "'").c_str()), 0);
  EXPECT_NE(code_of(leader), 0);
}

}  // namespace
}  // namespace tradewind::agent
