// The agent on its way to a rented machine: into the job's store once, and out of it by a URL.
#include "app/main/agent_download.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>

#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/objectstore/s3_store.h"
#include "edge/objectstore/testing/fake_s3.h"

namespace tradewind::app {
namespace {

class AgentDownloadTest : public testing::Test {
 protected:
  AgentDownloadTest() : store_(objectstore::open_s3_store(fake_.url("runs"), fake_.environment()).value()) {
    EXPECT_TRUE(io::write_file_atomic(folder_.path() / "agent", "the agent", {0755, false}).ok());
  }
  boot::AgentSource source() {
    return agent_from_store(
        {{{"x86_64", (folder_.path() / "agent").string()}},
         fake_.environment(),
         [this](const std::string&) -> Result<objectstore::ObjectStore*> { return store_.get(); }});
  }
  static provider::LaunchRequest request(const std::string& url) {
    provider::LaunchRequest made;
    made.agent_arguments = {"--standby-store=s3://other/p", "--store=" + url};
    return made;
  }

  io::TempDir folder_ = io::TempDir::make("tradewind-agent-").value();
  objectstore::FakeS3 fake_;
  std::unique_ptr<objectstore::ObjectStore> store_;
};

TEST_F(AgentDownloadTest, ItIsPutIntoTheStoreOnceAndSignedForEachLaunch) {
  const boot::AgentSource agent = source();
  const Result<boot::AgentDownloads> first = agent(request(fake_.url("runs")));
  ASSERT_TRUE(first.ok()) << describe(first.error());
  ASSERT_TRUE(agent(request(fake_.url("runs"))).ok());
  EXPECT_EQ(fake_.count("PUT"), 1U);
  const std::string digest = io::hex(io::sha256("the agent"));
  EXPECT_EQ(first->at("x86_64").sha256, digest);
  EXPECT_EQ(store_->get("agents/x86_64/" + digest).value(), "the agent");
  EXPECT_NE(first->at("x86_64").url.find("/runs/agents/x86_64/" + digest + "?X-Amz-Algorithm="),
            std::string::npos)
      << first->at("x86_64").url;
}

TEST_F(AgentDownloadTest, AnotherKindOfStoreIsToldWithTheCure) {
  const Result<boot::AgentDownloads> refused = source()(request("azblob://runs?account=acme1"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
  EXPECT_NE(refused.error().hint.find("aws.yaml"), std::string::npos);
}

TEST_F(AgentDownloadTest, TheOwnProgramIsForThisMachinesProcessor) {
  struct utsname here = {};
  ASSERT_EQ(::uname(&here), 0);
  const std::string own = (folder_.path() / "agent").string();
  const auto programs = agent_programs(own, {{"TRADEWIND_AGENT_AARCH64", "/opt/arm"}});
  EXPECT_EQ(programs.at("aarch64"), "/opt/arm");
  if (std::string(here.machine) != "aarch64") {
    EXPECT_EQ(programs.at(here.machine), own);
  }
  EXPECT_TRUE(agent_programs("/nonexistent", {}).empty());
}

}  // namespace
}  // namespace tradewind::app
