// The scripts of a pod, run by this machine's sh in folders of the test's own.
#include "edge/drivers/kubernetes/pod_script.h"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>

#include "core/model/json.h"
#include "edge/io/files.h"
#include "edge/io/process.h"
#include "edge/io/system_clock.h"

namespace tradewind::kubernetes {
namespace {

class PodScript : public testing::Test {
 protected:
  PodScript() : folder_(*io::TempDir::make("tw-pod-")) {
    for (const char* name : {"work", "private", "secrets"}) {
      EXPECT_TRUE(io::make_folders(folder_.path() / name).ok());
    }
  }
  std::string at(const std::string& name) const { return (folder_.path() / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(io::write_file_atomic(at(name), text).ok());
  }
  std::string read(const std::string& name) const {
    const Result<std::string> text = io::read_file(at(name));
    return text.ok() ? *text : "(none)";
  }
  std::string agent(const std::string& script) const {
    write("agent.sh", "#!/bin/sh\n" + script);
    ::chmod(at("agent.sh").c_str(), 0700);
    return at("agent.sh");
  }
  // Of a gang of two that meets in "shared", its pod of that rank, with a folder of its own.
  io::SpawnRequest pod_of_gang(const std::string& script, int rank) const {
    const std::string own = "pod" + std::to_string(rank);
    EXPECT_TRUE(io::make_folders(folder_.path() / own).ok());
    io::SpawnRequest request = pod(script, std::chrono::hours(1));
    request.argv[2] = pod_script(at("shared/tw-1"), 2);
    request.argv[4] = request.argv.back() = at(own);
    request.environment["JOB_COMPLETION_INDEX"] = std::to_string(rank);
    return request;
  }
  io::SpawnRequest pod(const std::string& script, Duration limit) const {
    io::SpawnRequest request;
    request.argv = {"sh",
                    "-c",
                    pod_script(),
                    "tradewind",
                    at("work"),
                    at("private"),
                    format_utc(io::SystemClock().now() + limit),
                    "30",
                    agent(script),
                    at("work")};
    request.environment = {{"PATH", "/usr/bin:/bin"}};
    return request;
  }
  bool appears(const std::string& name) const {
    for (int i = 0; i < 200 && !io::path_exists(at(name)); ++i) std::this_thread::sleep_for(Duration(50));
    return io::path_exists(at(name));
  }
  io::TempDir folder_;
};

TEST_F(PodScript, SecretsReachTheAgentAloneWhateverTheyHold) {
  const std::string odd = "it's $HOME `x` \"q\" \\n\nsecond line";
  write("secrets/TRADEWIND_KEY", odd);
  write("secrets/ca.crt", "no name of a variable");
  AgentSource source;
  source.path = "/agent";
  io::SpawnRequest prepare;
  prepare.argv = {"sh", "-c", prepare_script(source, at("secrets"), at("work"), at("private"))};
  prepare.environment = {{"PATH", "/usr/bin:/bin"}};
  const auto prepared = io::run_command(prepare, std::chrono::seconds(20));
  ASSERT_TRUE(prepared.ok() && prepared->status.success()) << (prepared.ok() ? prepared->err : "");
  const auto ran = io::run_command(pod("printf '%s' \"$TRADEWIND_KEY\" >\"$1/seen\"\ntr '\\0' '\\n' "
                                       "</proc/$PPID/environ >\"$1/parent\"\nexit 7\n",
                                       std::chrono::hours(1)),
                                   std::chrono::seconds(20));
  ASSERT_TRUE(ran.ok());
  EXPECT_EQ(ran->status.code, 7) << ran->err;
  EXPECT_EQ(read("work/seen"), odd);
  EXPECT_NE(read("work/parent"), "(none)");
  EXPECT_EQ(read("work/parent").find("TRADEWIND_KEY"), std::string::npos);
  EXPECT_FALSE(io::path_exists(at("private/environment")));
}

TEST_F(PodScript, AnImagesAgentIsCopied) {
  AgentSource source;
  source.image = "agent:1";
  source.image_path = agent("exit 5\n");
  io::SpawnRequest prepare;
  prepare.argv = {"sh", "-c", prepare_script(source, at("secrets"), at("work"), at("private"))};
  prepare.environment = {{"PATH", "/usr/bin:/bin"}};
  const auto prepared = io::run_command(prepare, std::chrono::seconds(20));
  ASSERT_TRUE(prepared.ok() && prepared->status.success()) << (prepared.ok() ? prepared->err : "");
  EXPECT_EQ(read("work/bin/tradewind-agent"), "#!/bin/sh\nexit 5\n");
}

TEST_F(PodScript, SigtermBecomesANoticeAndTheAgentEndsInItsOwnTime) {
  auto pod_process =
      io::spawn(pod("touch \"$1/begun\"\nwhile [ ! -e \"$1/notice\" ]; do sleep 0.05; done\nexit 0\n",
                    std::chrono::hours(1)));
  ASSERT_TRUE(pod_process.ok());
  ASSERT_TRUE(appears("work/begun"));
  ASSERT_TRUE(pod_process->signal(SIGTERM).ok());
  const auto status = pod_process->wait();
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(status->code, 143) << "an eviction is no success";
  const Result<json::value> notice = parse_json(read("work/notice"));
  ASSERT_TRUE(notice.ok()) << read("work/notice");
  JsonReader reader(*notice, "notice");
  EXPECT_EQ(reader.text("action"), "terminate");
  const Duration left = reader.time("deadline") - io::SystemClock().now();
  EXPECT_TRUE(reader.status().ok());
  EXPECT_GT(left, std::chrono::seconds(20));
  EXPECT_LT(left, std::chrono::seconds(30));
}

TEST_F(PodScript, APodRunsItsAgentOnce) {
  write("work/started", "");
  const auto again =
      io::run_command(pod("touch \"$1/begun\"\n", std::chrono::hours(1)), std::chrono::seconds(20));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->status.code, 75);
  EXPECT_FALSE(io::path_exists(at("work/begun")));
}

TEST_F(PodScript, TheHardLimitEndsAnAgentAndALaterOneIsKept) {
  const auto before = io::SystemClock().now();
  const auto ended = io::run_command(pod("exec sleep 60\n", Duration(0)), std::chrono::seconds(40));
  ASSERT_TRUE(ended.ok()) << describe(ended.error());
  EXPECT_NE(ended->err.find("its time was up"), std::string::npos);
  EXPECT_LT(io::SystemClock().now() - before, std::chrono::seconds(20));
  ASSERT_TRUE(io::remove_tree(at("work/started")).ok());
  write("work/limit", format_utc(before + std::chrono::hours(1)) + "\n");
  const auto kept = io::run_command(pod("sleep 8\nexit 6\n", Duration(0)), std::chrono::seconds(40));
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept->status.code, 6) << kept->err;
}

// Stands for the agent: the first pod's waits for the other, whose part is that of a rank which waits.
constexpr const char* gang_agent = R"(
if [ "$1" = wait-as-rank ]; then
  echo "$*" >"$2/../rank"
  touch "$2/here.$3"
  until [ -e "$2/over" ]; do sleep 0.05; done
  exec touch "$2/left.$3"
fi
cat "$1/launcher" >"$1/../launcher"
until [ -e "$1/../shared/tw-1/here.1" ]; do sleep 0.05; done
touch "$1/../begun"
until [ -e "$1/../go" ] || [ -e "$1/../shared/tw-1/notice" ]; do sleep 0.05; done
)";

