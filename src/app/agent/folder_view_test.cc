#include "app/agent/folder_view.h"

#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "edge/io/files.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;

class FolderViewTest : public testing::Test {
 protected:
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((state_ / path).parent_path());
    std::ofstream(state_ / path) << text;
  }
  std::string held(const std::string& path) { return io::read_file(target_ / path).value_or("none"); }
  FolderView look() {
    const Result<FolderView> view = look_at_folder(state_);
    EXPECT_TRUE(view.ok());
    return view.value_or(FolderView{});
  }

  io::TempDir dir_ = *io::TempDir::make("tw-view-");
  fs::path state_ = dir_.path() / "state";
  fs::path target_ = dir_.path() / "held";
};

TEST_F(FolderViewTest, WhatIsHeldOutlivesTheProgramsNextSaves) {
  write("weights", "one");
  write("가 나/part", "two");
  fs::create_symlink("weights", state_ / "latest");
  fs::create_directories(state_ / "empty");
  const FolderView view = look();
  ASSERT_EQ(view.size(), 5U);
  ASSERT_TRUE(hold_folder(state_, view, target_).ok());
  write("weights.new", "other");
  fs::rename(state_ / "weights.new", state_ / "weights");
  fs::remove_all(state_ / "가 나");
  EXPECT_EQ(held("weights"), "one");
  EXPECT_EQ(held("가 나/part"), "two");
  EXPECT_EQ(fs::read_symlink(target_ / "latest"), "weights");
  EXPECT_TRUE(fs::is_directory(target_ / "empty"));
}

TEST_F(FolderViewTest, AFileThatWasReplacedOrRemovedIsAConflict) {
  write("weights", "one");
  const FolderView view = look();
  write("weights.new", "uno");
  fs::rename(state_ / "weights.new", state_ / "weights");
  EXPECT_EQ(hold_folder(state_, view, target_).error().code, Code::conflict);
  fs::remove(state_ / "weights");
  EXPECT_EQ(hold_folder(state_, view, target_).error().code, Code::conflict);
}

TEST_F(FolderViewTest, FilesThatWereNotSeenAreNotHeld) {
  write("weights", "one");
  const FolderView view = look();
  write(".tmp", "half");
  ASSERT_TRUE(hold_folder(state_, view, target_).ok());
  EXPECT_FALSE(fs::exists(target_ / ".tmp"));
}

TEST_F(FolderViewTest, ViewsAreEqualUntilSomethingIsWritten) {
  write("weights", "one");
  const FolderView before = look();
  EXPECT_EQ(before, look());
  write("weights", "longer");
  EXPECT_NE(before, look());
}

TEST_F(FolderViewTest, PipesAreLeftOutAndAMissingFolderIsNotFound) {
  fs::create_directories(state_);
  ASSERT_EQ(::mkfifo((state_ / "pipe").c_str(), 0600), 0);
  EXPECT_TRUE(look().empty());
  EXPECT_EQ(look_at_folder(dir_.path() / "none").error().code, Code::not_found);
}

}  // namespace
}  // namespace tradewind::agent
