#include "edge/checkpoint/folder_view.h"

#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "edge/io/files.h"

namespace tradewind::checkpoint {
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

TEST_F(FolderViewTest, TemporaryNamesAreNotSeen) {
  write(".new.model", "half");
  write("deep/.new.folder/inside", "half");
  write("weights", "one");
  const FolderView view = look();
  ASSERT_EQ(view.size(), 2U);
  EXPECT_EQ(view[0].path, "deep");
  EXPECT_EQ(view[1].path, "weights");
}

TEST_F(FolderViewTest, WhatIsHeldHasTheTimesAndModesOfWhatWasSeen) {
  write("deep/weights", "one");
  fs::permissions(state_ / "deep/weights", fs::perms(0640));
  const timespec times[2] = {{0, UTIME_OMIT}, {1'600'000'000, 123}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (state_ / "deep/weights").c_str(), times, 0), 0);
  ASSERT_EQ(::utimensat(AT_FDCWD, (state_ / "deep").c_str(), times, 0), 0);
  ASSERT_TRUE(hold_folder(state_, look(), target_).ok());
  for (const char* path : {"deep", "deep/weights"}) {
    struct stat found = {};
    ASSERT_EQ(::lstat((target_ / path).c_str(), &found), 0) << path;
    EXPECT_EQ(found.st_mtim.tv_sec, 1'600'000'000) << path;
    EXPECT_EQ(found.st_mtim.tv_nsec, 123) << path;
  }
  EXPECT_EQ(fs::status(target_ / "deep/weights").permissions(), fs::perms(0640));
}

TEST_F(FolderViewTest, WhatIsWrittenInPlaceIsTold) {
  write("weights", "one");
  const FolderView view = look();
  ASSERT_TRUE(hold_folder(state_, view, target_).ok());
  EXPECT_TRUE(is_as_seen(target_, view));
  std::ofstream(target_ / "weights", std::ios::app) << "more";  // the same file by its other name
  EXPECT_FALSE(is_as_seen(target_, view));
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
}  // namespace tradewind::checkpoint
