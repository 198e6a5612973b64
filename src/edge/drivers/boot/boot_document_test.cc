#include "edge/drivers/boot/boot_document.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <thread>

#include "base/text.h"
#include "edge/cloud/testing/scripted_server.h"
#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/io/process.h"

namespace tradewind::boot {
namespace {

// A machine in a folder: its own programs to turn it off, and a server of agents.
class BootDocumentTest : public testing::Test {
 protected:
  void SetUp() override {
    program("poweroff", "echo off >>" + path("off"));
    agent_ =
        "#!/bin/sh\n"
        "printf '%s|' \"$@\" >\"" +
        path("seen") +
        "\"\n"
        "printf '%s' \"$SECRET\" >>\"" +
        path("seen") + "\"\n";
    request_.folder = path("run");
    request_.hard_limit = *parse_utc("2099-01-01T00:00:00Z");
    request_.failed_patience = Duration(0);
    offer(agent_);
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  void program(const std::string& name, const std::string& script) {
    ASSERT_TRUE(io::make_folders(folder_.path() / "bin").ok());
    ASSERT_TRUE(
        io::write_file_atomic(folder_.path() / "bin" / name, "#!/bin/sh\n" + script + "\n", {0755, false})
            .ok());
  }
  void offer(const std::string& bytes) {
    server_ = [bytes](const io::HttpRequest&) { return io::HttpResponse{200, {}, bytes, {}}; };
    const AgentDownload download{server_.url() + "/agent?X-Amz-Signature=hunter2",
                                 io::hex(io::sha256(agent_))};
    request_.agents = {{"x86_64", download}, {"aarch64", download}};
  }
  io::CommandOutput boot() {
    const Result<std::string> document = boot_document(request_);
    EXPECT_TRUE(document.ok()) << describe(document.ok() ? Error{} : document.error());
    io::SpawnRequest shell;
    shell.argv = {"/bin/sh", "-c", document.value_or("exit 3")};
    shell.environment = {{"PATH", path("bin") + ":/usr/bin:/bin"}};
    const Result<io::CommandOutput> ran =
        io::run_command(std::move(shell), std::chrono::seconds(60), 1 << 20);
    EXPECT_TRUE(ran.ok()) << describe(ran.ok() ? Error{} : ran.error());
    return ran.value_or(io::CommandOutput{});
  }
  std::string eventually_in(const std::string& name) {
    for (int i = 0; i < 400; ++i) {
      const Result<std::string> text = io::read_file(path(name));
      if (text.ok() && !text->empty()) return *text;
      std::this_thread::sleep_for(Duration(25));
    }
    return "";
  }

  io::TempDir folder_ = io::TempDir::make("tradewind-boot-").value();
  cloud::ScriptedServer server_;
  std::string agent_;
  BootRequest request_;
};

TEST_F(BootDocumentTest, TheAgentRunsWithItsArgumentsAndSecretsAndThenTheMachineGoesOff) {
  request_.agent_arguments = {"--store=s3://b/it's", "--lease=l-1"};
  request_.secrets = {{"SECRET", "hun'ter\n2 $HOME"}};
  const io::CommandOutput ran = boot();
  EXPECT_TRUE(ran.status.success()) << ran.err;
  EXPECT_EQ(eventually_in("off"), "off\n");
  EXPECT_EQ(eventually_in("seen"), "--store=s3://b/it's|--lease=l-1|hun'ter\n2 $HOME");
  EXPECT_FALSE(io::path_exists(folder_.path() / "run/environment"))
      << "the secrets are gone once they are read";
  EXPECT_EQ(std::filesystem::status(path("run")).permissions(), std::filesystem::perms::owner_all);
}

TEST_F(BootDocumentTest, AnotherAgentThanWasPromisedIsNotRun) {
  offer("#!/bin/sh\necho evil >" + path("seen") + "\n");
  const io::CommandOutput ran = boot();
  EXPECT_FALSE(ran.status.success());
  EXPECT_NE(ran.err.find("boot failed: the agent that was fetched is another"), std::string::npos) << ran.err;
  EXPECT_EQ(eventually_in("off"), "off\n") << "it costs no longer";
  EXPECT_FALSE(io::path_exists(path("seen")));
}

TEST_F(BootDocumentTest, AnAgentThatCannotBeFetchedIsToldWithoutTheUrlsSecret) {
  server_ = nullptr;
  const io::CommandOutput ran = boot();
  EXPECT_FALSE(ran.status.success());
  EXPECT_NE(ran.err.find("boot failed: the agent cannot be fetched"), std::string::npos) << ran.err;
  EXPECT_EQ(ran.err.find("hunter2"), std::string::npos) << ran.err;
  EXPECT_EQ(eventually_in("off"), "off\n");
}

TEST_F(BootDocumentTest, AMachineWithoutCurlAndWgetFetchesByPython) {
  for (const char* tool : {"curl", "wget"}) program(tool, "exit 1");
  EXPECT_TRUE(boot().status.success());
  EXPECT_NE(eventually_in("seen"), "");
  EXPECT_EQ(eventually_in("off"), "off\n");
}

TEST_F(BootDocumentTest, ABootThatIsRepeatedStartsNothingASecondTime) {
  EXPECT_TRUE(boot().status.success());
  EXPECT_EQ(eventually_in("off"), "off\n");
  const std::size_t asked = server_.asked().size();
  EXPECT_TRUE(boot().status.success());
  EXPECT_EQ(server_.asked().size(), asked);
}

TEST_F(BootDocumentTest, TheLimitHoldsWhateverTheAgentDoes) {
  agent_ = "#!/bin/sh\ntrap '' HUP\nexec sleep 120\n";
  offer(agent_);
  request_.hard_limit = *parse_utc("2020-01-01T00:00:00Z");
  EXPECT_TRUE(boot().status.success());
  for (int i = 0; i < 800 && !io::path_exists(path("off")); ++i) std::this_thread::sleep_for(Duration(25));
  EXPECT_TRUE(io::path_exists(path("off"))) << "within the ten seconds of its watch";
}

TEST(BootDocument, FitsTheSmallestSuppliersLimitWithRoomForTheJob) {
  BootRequest request;
  request.agents = {{"x86_64", {std::string(1500, 'u'), std::string(64, 'a')}},
                    {"aarch64", {std::string(1500, 'u'), std::string(64, 'a')}}};
  const Result<std::string> bare = boot_document(request);
  ASSERT_TRUE(bare.ok()) << describe(bare.error());
  EXPECT_LT(bare->size(), 8'500U) << "the rest is for secrets and arguments";
  request.secrets = {{"KEY", std::string(11'000, 'k')}};
  const Result<std::string> over = boot_document(request);
  ASSERT_FALSE(over.ok());
  EXPECT_EQ(over.error().code, Code::invalid_argument);
  EXPECT_EQ(describe(over.error()).find("kkkk"), std::string::npos);
}

TEST(BootDocument, WhatCannotBeHandedOverIsRefused) {
  BootRequest request;
  EXPECT_FALSE(boot_document(request).ok()) << "no agent";
  request.agents = {{"x86_64", {"https://x/agent", "abc"}}};
  EXPECT_FALSE(boot_document(request).ok()) << "no digest";
  request.agents = {{"x86_64", {"https://x/agent", std::string(64, 'a')}}};
  EXPECT_TRUE(boot_document(request).ok());
  for (const char* name : {"", "1A", "A-B", "A;reboot"}) {
    request.secrets = {{name, "v"}};
    EXPECT_FALSE(boot_document(request).ok()) << name;
  }
}

TEST(AgentArguments, TellThePlaceAndTheWarning) {
  provider::LaunchRequest request;
  request.agent_arguments = {"--lease=l-1"};
  request.offer.purchase = Purchase::spot;
  request.offer.accelerator = Accelerator{"A10G", 4, 24};
  EXPECT_EQ(agent_arguments_of(request, {"aws", std::chrono::minutes(2)}),
            (std::vector<std::string>{"--lease=l-1", "--scratch=/var/tmp/tradewind",
                                      "--limit-file=/run/tradewind/limit", "--purchase=spot",
                                      "--metadata=aws", "--notice-lead=120000ms", "--accelerator=A10G:4"}));
}

}  // namespace
}  // namespace tradewind::boot
