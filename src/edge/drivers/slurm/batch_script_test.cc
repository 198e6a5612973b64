// The script of a job of several nodes, run by bash beside programs that stand for Slurm's.
#include "edge/drivers/slurm/batch_script.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/text.h"
#include "edge/io/files.h"
#include "edge/io/process.h"

namespace tradewind::slurm {
namespace {

// Bash tells so, rarely and on busy machines, of a command substitution whose process it has collected
// already.
std::string without_races_of_bash(const std::string& said) {
  std::string rest;
  for (const std::string& line : split(said, '\n')) {
    if (!line.empty() && line.find("wait_for: No record of process") == std::string::npos)
      rest += line + "\n";
  }
  return rest;
}

class BatchScript : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"bin", "tmp", "job"}) ASSERT_TRUE(io::make_folders(dir_.path() / name).ok());
    program("scontrol",
            "case \"$*\" in\n"
            "'show hostnames n[1-3]') printf 'n1\\nn2\\nn3\\n' ;;\n"
            "*'show node n2') echo 'NodeName=n2 NodeAddr=fast2 NodeHostName=n2' ;;\n"
            "*'show node n3') echo 'NodeName=n3 NodeAddr=n3 NodeHostName=n3' ;;\n"
            "*) echo \"scontrol $*\" >>strange ;;\n"
            "esac\n");
    program("getent",
            "case $2 in n1) echo '10.0.0.1 STREAM n1' ;; n2) echo '127.0.1.1 STREAM n2' ;;\n"
            "fast2) echo '10.0.9.2 STREAM fast2' ;; *) exit 2 ;; esac\n");
    program("squeue", "echo 7.batch; [ ! -e step ] || echo 7.0\n");
    program("scancel", "[ ! -e end ] || echo late >>strange\necho \"$*\" >>cancelled; rm -f step\n");
    program("srun",
            "while [ \"${1#--}\" != \"$1\" ]; do echo \"$1\" >>options; shift; done\n"
            "SLURM_PROCID=0 \"$@\"; SLURM_PROCID=1 \"$@\"\n");
  }
  void program(const std::string& name, const std::string& text) {
    const std::string whole = "#!/bin/bash\n" + text;
    ASSERT_TRUE(io::write_file_atomic(dir_.path() / "bin" / name, whole, {0700, false}).ok());
  }
  std::string path(const std::string& name) const { return (dir_.path() / name).string(); }
  std::string note(const std::string& name) const { return io::read_file(path("job/" + name)).value_or(""); }
  // Runs the script to its end, with an agent that does that.
  void run(int nodes, const std::string& agent) {
    program("agent", "cd '" + path("job") + "'\nprintf '%s\\n' \"$@\" >args\n" + agent);
    BatchJob job;
    job.folder = path("job");
    job.nodes = nodes;
    job.agent = {{path("bin/agent")}, std::chrono::hours(1)};
    ASSERT_TRUE(io::write_file_atomic(path("script"), batch_script(job)).ok());
    io::SpawnRequest request;
    request.argv = {"/bin/bash", path("script")};
    request.environment = {{"PATH", path("bin") + ":/usr/bin:/bin"},
                           {"TMPDIR", path("tmp")},
                           {"SLURM_JOB_ID", "7"},
                           {"SLURM_JOB_NUM_NODES", std::to_string(nodes)},
                           {"SLURM_JOB_NODELIST", "n[1-3]"},
                           {"SLURM_JOB_END_TIME", "4000000000"}};
    const Result<io::CommandOutput> ran = io::run_command(request, std::chrono::seconds(60));
    ASSERT_TRUE(ran.ok()) << describe(ran.error());
    EXPECT_EQ(without_races_of_bash(ran->err), "");
    EXPECT_EQ(note("strange"), "");
  }
  std::string argument(const std::string& name) const {
    for (const std::string& line : split(note("args"), '\n')) {
      if (line.starts_with("--" + name + "=")) return line.substr(name.size() + 3);
    }
    return "";
  }

  io::TempDir dir_ = io::TempDir::make("batch-").value();
};

TEST_F(BatchScript, OneNodeHasNoLauncherAndWorksOnItsOwnDisk) {
  run(1, "ls >seen\n");
  EXPECT_EQ(argument("launcher"), "");
  EXPECT_TRUE(argument("scratch").starts_with(path("tmp/"))) << argument("scratch");
  EXPECT_EQ(note("seen").find("launcher"), std::string::npos);
  EXPECT_NE(note("end").find(" done the agent ended: exit code 0"), std::string::npos) << note("end");
}

TEST_F(BatchScript, TheAgentOfSeveralNodesStartsProgramsOnAll) {
  run(3,
      "launcher=$(sed -n 's/^--launcher=//p' args)\n\"$launcher\" sh -c 'echo $TRADEWIND_NODE_RANK $0' a "
      ">ranks\n");
  EXPECT_EQ(note("ranks"), "0 a\n1 a\n");
  const std::string options = note("options");
  for (const char* option : {"--nodes=3\n", "--ntasks=3\n", "--ntasks-per-node=1\n", "--kill-on-bad-exit=1\n",
                             "--export=ALL\n", "--overlap\n"})
    EXPECT_NE(options.find(option), std::string::npos) << option << options;
  EXPECT_TRUE(argument("scratch").starts_with(path("job/"))) << "what all nodes see";
  EXPECT_FALSE(io::path_exists(path("job/launcher")));
  EXPECT_EQ(note("cancelled"), "");
}

TEST_F(BatchScript, AddressesAreThoseThatOtherNodesReach) {
  run(3, "");
  EXPECT_EQ(argument("node-ips"), "10.0.0.1,10.0.9.2,n3");
}

TEST_F(BatchScript, WhatIsLeftOnOtherNodesEndsBeforeTheJobIsSaidToHaveEnded) {
  run(3, "touch step; exit 1\n");
  EXPECT_EQ(note("cancelled"), "7.0\n");
  EXPECT_NE(note("end").find("exit code 1"), std::string::npos) << note("end") << note("agent.log");
}

}  // namespace
}  // namespace tradewind::slurm
