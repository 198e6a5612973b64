#include "edge/objectstore/file_store.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "edge/objectstore/registry.h"
#include "edge/objectstore/testing/conformance.h"
#include "edge/objectstore/testing/temporary_folder.h"

namespace tradewind::objectstore {
namespace {

namespace fs = std::filesystem;

Connect empty_file_store() {
  const auto folder = std::make_shared<TemporaryFolder>();
  return [folder]() -> std::shared_ptr<ObjectStore> {
    auto store = open_file_store((folder->path() / "a store with späce").string());
    if (!store.ok()) {
      ADD_FAILURE() << describe(store.error());
      return nullptr;
    }
    return std::move(store).value();
  };
}

std::unique_ptr<ObjectStore> open_or_fail(const fs::path& path) {
  auto store = open_file_store(path.string());
  if (!store.ok()) {
    ADD_FAILURE() << describe(store.error());
    return nullptr;
  }
  return std::move(store).value();
}

std::size_t temporaries(const fs::path& root) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(root / "~tmp"), fs::directory_iterator()));
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(File, ObjectStoreConformance,
                         testing::Values(conformance_case("file", empty_file_store, true)));

namespace {

TEST(FileStore, AnObjectIsAPlainFileWithItsBytes) {
  const TemporaryFolder folder;
  const auto store = open_or_fail(folder.path());
  ASSERT_TRUE(store->put("a/b/c", "bytes", PutCondition::if_absent).ok());
  EXPECT_EQ(read_file(folder.path() / "a/b/c"), "bytes");
  EXPECT_EQ(temporaries(folder.path()), 0U);
}

TEST(FileStore, WhatIsPutWhileTheOldIsRemovedStays) {
  const TemporaryFolder folder;
  const auto putter = open_or_fail(folder.path());
  const auto remover = open_or_fail(folder.path());
  const Time limit =
      std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) - std::chrono::hours(1);
  int spared = 0;
  for (int round = 0; round < 300; ++round) {
    ASSERT_TRUE(putter->put("a/chunk", "x", PutCondition::always).ok());
    fs::last_write_time(folder.path() / "a/chunk", fs::file_time_type::clock::now() - std::chrono::hours(2));
    std::atomic<bool> ready = false;
    std::thread other([&] {
      ready = true;
      const Status removed = remover->remove_if_older("a/chunk", limit);
      if (!removed.ok() && removed.error().code == Code::conflict) ++spared;
    });
    while (!ready) std::this_thread::yield();
    ASSERT_TRUE(putter->put("a/chunk", "x", PutCondition::always).ok());
    other.join();
    ASSERT_EQ(remover->get("a/chunk").value_or("lost"), "x") << "round " << round;
  }
  EXPECT_LT(spared, 300) << "some were removed and put again";
}

TEST(FileStore, MakesItsFolderAndSaysItsUrl) {
  const TemporaryFolder folder;
  const auto store = open_or_fail(folder.path() / "new/deep dir/100%");
  EXPECT_EQ(store->url(), "file://" + folder.path().string() + "/new/deep%20dir/100%25");
  const auto again = open_store(store->url());
  ASSERT_TRUE(again.ok()) << describe(again.error());
  ASSERT_TRUE(store->put("k", "x", PutCondition::always).ok());
  EXPECT_EQ((*again)->get("k").value_or("?"), "x");
}

TEST(FileStore, APathWithASlashAtItsEndIsTheSameStore) {
  const TemporaryFolder folder;
  EXPECT_EQ(open_or_fail(folder.path().string() + "/")->url(), open_or_fail(folder.path())->url());
}

TEST(FileStore, SymbolicLinksBelowTheRootAreNeverFollowed) {
  const TemporaryFolder folder;
  const TemporaryFolder outside;
  write_file(outside.path() / "secret", "not yours");
  const auto store = open_or_fail(folder.path());
  fs::create_symlink(outside.path(), folder.path() / "link");
  fs::create_symlink(outside.path() / "secret", folder.path() / "file");
  EXPECT_FALSE(store->get("link/secret").ok());
  EXPECT_FALSE(store->get("file").ok());
  EXPECT_EQ(store->get("file").error().code, Code::corrupt);
  EXPECT_FALSE(store->stat("file").ok());
  EXPECT_FALSE(store->put("link/new", "x", PutCondition::always).ok());
  EXPECT_FALSE(store->put("link/new", "x", PutCondition::if_absent).ok());
  EXPECT_TRUE(store->remove("link/secret").ok()) << "no object has this key: it is as good as removed";
  EXPECT_EQ(store->list("", "")->objects.size(), 0U);
  EXPECT_EQ(store->list("link/", "")->objects.size(), 0U);
  EXPECT_EQ(read_file(outside.path() / "secret"), "not yours");
  EXPECT_FALSE(fs::exists(outside.path() / "new"));
}

TEST(FileStore, ReplacingALinkReplacesTheLinkNotItsTarget) {
  const TemporaryFolder folder;
  const TemporaryFolder outside;
  write_file(outside.path() / "precious", "old");
  const auto store = open_or_fail(folder.path());
  fs::create_symlink(outside.path() / "precious", folder.path() / "object");
  ASSERT_TRUE(store->put("object", "new", PutCondition::always).ok());
  EXPECT_EQ(read_file(outside.path() / "precious"), "old");
  EXPECT_EQ(store->get("object").value_or("?"), "new");
}