TEST_F(PodScript, TheFirstPodOfAGangLeadsAndLeavesNothingOnTheVolume) {
  ASSERT_TRUE(io::make_folders(at("shared/tw-0")).ok());
  io::SpawnRequest age;
  age.argv = {"touch", "-d", "2 hours ago", at("shared/tw-0")};
  age.environment = {{"PATH", "/usr/bin:/bin"}};
  ASSERT_TRUE(io::run_command(age, std::chrono::seconds(10)).ok());
  auto rank = io::spawn(pod_of_gang(gang_agent, 1));
  auto head = io::spawn(pod_of_gang(gang_agent, 0));
  ASSERT_TRUE(rank.ok() && head.ok());
  ASSERT_TRUE(appears("begun"));
  EXPECT_EQ(read("launcher"),
            "#!/bin/sh\nexec '" + at("agent.sh") + "' lead-ranks '" + at("shared/tw-1") + "' 2 \"$@\"\n");
  EXPECT_EQ(read("shared/rank"), "wait-as-rank " + at("shared/tw-1") + " 1\n");
  EXPECT_FALSE(io::path_exists(at("shared/tw-0"))) << "what a head left that was killed";
  write("go", "");
  EXPECT_TRUE(head->wait()->success());
  EXPECT_TRUE(rank->wait()->success());
  EXPECT_FALSE(io::path_exists(at("shared/tw-1")));
}

TEST_F(PodScript, WhatBefallsOnePodOfAGangIsToldToAll) {
  auto rank = io::spawn(pod_of_gang(gang_agent, 1));
  auto head = io::spawn(pod_of_gang(gang_agent, 0));
  ASSERT_TRUE(rank.ok() && head.ok());
  ASSERT_TRUE(appears("begun"));
  ASSERT_TRUE(rank->signal(SIGTERM).ok());
  EXPECT_EQ(head->wait()->code, 143);
  EXPECT_EQ(rank->wait()->code, 143);
  EXPECT_FALSE(io::path_exists(at("shared/tw-1")));
}

}  // namespace
}  // namespace tradewind::kubernetes
