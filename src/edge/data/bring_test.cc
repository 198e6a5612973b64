#include "edge/data/bring.h"

#include <atomic>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/data/place.h"
#include "edge/io/files.h"
#include "edge/objectstore/file_url.h"
#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::data {
namespace {

namespace fs = std::filesystem;
using objectstore::FaultStore;
using objectstore::Operation;

bool never() {
  return false;
}

std::string text_of(const fs::path& file) {
  return io::read_file(file).value_or("missing: " + file.string());
}

class BringTest : public testing::Test {
 protected:
  void put(const std::string& key, const std::string& bytes) {
    ASSERT_TRUE(store_->put(key, bytes, objectstore::PutCondition::always).ok());
  }
  Brought must_bring() {
    Result<Brought> brought = bring(source_, cache_, never);
    EXPECT_TRUE(brought.ok()) << describe(brought.error());
    return brought.value_or(Brought{});
  }

  io::TempDir dir_ = *io::TempDir::make("data 자료 ");
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_memory_store();
  FaultStore faulty_{*store_, [this](const FaultStore::Call& call) { return hook_(call); }};
  Source source_{faulty_, "s3://bucket/data"};
  DataCache cache_ = *DataCache::open(dir_.path() / "cache");
  std::function<Status(const FaultStore::Call&)> hook_ = [](const FaultStore::Call&) { return Status(); };
};

TEST_F(BringTest, BringsOnceAndThenMovesNothing) {
  put("a/one", "1");
  put("a/two", std::string(block_bytes + 7, 'x'));
  put("zero", "");
  const Brought first = must_bring();
  EXPECT_EQ(first.bytes_moved, block_bytes + 8);
  EXPECT_EQ(first.bytes_reused, 0u);
  EXPECT_EQ(first.objects_moved, 3u);
  int gets = 0;
  hook_ = [&gets](const FaultStore::Call& call) {
    if (call.operation == Operation::get) ++gets;
    return Status();
  };
  const Brought second = must_bring();
  EXPECT_EQ(second.bytes_moved, 0u);
  EXPECT_EQ(second.bytes_reused, block_bytes + 8);
  EXPECT_EQ(gets, 0);
  ASSERT_TRUE(place(second, source_.url(), cache_, dir_.path() / "out", Access::writable).ok());
  EXPECT_EQ(text_of(dir_.path() / "out/a/one"), "1");
  EXPECT_EQ(text_of(dir_.path() / "out/a/two"), std::string(block_bytes + 7, 'x'));
  EXPECT_EQ(text_of(dir_.path() / "out/zero"), "");
}

TEST_F(BringTest, WhatAProgramWritesDoesNotReachTheCache) {
  put("one", "good");
  ASSERT_TRUE(place(must_bring(), source_.url(), cache_, dir_.path() / "out", Access::writable).ok());
  std::ofstream(dir_.path() / "out/one") << "evil";
  ASSERT_TRUE(place(must_bring(), source_.url(), cache_, dir_.path() / "again", Access::read_only).ok());
  EXPECT_EQ(text_of(dir_.path() / "again/one"), "good");
  struct stat facts = {};
  ASSERT_EQ(::stat((dir_.path() / "again/one").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0444U);
  EXPECT_EQ(facts.st_nlink, 1U);
}

TEST_F(BringTest, ACutTransferGoesOnWhereItWas) {
  put("big", std::string(5 * block_bytes, 'b'));
  std::atomic<int> left = 2;
  hook_ = [&left](const FaultStore::Call& call) -> Status {
    if (call.operation != Operation::get || call.moment != FaultStore::Moment::before || left-- > 0)
      return {};
    return Error{Code::unavailable, "cut"};
  };
  const Result<Brought> cut = bring(source_, cache_, never);
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code, Code::unavailable);
  hook_ = [](const FaultStore::Call&) { return Status(); };
  const Brought rest = must_bring();
  EXPECT_EQ(rest.bytes_moved, 3 * block_bytes);
  EXPECT_EQ(rest.bytes_reused, 2 * block_bytes);
  ASSERT_TRUE(place(rest, source_.url(), cache_, dir_.path() / "out", Access::writable).ok());
  EXPECT_EQ(text_of(dir_.path() / "out/big"), std::string(5 * block_bytes, 'b'));
}

TEST_F(BringTest, ABlockThatWasDamagedMeanwhileTravelsAgain) {
  put("big", std::string(2 * block_bytes, 'b'));
  std::atomic<int> left = 1;
  hook_ = [&left](const FaultStore::Call& call) -> Status {
    if (call.operation != Operation::get || call.moment != FaultStore::Moment::before || left-- > 0)
      return {};
    return Error{Code::unavailable, "cut"};
  };
  ASSERT_FALSE(bring(source_, cache_, never).ok());
  hook_ = [](const FaultStore::Call&) { return Status(); };
  const SourceObject object = source_.list()->front();
  std::ofstream(cache_.partial(DataCache::name_of(source_.url(), object)), std::ios::trunc) << "junk";
  EXPECT_EQ(must_bring().bytes_moved, 2 * block_bytes);
}

TEST_F(BringTest, ASourceThatIsWrittenMeanwhileIsReadAgain) {
  put("one", "old!");
  bool written = false;
  hook_ = [&](const FaultStore::Call& call) -> Status {
    if (call.operation != Operation::get || call.moment != FaultStore::Moment::after || written) return {};
    written = true;
    return store_->put("one", "newer", objectstore::PutCondition::always);
  };
  const Brought brought = must_bring();
  ASSERT_TRUE(place(brought, source_.url(), cache_, dir_.path() / "out", Access::writable).ok());
  EXPECT_EQ(text_of(dir_.path() / "out/one"), "newer");
}

TEST_F(BringTest, ASourceThatGoesOnChangingIsRefusedByName) {
  put("one", "0");
  int turn = 0;
  hook_ = [&](const FaultStore::Call& call) -> Status {
    if (call.operation != Operation::get || call.moment != FaultStore::Moment::after) return {};
    return store_->put("one", std::string(static_cast<std::size_t>(++turn) + 1, 'x'),
                       objectstore::PutCondition::always);
  };
  const Result<Brought> refused = bring(source_, cache_, never);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_NE(refused.error().message.find("'one' of s3://bucket/data changes"), std::string::npos);
}

TEST_F(BringTest, DamagedCacheIsForgottenAndBroughtAgain) {
  put("one", "good");
  const Brought brought = must_bring();
  const fs::path file = cache_.find(source_.url(), brought.objects.front())->file;
  struct stat facts = {};
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  std::ofstream(file) << "evil";
  const timespec times[2] = {facts.st_atim, facts.st_mtim};  // as a disk does that loses bits
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  const Status refused = place(brought, source_.url(), cache_, dir_.path() / "out", Access::writable);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::corrupt);
  EXPECT_EQ(must_bring().bytes_moved, 4u);
}

