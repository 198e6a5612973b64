// Mounts, where this machine lets us; where not, the refusal.
#include "edge/datamount/mount.h"

#include <algorithm>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edge/io/files.h"
#include "edge/io/mounts.h"
#include "edge/objectstore/file_url.h"

namespace tradewind::datamount {
namespace {

namespace fs = std::filesystem;

class MountTest : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(dir_.path() / "source/deep");
    for (std::size_t i = 0; i < 3 * data::block_bytes; ++i)
      text_ += static_cast<char>(i * 2654435761U >> 16U);
    std::ofstream(dir_.path() / "source/deep/big", std::ios::binary) << text_;
    std::ofstream(dir_.path() / "source/small") << "small";
    for (int i = 0; i < 500; ++i) std::ofstream(dir_.path() / "source" / ("many-" + std::to_string(i))) << i;
  }
  void TearDown() override { io::detach_mounts_below(dir_.path(), io::own_mount_type); }

  Result<std::unique_ptr<Mount>> mount_source(const std::string& below = "") {
    const std::string url = objectstore::file_url((dir_.path() / "source" / below).string());
    Result<data::Source> source = data::Source::open(url);
    if (!source.ok()) return source.error();
    return mount({*std::move(source), where_, dir_.path() / "cache", 0, [](const std::string&) {}});
  }
  bool is_mounted() const {
    const std::vector<io::MountPoint> all = io::mount_points();
    return std::any_of(all.begin(), all.end(),
                       [this](const io::MountPoint& each) { return each.path == where_; });
  }
  // Whether the rest of a test makes sense: where nobody may mount, that this is told with its cure.
  bool can_or_is_refused() {
    const Status can = can_mount();
    if (can.ok()) return true;
    const Result<std::unique_ptr<Mount>> refused = mount_source();
    EXPECT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
    EXPECT_NE(refused.error().hint.find("mode: COPY"), std::string::npos);
    return false;
  }

  io::TempDir dir_ = *io::TempDir::make("mount 자료 ");
  fs::path where_ = dir_.path() / "where";
  std::string text_;
};

TEST_F(MountTest, FilesAreReadAndNobodyWrites) {
  if (!can_or_is_refused()) return;
  {
    const Result<std::unique_ptr<Mount>> mounted = mount_source();
    ASSERT_TRUE(mounted.ok()) << describe(mounted.error());
    EXPECT_TRUE(is_mounted());
    EXPECT_EQ(*io::read_file(where_ / "small"), "small");
    EXPECT_TRUE(*io::read_file(where_ / "deep/big") == text_);
    EXPECT_EQ((*mounted)->count().bytes_moved, text_.size() + 5);
    EXPECT_EQ(io::read_file(where_ / "none").error().code, Code::not_found);
    EXPECT_EQ(::open((where_ / "small").c_str(), O_WRONLY), -1);
    EXPECT_EQ(errno, EROFS);
    EXPECT_EQ(std::distance(fs::directory_iterator(where_), fs::directory_iterator()), 502);
    EXPECT_EQ(fs::file_size(where_ / "deep/big"), text_.size());
  }
  EXPECT_FALSE(is_mounted());
  EXPECT_TRUE(fs::is_empty(where_));
}

TEST_F(MountTest, ASecondMountMovesNothing) {
  if (!can_or_is_refused()) return;
  {
    const auto mounted = mount_source();
    ASSERT_TRUE(mounted.ok());
    EXPECT_TRUE(*io::read_file(where_ / "deep/big") == text_);
  }
  const auto again = mount_source();
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(*io::read_file(where_ / "deep/big") == text_);
  EXPECT_EQ((*again)->count().bytes_moved, 0u);
  EXPECT_EQ((*again)->count().bytes_reused, text_.size());
}

TEST_F(MountTest, UnmountingDoesNotWaitForWhoHasFilesOpen) {
  if (!can_or_is_refused()) return;
  auto mounted = mount_source();
  ASSERT_TRUE(mounted.ok());
  const io::UniqueFd open(::open((where_ / "deep/big").c_str(), O_RDONLY));
  ASSERT_TRUE(open.valid());
  mounted->reset();
  EXPECT_FALSE(is_mounted());
  char byte = 0;
  EXPECT_EQ(::pread(open.get(), &byte, 1, 0), -1);
}

TEST_F(MountTest, WhatAKilledProgramLeftIsTakenAway) {
  if (!can_or_is_refused()) return;
  const pid_t child = ::fork();
  if (child == 0) {
    auto mounted = mount_source();
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ASSERT_TRUE(is_mounted());
  detach_stale(dir_.path());
  EXPECT_FALSE(is_mounted());
}

TEST_F(MountTest, ALiveMountIsNotStale) {
  if (!can_or_is_refused()) return;
  const auto mounted = mount_source();
  ASSERT_TRUE(mounted.ok());
  detach_stale(dir_.path());
  EXPECT_TRUE(is_mounted());
}

TEST_F(MountTest, OneObjectIsNoFolder) {
  if (!can_or_is_refused()) return;
  const auto refused = mount_source("small");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace tradewind::datamount
