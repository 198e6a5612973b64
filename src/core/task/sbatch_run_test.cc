#include "core/task/sbatch_run.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/wait.h>

namespace tradewind::task {
namespace {

namespace fs = std::filesystem;

// Runs the text as the agent does, in a folder of its own.
class SbatchRunTest : public ::testing::Test {
 protected:
  SbatchRunTest() {
    std::string form = (fs::temp_directory_path() / "tw run XXXXXX").string();
    folder_ = ::mkdtemp(form.data());
    fs::create_directories(folder_ / "work");
    fs::create_directories(folder_ / "submitted from");
    run_.name = "train.sh";
    run_.interpreter = {"/bin/bash"};
    run_.submit_dir = run_.folder = (folder_ / "submitted from").string();
  }
  ~SbatchRunTest() override { fs::remove_all(folder_); }

  // What it printed, and "exit N" where that is not 0.
  std::string output(const std::string& location = "aws/x") {
    std::ofstream(folder_ / "run.sh") << sbatch_run_text(run_);
    std::string line =
        "cd '" + (folder_ / "work").string() + "' && env -u SLURM_JOB_ID TRADEWIND_OUTPUT_DIR='" +
        (folder_ / "outputs").string() + "' TRADEWIND_LOCATION=" + location +
        " TRADEWIND_JOB_ID=j-1 TRADEWIND_NUM_NODES=1 TRADEWIND_NODE_RANK=0 TRADEWIND_ATTEMPT=2 "
        "TRADEWIND_NUM_GPUS_PER_NODE=0 setsid --wait sh -c 'echo $$ > ../group; exec bash ../run.sh' > "
        "../out 2>&1";
    const int status = std::system(line.c_str());
    // The agent ends what a job leaves: the limit's watch.
    (void)std::system(
        ("kill -KILL -- \"-$(cat '" + (folder_ / "group").string() + "')\" 2>/dev/null").c_str());
    std::ostringstream text;
    text << std::ifstream(folder_ / "out").rdbuf();
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return text.str() + (code == 0 ? "" : "exit " + std::to_string(code));
  }

  fs::path folder_;
  SbatchRun run_;
};

TEST_F(SbatchRunTest, TheScriptFindsSlurmsVariables) {
  run_.script =
      "#!/bin/bash\necho $SLURM_JOB_ID $SLURM_JOB_NUM_NODES $SLURM_RESTART_COUNT $SLURM_ARRAY_JOB_ID "
      "\"$@\"\nexit 7";
  run_.arguments = {"a b", "it's"};
  run_.first_of_array = true;
  EXPECT_EQ(output(), "j-1 1 1 j-1 a b it's\nexit 7");
}

TEST_F(SbatchRunTest, TheInterpreterIsTheScriptsOwn) {
  run_.script = "#!/usr/bin/env python3\nimport os\nprint(os.environ['SLURM_JOB_ID'])\n";
  run_.interpreter = {"/usr/bin/env", "python3"};
  EXPECT_EQ(output(), "j-1\n");
}

TEST_F(SbatchRunTest, NothingOfTheScriptIsRunByTheShellAround) {
  run_.script = "#!/bin/bash\ncat <<'END_OF_BATCH_SCRIPT'\n$HOME `date` @SCRIPT@ \\\nEND_OF_BATCH_SCRIPT\n";
  EXPECT_EQ(output(), "$HOME `date` @SCRIPT@ \\\n");
}

TEST_F(SbatchRunTest, OnlyOnThisMachineItRunsInTheFolderItself) {
  run_.script = "#!/bin/bash\n[ \"$PWD\" = \"$SLURM_SUBMIT_DIR\" ] && echo \"${PWD##*/}\"\n";
  run_.in_place = true;
  EXPECT_EQ(output("local/here"), "submitted from\n");
  EXPECT_EQ(output("ssh/host"), "work\n");
  run_.in_place = false;
  EXPECT_EQ(output("local/here"), "work\n");
}

TEST_F(SbatchRunTest, SrunStartsItsTasksHere) {
  run_.script =
      "#!/bin/bash\nsrun -n 3 --mpi=none -c 1 sh -c 'echo task $SLURM_PROCID of $SLURM_NTASKS' | sort\n"
      "srun --ntasks=2 sh -c 'exit $((SLURM_PROCID * 5))'\necho $?\nsrun echo one\nsrun\n";
  EXPECT_EQ(output(), "task 0 of 3\ntask 1 of 3\ntask 2 of 3\n5\none\nsrun: there is no command\nexit 1");
}

TEST_F(SbatchRunTest, AnAllocationHasItsOwnVariables) {
  run_.script = "#!/bin/bash\necho \"<$SLURM_JOB_ID>\"\n";
  EXPECT_EQ(output("slurm/hpc/gpu"), "<>\n");
}

TEST_F(SbatchRunTest, TheLimitEndsItAfterItsSignal) {
  run_.script = "#!/bin/bash\ntrap 'echo told' USR1\nfor i in $(seq 300); do sleep 0.1; done\n";
  run_.limit = std::chrono::seconds(2);
  run_.signal = SlurmSignal{"SIGUSR1", true, 1};
  const std::string said = output();  // the shell may add that its sleep was ended, too
  EXPECT_TRUE(said.starts_with("told\nslurmstepd: error: *** JOB j-1 CANCELLED DUE TO TIME LIMIT ***\n"))
      << said;
  EXPECT_TRUE(said.ends_with("exit 143")) << said;
}

TEST_F(SbatchRunTest, WhatEndsBeforeTheLimitHearsNothingOfIt) {
  run_.script = "#!/bin/bash\necho done\n";
  run_.limit = std::chrono::hours(100);
  EXPECT_EQ(output(), "done\n");
}

TEST(SbatchRun, WordsAreQuotedForAShell) {
  EXPECT_EQ(shell_word("a-b_c=1"), "a-b_c=1");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b'c"), "'a b'\\''c'");
}

}  // namespace
}  // namespace tradewind::task