TEST(FileStore, APipeInTheFolderNeitherHangsNorReads) {
  const TemporaryFolder folder;
  const auto store = open_or_fail(folder.path());
  ASSERT_EQ(::mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(store->get("pipe").error().code, Code::corrupt);
  EXPECT_EQ(store->list("", "")->objects.size(), 0U);
}

TEST(FileStore, AnObjectAndAFolderCannotShareAName) {
  const TemporaryFolder folder;
  const auto store = open_or_fail(folder.path());
  ASSERT_TRUE(store->put("a", "x", PutCondition::always).ok());
  ASSERT_TRUE(store->put("b/c", "x", PutCondition::always).ok());
  for (const PutCondition condition : {PutCondition::always, PutCondition::if_absent}) {
    const Status below = store->put("a/b", "x", condition);
    ASSERT_FALSE(below.ok());
    EXPECT_EQ(below.error().code, Code::invalid_argument) << describe(below.error());
    const Status above = store->put("b", "x", condition);
    ASSERT_FALSE(above.ok());
    EXPECT_EQ(above.error().code, Code::invalid_argument) << describe(above.error());
  }
  EXPECT_EQ(temporaries(folder.path()), 0U);
}

TEST(FileStore, TemporariesAreInvisibleAndOldOnesAreRemovedAtOpening) {
  const TemporaryFolder folder;
  const auto first = open_or_fail(folder.path());
  write_file(folder.path() / "~tmp/old", "left by a crash");
  write_file(folder.path() / "~tmp/young", "being written");
  fs::last_write_time(folder.path() / "~tmp/old", fs::file_time_type::clock::now() - std::chrono::hours(25));
  EXPECT_EQ(first->list("", "")->objects.size(), 0U);
  const auto second = open_or_fail(folder.path());
  EXPECT_FALSE(fs::exists(folder.path() / "~tmp/old"));
  EXPECT_TRUE(fs::exists(folder.path() / "~tmp/young"));
}

TEST(FileStore, AFolderThatCannotBeWrittenIsUnauthorizedWithTheCure) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  const auto store = open_file_store(folder.path().string());
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, Code::unauthorized);
  EXPECT_NE(store.error().message.find(folder.path().string()), std::string::npos);
  EXPECT_FALSE(store.error().hint.empty());
}

// The same as an ordinary user, whom root can become.
TEST(FileStore, AnotherUsersFolderIsUnauthorized) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  const TemporaryFolder folder;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(100);
    const auto store = open_file_store(folder.path().string() + "/store");
    ::_exit(!store.ok() && store.error().code == Code::unauthorized && !store.error().hint.empty() ? 0 : 1);
  }
  int state = 0;
  ASSERT_EQ(::waitpid(child, &state, 0), child);
  EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0) << state;
}

TEST(FileStore, AFullDiskIsUnavailableAndLeavesTheOldObject) {
  const TemporaryFolder folder;
  const auto store = open_or_fail(folder.path());
  ASSERT_TRUE(store->put("k", "old", PutCondition::always).ok());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // A limit on the size of files stands for the full disk; it needs no rights.
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100000, 100000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(100);
    const Status done = store->put("k", std::string(200000, 'x'), PutCondition::always);
    ::_exit(!done.ok() && done.error().code == Code::unavailable && !done.error().hint.empty() ? 0 : 1);
  }
  int state = 0;
  ASSERT_EQ(::waitpid(child, &state, 0), child);
  EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0) << state;
  EXPECT_EQ(store->get("k").value_or("?"), "old");
  EXPECT_EQ(temporaries(folder.path()), 0U);
}

TEST(FileStore, ARemovedRootIsAnOutageNotAnEmptyStore) {
  const TemporaryFolder folder;
  const auto store = open_or_fail(folder.path() / "root");
  ASSERT_TRUE(store->put("ledger/00000001", "x", PutCondition::always).ok());
  fs::remove_all(folder.path() / "root");
  EXPECT_EQ(store->get("ledger/00000001").error().code, Code::unavailable);
  EXPECT_EQ(store->list("", "").error().code, Code::unavailable);
  EXPECT_EQ(store->put("ledger/00000001", "y", PutCondition::if_absent).error().code, Code::unavailable);
}

TEST(FileStore, ARootThatIsAFileIsRefused) {
  const TemporaryFolder folder;
  write_file(folder.path() / "file", "x");
  const auto store = open_file_store((folder.path() / "file").string());
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, Code::invalid_argument) << describe(store.error());
  EXPECT_FALSE(open_file_store("").ok());
}

TEST(Registry, UnknownSchemesAreRefusedWithTheKnownOnes) {
  const auto store = open_store("fiel:///srv/x");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().code, Code::invalid_argument);
  EXPECT_NE(store.error().message.find("file://"), std::string::npos);
  EXPECT_NE(store.error().hint.find("file"), std::string::npos);
  EXPECT_FALSE(open_store("").ok());
  EXPECT_FALSE(open_store("nothing").ok());
}

TEST(Registry, APathIsAnsweredWithItsUrl) {
  const auto store = open_store("/srv/my store");
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().hint, "write file:///srv/my%20store");
}

TEST(Registry, BadFileUrlsAreRefused) {
  for (const char* url : {"file://host/srv", "file://", "file:///a%2", "file:///a%zz", "file:///a%00b",
                          "file:///a?b", "file:///a#b"}) {
    const auto store = open_store(url);
    ASSERT_FALSE(store.ok()) << url;
    EXPECT_EQ(store.error().code, Code::invalid_argument) << url;
    EXPECT_FALSE(store.error().hint.empty()) << url;
  }
}

}  // namespace
}  // namespace tradewind::objectstore
