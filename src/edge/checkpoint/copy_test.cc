#include "edge/checkpoint/copy.h"

#include <fstream>
#include <gtest/gtest.h>

#include "edge/checkpoint/history.h"
#include "edge/objectstore/s3_store.h"
#include "edge/objectstore/testing/fake_s3.h"
#include "edge/objectstore/testing/temporary_folder.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::FakeS3;
using objectstore::FakeS3Options;
using objectstore::ObjectStore;

// One checkpoint of three chunks, in the store "from" of an S3 server; a copy goes into its store "to".
class CopyWithinTest : public testing::Test {
 protected:
  void begin(const FakeS3Options& options = {}) {
    fake_ = std::make_unique<FakeS3>(options);
    from_ = open("from");
    to_ = open("to");
    std::filesystem::create_directory(home_.path() / "state");
    for (const char letter : {'a', 'b', 'c'}) {
      std::ofstream(home_.path() / "state" / std::string(1, letter)) << std::string(3 << 20, letter);
    }
    SaveRequest request;
    request.folder = home_.path() / "state";
    request.now = now_;
    const Result<Saved> saved = save(request, place(*from_));
    ASSERT_TRUE(saved.ok()) << describe(saved.error());
    id_ = saved->id;
  }

  std::unique_ptr<ObjectStore> open(const std::string& prefix) const {
    auto store = objectstore::open_s3_store(fake_->url(prefix), fake_->environment());
    EXPECT_TRUE(store.ok());
    return *std::move(store);
  }
  static ChunkPlace place(ObjectStore& store) {
    ChunkPlace made;
    made.home = &store;
    made.has_ledger = false;
    return made;
  }
  CopyCount copy_all() {
    const Result<CopyPlan> plan = plan_copy(place(*from_), place(*to_), {id_});
    EXPECT_TRUE(plan.ok());
    const Result<CopyCount> count = copy(place(*from_), place(*to_), *plan, now_, {});
    EXPECT_TRUE(count.ok()) << describe(count.error());
    return count.value_or({});
  }

  const Time now_ = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  objectstore::TemporaryFolder home_;
  std::unique_ptr<FakeS3> fake_;
  std::unique_ptr<ObjectStore> from_;
  std::unique_ptr<ObjectStore> to_;
  ManifestId id_;
};

TEST_F(CopyWithinTest, TheServerCopiesWhatItHolds) {
  ASSERT_NO_FATAL_FAILURE(begin());
  EXPECT_TRUE(is_within_a_server(place(*from_), place(*to_)));
  const CopyCount count = copy_all();
  EXPECT_EQ(count.chunks_within, 3U);
  EXPECT_EQ(count.bytes_within, std::uint64_t{9} << 20);
  EXPECT_GT(count.stored_within, 0U);
  EXPECT_EQ(count.chunks, 0U);
  EXPECT_EQ(count.bytes_stored, 0U);
  EXPECT_EQ(fake_->count("GET /bucket/from/chunks"), 0U);
  const Result<VerifyReport> report = verify(place(*to_));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->chunks, 3U);
  EXPECT_TRUE(report->problems.empty());
}

TEST_F(CopyWithinTest, WhereTheServerFailsTheBytesTravel) {
  ASSERT_NO_FATAL_FAILURE(begin({.breaks_copies = true}));
  const CopyCount count = copy_all();
  EXPECT_EQ(count.chunks_within, 0U);
  EXPECT_EQ(count.chunks, 3U);
  EXPECT_TRUE(verify(place(*to_))->problems.empty());
}

TEST_F(CopyWithinTest, WhatIsDamagedInTheSourceIsFoundInTheCopy) {
  ASSERT_NO_FATAL_FAILURE(begin());
  const auto chunks = from_->list("chunks/", "");
  ASSERT_TRUE(chunks.ok());
  fake_->damage("from/" + chunks->objects.at(1).key, "other bytes");
  EXPECT_EQ(copy_all().chunks_within, 3U);
  const Result<VerifyReport> report = verify(place(*to_));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->problems.size(), 1U);
}

}  // namespace
}  // namespace tradewind::checkpoint
