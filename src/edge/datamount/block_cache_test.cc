#include "edge/datamount/block_cache.h"

#include <atomic>
#include <fstream>
#include <gtest/gtest.h>

#include "edge/datamount/file_tree.h"
#include "edge/io/files.h"
#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::datamount {
namespace {

namespace fs = std::filesystem;
using data::block_bytes;
using objectstore::FaultStore;
using objectstore::Operation;

class BlockCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i < 5 * block_bytes / 2; ++i) text_ += static_cast<char>(i * 2654435761U >> 16U);
    ASSERT_TRUE(store_->put("big", text_, objectstore::PutCondition::always).ok());
    object_ = source_.list()->front();
  }
  BlockSettings settings(std::uint64_t bytes_max = 100 * block_bytes) {
    return {dir_.path(), bytes_max, 3, Duration(1), 0};
  }
  void expect_read(BlockCache& cache, std::uint64_t offset, std::uint64_t size) {
    const Result<std::string> bytes = cache.read(object_, offset, size);
    ASSERT_TRUE(bytes.ok()) << describe(bytes.error());
    EXPECT_TRUE(*bytes == text_.substr(offset, size)) << offset << "+" << size;
  }

  io::TempDir dir_ = *io::TempDir::make("blocks ");
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_memory_store();
  std::atomic<int> gets_ = 0;
  std::atomic<int> failing_ = 0;
  FaultStore faulty_{*store_, [this](const FaultStore::Call& call) -> Status {
                       if (call.operation != Operation::get || call.moment != FaultStore::Moment::before)
                         return {};
                       ++gets_;
                       if (failing_-- > 0) return Error{Code::unavailable, "busy"};
                       return {};
                     }};
  data::Source source_{faulty_, "s3://bucket/data"};
  std::string text_;
  data::SourceObject object_;
};

TEST_F(BlockCacheTest, ReadsAcrossBlocksAndAskForEachOnce) {
  BlockCache cache(source_, settings());
  expect_read(cache, 0, 10);
  expect_read(cache, block_bytes - 5, 10);
  expect_read(cache, 0, text_.size());
  EXPECT_TRUE(cache.read(object_, text_.size() - 3, 100)->size() == 3);
  EXPECT_TRUE(cache.read(object_, text_.size(), 100)->empty());
  EXPECT_EQ(gets_, 3);
  EXPECT_EQ(cache.count().bytes_moved, text_.size());
}

TEST_F(BlockCacheTest, ASecondJobReadsFromTheDisk) {
  {
    BlockCache cache(source_, settings());
    expect_read(cache, 0, text_.size());
  }
  gets_ = 0;
  BlockCache again(source_, settings());
  EXPECT_EQ(again.bytes_held(), text_.size());
  expect_read(again, 0, text_.size());
  EXPECT_EQ(gets_, 0);
  EXPECT_EQ(again.count().bytes_reused, text_.size());
}

TEST_F(BlockCacheTest, TheBoundIsKeptAndTheLeastUsedGoes) {
  BlockCache cache(source_, settings(2 * block_bytes));
  expect_read(cache, 0, 1);
  expect_read(cache, block_bytes, 1);
  expect_read(cache, 0, 1);
  expect_read(cache, 2 * block_bytes, 1);  // block 1 goes
  EXPECT_LE(cache.bytes_held(), 2 * block_bytes);
  gets_ = 0;
  expect_read(cache, 0, 1);
  EXPECT_EQ(gets_, 0);
  expect_read(cache, block_bytes, 1);
  EXPECT_EQ(gets_, 1);
}

TEST_F(BlockCacheTest, DamagedAndMissingBlocksAreBroughtAgain) {
  {
    BlockCache cache(source_, settings());
    expect_read(cache, 0, text_.size());
  }
  int seen = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(dir_.path())) {
    if (!entry.is_regular_file()) continue;
    if (++seen == 1) {
      std::fstream(entry.path()) << "junk";
    } else if (seen == 2) {
      fs::remove(entry.path());
    }
  }
  ASSERT_EQ(seen, 3);
  gets_ = 0;
  BlockCache again(source_, settings());
  expect_read(again, 0, text_.size());
  EXPECT_EQ(gets_, 2);
}

TEST_F(BlockCacheTest, WhatMayPassIsTriedAgainForAWhile) {
  BlockCache cache(source_, settings());
  failing_ = 2;
  expect_read(cache, 0, 1);
  failing_ = 3;
  const Result<std::string> failed = cache.read(object_, block_bytes, 1);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().code, Code::unavailable);
}

TEST_F(BlockCacheTest, AnObjectThatBecameShorterOrWentIsToldByName) {
  BlockCache cache(source_, settings());
  ASSERT_TRUE(store_->put("big", "short", objectstore::PutCondition::always).ok());
  const Result<std::string> changed = cache.read(object_, 0, 1);
  ASSERT_FALSE(changed.ok());
  EXPECT_EQ(changed.error().code, Code::conflict);
  EXPECT_NE(changed.error().message.find("'big' of s3://bucket/data"), std::string::npos);
}

TEST_F(BlockCacheTest, ManyReadersOfOneBlockCauseOneRequest) {
  BlockCache cache(source_, settings());
  std::vector<std::jthread> readers;
  readers.reserve(8);
  for (int i = 0; i < 8; ++i) readers.emplace_back([&] { expect_read(cache, 100, 1000); });
  readers.clear();
  EXPECT_EQ(gets_, 1);
}

TEST_F(BlockCacheTest, WhatIsReadAheadIsThereWhenItIsAskedFor) {
  BlockSettings ahead = settings();
  ahead.readers_ahead = 2;
  BlockCache cache(source_, ahead);
  cache.read_ahead(object_, 0, 100);
  for (int i = 0; i < 500 && cache.bytes_held() < text_.size(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(cache.bytes_held(), text_.size());
  expect_read(cache, 0, text_.size());
  EXPECT_EQ(gets_, 3);
}

TEST(FileTree, FoldersAppearWithTheirFiles) {
  FileTree tree({{"a", "a", 1, {}}, {"b/c/d", "b/c/d", 2, {}}, {"b/e", "b/e", 3, {}}});
  EXPECT_EQ(tree.files(), 3u);
  EXPECT_EQ(tree.bytes(), 6u);
  const std::optional<std::uint64_t> b = tree.child(FileTree::root, "b");
  ASSERT_TRUE(b);
  EXPECT_EQ(tree.node(*b)->object, nullptr);
  EXPECT_EQ(tree.node(*b)->children.size(), 2u);
  const std::optional<std::uint64_t> c = tree.child(*b, "c");
  ASSERT_TRUE(c);
  EXPECT_EQ(tree.node(*c)->parent, *b);
  EXPECT_EQ(tree.node(*tree.child(*c, "d"))->object->size_bytes, 2u);
  EXPECT_FALSE(tree.child(*c, "e"));
  EXPECT_EQ(tree.node(0), nullptr);
  EXPECT_EQ(tree.node(1000), nullptr);
}

}  // namespace
}  // namespace tradewind::datamount