TEST_F(BringTest, AnEmptySourceIsNotFound) {
  const Result<Brought> refused = bring(source_, cache_, never);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::not_found);
  EXPECT_NE(refused.error().message.find("s3://bucket/data"), std::string::npos);
}

TEST_F(BringTest, AFileCannotBeAFolderToo) {
  put("a", "x");
  put("a.b", "x");
  put("a/b", "x");
  const Result<Brought> refused = bring(source_, cache_, never);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("an object 'a' and others below"), std::string::npos);
}

TEST_F(BringTest, IsStoppedSoon) {
  put("one", "1");
  const Result<Brought> stopped = bring(source_, cache_, [] { return true; });
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Code::cancelled);
}

TEST_F(BringTest, WhatWasNotUsedGoesFirstWhereRoomIsWanted) {
  put("one", "1");
  const Brought brought = must_bring();
  fs::create_directories(cache_.blocks() / "aa");
  std::ofstream(cache_.blocks() / "aa/block") << "x";
  const Status refused = cache_.make_room(std::uint64_t{1} << 60);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_FALSE(cache_.find(source_.url(), brought.objects.front())) << "all that could go has gone";
  EXPECT_FALSE(io::path_exists(cache_.blocks() / "aa/block"));
}

TEST_F(BringTest, WhatOthersUseIsNotRemoved) {
  put("one", "1");
  const Brought brought = must_bring();
  const DataCache other = *DataCache::open(dir_.path() / "cache");
  EXPECT_FALSE(cache_.make_room(std::uint64_t{1} << 60).ok());
  EXPECT_TRUE(cache_.find(source_.url(), brought.objects.front()));
}

