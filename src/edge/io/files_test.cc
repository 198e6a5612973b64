#include "edge/io/files.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "edge/io/paths.h"
#include "edge/io/system_clock.h"

namespace tradewind::io {
namespace {

class Files : public testing::Test {
 protected:
  Files() : dir_(TempDir::make("tw-files-test-").value()) {}
  Path at(const std::string& name) const { return dir_.path() / name; }
  // Names in the folder, hidden ones too: nothing may be left over.
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(dir_.path()), {}));
  }
  TempDir dir_;
};

TEST_F(Files, ReadsBackWhatWasWritten) {
  const std::string bytes("a\0b\n", 4);
  ASSERT_TRUE(write_file_atomic(at("x y 한글"), bytes).ok());
  EXPECT_EQ(read_file(at("x y 한글")).value(), bytes);
  ASSERT_TRUE(write_file_atomic(at("x y 한글"), "new", {0600, true}).ok());
  EXPECT_EQ(read_file(at("x y 한글")).value(), "new");
  EXPECT_EQ(std::filesystem::status(at("x y 한글")).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, SayWhyTheyCannotBeRead) {
  EXPECT_EQ(read_file(at("none")).error().code, Code::not_found);
  EXPECT_EQ(read_file(dir_.path()).error().code, Code::invalid_argument);
  ASSERT_TRUE(write_file_atomic(at("long"), "12345").ok());
  EXPECT_EQ(read_file(at("long"), 4).error().code, Code::invalid_argument);
  EXPECT_EQ(read_file(at("long"), 5).value(), "12345");
}

TEST_F(Files, WritingIntoAMissingFolderIsNotFoundAndLeavesNothing) {
  EXPECT_EQ(write_file_atomic(at("none/x"), "x").error().code, Code::not_found);
  ASSERT_TRUE(make_folders(at("folder/x")).ok());
  EXPECT_FALSE(write_file_atomic(at("folder"), "x").ok()) << "a folder is not overwritten";
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, ExactlyOneOfManyRacingCreatorsSucceeds) {
  std::vector<std::thread> threads;
  std::vector<int> won(16);
  for (std::size_t i = 0; i < won.size(); ++i) {
    threads.emplace_back([&, i] {
      const Status created = create_file_atomic(at("one"), std::to_string(i));
      won[i] = created ? 1 : 0;
      EXPECT_TRUE(created.ok() || created.error().code == Code::conflict);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::count(won.begin(), won.end(), 1), 1);
  const auto winner = std::find(won.begin(), won.end(), 1) - won.begin();
  EXPECT_EQ(read_file(at("one")).value(), std::to_string(winner));
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, AppendsToTheEnd) {
  ASSERT_TRUE(append_file(at("log"), "a").ok());
  ASSERT_TRUE(append_file(at("log"), "b").ok());
  EXPECT_EQ(read_file(at("log")).value(), "ab");
}

TEST_F(Files, MakesFoldersWithTheirParents) {
  EXPECT_TRUE(make_folders(at("a/b/c")).ok());
  EXPECT_TRUE(make_folders(at("a/b/c")).ok());
  ASSERT_TRUE(write_file_atomic(at("file"), "").ok());
  EXPECT_FALSE(make_folders(at("file")).ok());
  EXPECT_FALSE(make_folders(at("file/below")).ok());
}

TEST_F(Files, RemoveTreeFollowsNoLink) {
  ASSERT_TRUE(make_folders(at("outside")).ok());
  ASSERT_TRUE(write_file_atomic(at("outside/keep"), "k").ok());
  ASSERT_TRUE(make_folders(at("tree/sub")).ok());
  std::filesystem::create_directory_symlink(at("outside"), at("tree/sub/link"));
  std::filesystem::create_directory_symlink(at("outside"), at("link"));
  EXPECT_TRUE(remove_tree(at("tree")).ok());
  EXPECT_TRUE(remove_tree(at("link")).ok());
  EXPECT_TRUE(remove_tree(at("tree")).ok()) << "absent counts as removed";
  EXPECT_EQ(read_file(at("outside/keep")).value(), "k");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, RemoveTreeOpensLockedFoldersAndVeryDeepOnes) {
  ASSERT_TRUE(make_folders(at("tree/locked/inner")).ok());
  ASSERT_EQ(::chmod(at("tree/locked").c_str(), 0), 0);
  // Deeper than the longest path that one call may name.
  const Path before = std::filesystem::current_path();
  std::filesystem::current_path(at("tree"));
  for (int i = 0; i < 400; ++i) {
    ASSERT_EQ(::mkdir("a-rather-long-name", 0700), 0);
    ASSERT_EQ(::chdir("a-rather-long-name"), 0);
  }
  std::filesystem::current_path(before);
  const Status removed = remove_tree(at("tree"));
  EXPECT_TRUE(removed.ok()) << removed.error().message;
  EXPECT_EQ(entries(), 0U);
}

TEST_F(Files, ALockIsHeldByOneAndFreedWhenItsHolderGoes) {
  EXPECT_FALSE(FileLock::is_held(at("lock")));
  {
    const Result<FileLock> first = FileLock::acquire(at("lock"), Duration(0));
    ASSERT_TRUE(first.ok());
    EXPECT_TRUE(FileLock::is_held(at("lock")));
    EXPECT_EQ(FileLock::acquire(at("lock"), Duration(5)).error().code, Code::conflict);
  }
  EXPECT_FALSE(FileLock::is_held(at("lock")));
  EXPECT_TRUE(FileLock::acquire(at("lock"), Duration(0)).ok());
}

TEST_F(Files, ATemporaryFolderRemovesItself) {
  Path path;
  {
    const TempDir inner = TempDir::make("inner-", dir_.path()).value();
    path = inner.path();
    ASSERT_TRUE(write_file_atomic(path / "x", "x").ok());
  }
  EXPECT_FALSE(path_exists(path));
  EXPECT_GT(free_disk_bytes(dir_.path()).value(), 0U);
  EXPECT_EQ(free_disk_bytes(path).error().code, Code::not_found);
}

TEST(Folders, FollowXdgAndOurOwnVariable) {
  const Folders home = folders_from({{"HOME", "/h"}}).value();
  EXPECT_EQ(home.config, "/h/.config/tradewind");
  EXPECT_EQ(home.state, "/h/.local/state/tradewind");
  EXPECT_EQ(home.data, "/h/.local/share/tradewind");
  EXPECT_EQ(home.cache, "/h/.cache/tradewind");
  const Folders xdg =
      folders_from({{"HOME", "/h"}, {"XDG_STATE_HOME", "/s"}, {"XDG_DATA_HOME", "rel"}}).value();
  EXPECT_EQ(xdg.state, "/s/tradewind");
  EXPECT_EQ(xdg.data, "/h/.local/share/tradewind") << "a relative one is ignored";
  EXPECT_EQ(folders_from({{"TRADEWIND_HOME", "/t w"}}).value().state, "/t w/state");
}

TEST(Folders, SayWhatIsMissing) {
  EXPECT_EQ(folders_from({}).error().code, Code::invalid_argument);
  EXPECT_EQ(folders_from({{"HOME", "/h"}, {"TRADEWIND_HOME", "t"}}).error().code, Code::invalid_argument);
}

TEST(SystemClock, GoesForward) {
  const SystemClock clock;
  const Duration before = clock.monotonic();
  EXPECT_GE(clock.monotonic(), before);
  EXPECT_GT(clock.now(), parse_utc("2024-01-01").value());
}

}  // namespace
}  // namespace tradewind::io
