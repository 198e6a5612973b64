#include "app/agent/output_copies.h"

#include <fstream>
#include <gtest/gtest.h>

#include "edge/io/files.h"
#include "edge/objectstore/file_url.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;

class OutputCopiesTest : public testing::Test {
 protected:
  void SetUp() override {
    workspace_ = *plan_workspace(dir_.path() / "scratch", JobSpec{});
    ASSERT_TRUE(prepare_workspace(workspace_, JobSpec{}).ok());
    fs::create_directories(workspace_.work / "model/sub");
    std::ofstream(workspace_.work / "model/sub/weights") << "w";
    std::ofstream(workspace_.work / "log.txt") << "l";
  }
  std::string url_of(const std::string& below) const {
    return objectstore::file_url((dir_.path() / "store" / below).string());
  }
  std::string text_of(const std::string& below) const {
    return io::read_file(dir_.path() / "store" / below).value_or("missing");
  }
  OutputCopies::Outcome copy(const std::map<std::string, std::string>& urls) {
    return copies_.copy(urls, workspace_, nullptr, [] { return false; });
  }

  io::TempDir dir_ = *io::TempDir::make("copies ");
  Workspace workspace_;
  OutputCopies copies_;
};

TEST_F(OutputCopiesTest, FoldersGoBelowTheirUrlAndFilesToIt) {
  const OutputCopies::Outcome outcome = copy(
      {{"model", url_of("models/a")}, {"log.txt", url_of("logs/today.txt")}, {"./log.txt", url_of("logs/")}});
  EXPECT_TRUE(outcome.problems.empty()) << outcome.problems.front();
  EXPECT_EQ(outcome.lines.size(), 3u);
  EXPECT_EQ(text_of("models/a/sub/weights"), "w");
  EXPECT_EQ(text_of("logs/today.txt"), "l");
  EXPECT_EQ(text_of("logs/log.txt"), "l");
}

TEST_F(OutputCopiesTest, TwiceCopiesOnce) {
  copy({{"model", url_of("a")}});
  const OutputCopies::Outcome again = copy({{"model", url_of("a")}});
  ASSERT_EQ(again.lines.size(), 1u);
  EXPECT_NE(again.lines.front().find("0 B copied"), std::string::npos) << again.lines.front();
}

TEST_F(OutputCopiesTest, WhatFailsIsToldAndDoesNotHoldUpTheRest) {
  std::ofstream(dir_.path() / "file") << "no folder";
  const std::string bad = objectstore::file_url((dir_.path() / "file").string());
  const OutputCopies::Outcome outcome =
      copy({{"model", bad}, {"none", url_of("b")}, {"log.txt", url_of("c/log")}});
  ASSERT_EQ(outcome.problems.size(), 2u);
  EXPECT_NE(outcome.problems[0].find("'model' was not copied to " + bad), std::string::npos);
  EXPECT_NE(outcome.problems[1].find("left nothing there"), std::string::npos);
  EXPECT_EQ(text_of("c/log"), "l");
}

TEST_F(OutputCopiesTest, NothingOutsideTheWorkFolderIsCopied) {
  std::ofstream(dir_.path() / "secret") << "s";
  fs::create_symlink(dir_.path() / "secret", workspace_.work / "model/link");
  fs::create_symlink(dir_.path() / "secret", workspace_.work / "other");
  EXPECT_EQ(copy({{"other", url_of("x")}}).problems.size(), 1u);
  copy({{"model", url_of("a")}});
  EXPECT_EQ(text_of("a/link"), "missing");
}

}  // namespace
}  // namespace tradewind::agent