TEST(DataSource, OneObjectIsASourceToo) {
  const io::TempDir dir = *io::TempDir::make("source ");
  std::ofstream(dir.path() / "a b.txt") << "text";
  const std::string url = objectstore::file_url((dir.path() / "a b.txt").string());
  const Result<Source> source = Source::open(url);
  ASSERT_TRUE(source.ok()) << describe(source.error());
  const DataCache cache = *DataCache::open(dir.path() / "cache");
  const Result<Brought> brought = bring(*source, cache, never);
  ASSERT_TRUE(brought.ok()) << describe(brought.error());
  ASSERT_TRUE(place(*brought, url, cache, dir.path() / "target", Access::writable).ok());
  EXPECT_EQ(text_of(dir.path() / "target"), "text");
}

TEST(DataSource, AMissingFolderIsNotMade) {
  const io::TempDir dir = *io::TempDir::make("source ");
  const Result<Source> refused = Source::open("file://" + dir.path().string().substr(0, 5) + "/no/such");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::not_found);
}

TEST(DataSource, LinksAreNotLeftOutInSilence) {
  const io::TempDir dir = *io::TempDir::make("source ");
  std::ofstream(dir.path() / "a") << "a";
  fs::create_symlink("a", dir.path() / "link");
  const std::string url = objectstore::file_url(dir.path().string());
  const Result<Source> source = Source::open(url);
  ASSERT_TRUE(source.ok());
  const Result<std::vector<SourceObject>> refused = source->list();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
  EXPECT_NE(refused.error().message.find("'link'"), std::string::npos);
}

TEST(DataSource, HostileNamesAreRefusedByName) {
  const io::TempDir dir = *io::TempDir::make("source ");
  for (const std::string name : {"a\nb", "a\\b", "\xff"}) {
    std::ofstream(dir.path() / name) << "evil";
    const Result<Source> source = Source::open(objectstore::file_url(dir.path().string()));
    ASSERT_TRUE(source.ok());
    const Result<std::vector<SourceObject>> refused = source->list();
    ASSERT_FALSE(refused.ok());
    EXPECT_NE(refused.error().message.find(name == "a\nb" ? "a?b" : name), std::string::npos);
    fs::remove(dir.path() / name);
  }
}

TEST(DataSource, UrlsAreSplitAtTheirLastPart) {
  EXPECT_EQ(split_url("s3://b/a/c?x=/y").parent, "s3://b/a?x=/y");
  EXPECT_EQ(split_url("s3://b/a/c?x=/y").name, "c");
  EXPECT_EQ(split_url("s3://b").parent, "");
  EXPECT_EQ(split_url("s3://b/a/").parent, "");
}

TEST(LayOver, FoldersGrowTogetherAndFilesAreReplaced) {
  const io::TempDir dir = *io::TempDir::make("lay ");
  for (const char* folder : {"made/sub", "target/sub"}) fs::create_directories(dir.path() / folder);
  std::ofstream(dir.path() / "made/sub/new") << "new";
  std::ofstream(dir.path() / "target/sub/new") << "old";
  std::ofstream(dir.path() / "target/kept") << "kept";
  ASSERT_TRUE(lay_over(dir.path() / "made", dir.path() / "target").ok());
  EXPECT_EQ(text_of(dir.path() / "target/sub/new"), "new");
  EXPECT_EQ(text_of(dir.path() / "target/kept"), "kept");
  std::ofstream(dir.path() / "file") << "x";
  EXPECT_EQ(lay_over(dir.path() / "file", dir.path() / "target").error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace tradewind::data
