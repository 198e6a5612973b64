#include "app/agent/job_data.h"

#include <fstream>
#include <gtest/gtest.h>

#include "edge/io/files.h"
#include "edge/objectstore/file_url.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;

bool never() {
  return false;
}

class JobDataTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(dir_.path() / "source/sub");
    std::ofstream(dir_.path() / "source/sub/x") << "data";
    fs::create_directories(dir_.path() / "home");
    spec_.file_mounts["data"] = {objectstore::file_url((dir_.path() / "source").string())};
    workspace_ = *plan_workspace(dir_.path() / "scratch", spec_);
    ASSERT_TRUE(prepare_workspace(workspace_, spec_).ok());
  }

  io::TempDir dir_ = *io::TempDir::make("job data ");
  JobSpec spec_;
  Workspace workspace_;
  JobData data_{{dir_.path() / "cache", dir_.path() / "home", nullptr, [](const std::string&) {}}};
};

TEST_F(JobDataTest, BringsTwiceAfterATryThatFailed) {
  spec_.file_mounts["none"] = {"file:///no/such/folder"};
  const Result<DataReport> failed = data_.bring(spec_, workspace_, never);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Code::not_found);
  EXPECT_EQ(failed.error().message.find("file_mounts.none: "), 0u) << failed.error().message;
  spec_.file_mounts.erase("none");
  const Result<DataReport> brought = data_.bring(spec_, workspace_, never);
  ASSERT_TRUE(brought.ok()) << describe(brought.error());
  EXPECT_EQ(brought->bytes_moved, 0u);
  EXPECT_EQ(brought->bytes_reused, 4u);
  EXPECT_EQ(*io::read_file(workspace_.work / "data/sub/x"), "data");
}

TEST_F(JobDataTest, TheHomeFolderIsTheNodes) {
  spec_.file_mounts = {{"~/keys", {(dir_.path() / "source").string()}}};
  ASSERT_TRUE(data_.bring(spec_, workspace_, never).ok());
  EXPECT_EQ(*io::read_file(dir_.path() / "home/keys/sub/x"), "data");
  data_.release();
  EXPECT_FALSE(io::path_exists(dir_.path() / "home/keys"));
}

TEST_F(JobDataTest, NothingIsMadeAfterTheRelease) {
  data_.release();
  const Result<DataReport> refused = data_.bring(spec_, workspace_, never);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::cancelled);
  EXPECT_FALSE(io::path_exists(workspace_.work / "data"));
}

TEST_F(JobDataTest, WhatWasPrefetchedDoesNotTravelAgain) {
  spec_.inputs["more"] = {spec_.file_mounts["data"].source};
  EXPECT_EQ(data_.prefetch(spec_, never).bytes_moved, 4u);
  const Result<DataReport> brought = data_.bring(spec_, workspace_, never);
  ASSERT_TRUE(brought.ok());
  EXPECT_EQ(brought->bytes_moved, 0u);
  EXPECT_EQ(*io::read_file(workspace_.inputs / "more/sub/x"), "data");
}

TEST_F(JobDataTest, AMountIsReadWhereThisMachineMountsAndElseRefused) {
  spec_.file_mounts["data"].mode = MountMode::mount;
  const Result<DataReport> mounted = data_.bring(spec_, workspace_, never);
  if (!datamount::can_mount().ok()) {
    ASSERT_FALSE(mounted.ok());
    EXPECT_EQ(mounted.error().code, Code::invalid_argument);
    EXPECT_NE(mounted.error().hint.find("mode: COPY"), std::string::npos);
    return;
  }
  ASSERT_TRUE(mounted.ok()) << describe(mounted.error());
  EXPECT_EQ(*io::read_file(workspace_.work / "data/sub/x"), "data");
  ASSERT_TRUE(data_.bring(spec_, workspace_, never).ok()) << "as after an error";
  const std::vector<std::string> lines = data_.release();
  EXPECT_EQ(lines.size(), 1u);
  EXPECT_FALSE(io::path_exists(workspace_.work / "data"));
  EXPECT_TRUE(fs::is_empty(workspace_.placed / "0"));
}

TEST_F(JobDataTest, StopsWhenItIsTold) {
  const Result<DataReport> stopped = data_.bring(spec_, workspace_, [] { return true; });
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Code::cancelled);
}

}  // namespace
}  // namespace tradewind::agent
