#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "edge/checkpoint/capture.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/testing/job_world.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::checkpoint {
namespace {

namespace fs = std::filesystem;
using objectstore::FaultStore;
using objectstore::Operation;

TEST(Save, HoldsFilesFoldersLinksModesAndTimes) {
  JobWorld world;
  world.write("model.bin", noise(10000, 1));
  world.write("deep/er/optimizer.pt", "o");
  world.write("deep/empty", "");
  fs::create_directory(world.state() / "empty folder");
  fs::create_symlink("model.bin", world.state() / "latest");
  fs::permissions(world.state() / "deep/empty", fs::perms(0600));
  const Result<Saved> saved = world.save_as(world.place(), 12.5);
  ASSERT_TRUE(saved.ok()) << describe(saved.error());
  std::vector<std::string> paths;
  for (const ManifestFile& file : saved->manifest.files) paths.push_back(file.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"deep", "deep/empty", "deep/er", "deep/er/optimizer.pt",
                                             "empty folder", "latest", "model.bin"}));
  EXPECT_EQ(saved->manifest.files[1].mode, 0600U);
  EXPECT_EQ(saved->manifest.files[5].kind, FileKind::symlink);
  EXPECT_EQ(saved->manifest.files[5].target, "model.bin");
  EXPECT_EQ(saved->manifest.files[6].size, 10000U);
  struct stat facts {};
  ASSERT_EQ(::stat((world.state() / "model.bin").c_str(), &facts), 0);
  EXPECT_EQ(saved->manifest.files[6].mtime_ns,
            std::int64_t{facts.st_mtim.tv_sec} * 1000000000 + facts.st_mtim.tv_nsec);
  EXPECT_EQ(saved->manifest.step, 12.5);
  EXPECT_EQ(saved->manifest.root_digest, root_digest(saved->manifest.files));
}

TEST(Save, TheIdIsTheDigestOfTheManifestsJson) {
  JobWorld world;
  world.write("a", "x");
  const Result<Saved> saved = world.save_as(world.place(), 1);
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved->id.text(), sha256_hex(to_text(to_json(saved->manifest))));
  const Result<Manifest> back = read_manifest(world.place(), saved->id);
  ASSERT_TRUE(back.ok()) << describe(back.error());
  EXPECT_EQ(*back, saved->manifest);
}

TEST(Save, OnlyMissingChunksTravel) {
  JobWorld world;
  std::string weights = noise(3 * chunk_bytes + 100, 2);
  world.write("weights", weights);
  world.write("same", weights.substr(0, chunk_bytes));
  const Saved first = world.commit(world.place(), 1);
  EXPECT_EQ(first.count.bytes_moved, weights.size());
  EXPECT_EQ(first.count.bytes_reused, chunk_bytes) << "the second file has a chunk of the first";
  EXPECT_EQ(first.count.chunks, 4U);
  weights[chunk_bytes + 5] = static_cast<char>(weights[chunk_bytes + 5] ^ 1);
  world.write("weights", weights);
  world.clock.advance(std::chrono::hours(5));
  const Saved second = world.commit(world.place(), 2);
  EXPECT_EQ(second.count.bytes_moved, chunk_bytes);
  EXPECT_EQ(second.count.chunks, 1U);
  EXPECT_EQ(second.count.bytes_moved + second.count.bytes_reused, total_bytes(second.manifest));
  EXPECT_EQ(objects_in(*world.home, "tradewind/o/jobs/j-1/chunks/"), 5U);
}

TEST(Save, AnOldChunkThatNoParentKeepsIsWrittenAnew) {
  JobWorld world;
  world.write("a", "content");
  ASSERT_TRUE(world.save_as(world.place(), 1).ok());
  world.clock.advance(std::chrono::minutes(5));
  EXPECT_EQ(world.save_as(world.place(), 1)->count.bytes_moved, 0U);
  world.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(world.save_as(world.place(), 1)->count.bytes_moved, 7U) << "a pruning may be about to remove it";
}

TEST(Save, TemporaryNamesAreLeftOutAtEveryDepth) {
  JobWorld world;
  world.write(".new.model", "half");
  world.write("sub/.new.x", "half");
  world.write(".new.folder/inside", "half");
  world.write("sub/whole.new.", "whole");
  const Result<Saved> saved = world.save_as(world.place(), 1);
  ASSERT_TRUE(saved.ok());
  ASSERT_EQ(saved->manifest.files.size(), 2U);
  EXPECT_EQ(saved->manifest.files[1].path, "sub/whole.new.");
}

TEST(Save, PipesAndSocketsAreLeftOut) {
  JobWorld world;
  ASSERT_EQ(::mkfifo((world.state() / "pipe").c_str(), 0600), 0);
  world.write("a", "x");
  const Result<Saved> saved = world.save_as(world.place(), 1);
  ASSERT_TRUE(saved.ok());
  EXPECT_EQ(saved->manifest.files.size(), 1U);
}

TEST(Save, AnEmptyFolderIsACheckpoint) {
  JobWorld world;
  const Result<Saved> saved = world.save_as(world.place(), 0);
  ASSERT_TRUE(saved.ok());
  EXPECT_TRUE(saved->manifest.files.empty());
}

TEST(Save, AMissingFolderIsNotFound) {
  JobWorld world;
  fs::remove_all(world.state());
  const Result<Saved> saved = world.save_as(world.place(), 1);
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(saved.error().code, Code::not_found);
  EXPECT_NE(saved.error().message.find(world.state().string()), std::string::npos);
}

TEST(Save, ANameThatIsNotUtf8IsRefusedByName) {
  JobWorld world;
  for (const std::string& name : {std::string("bad\xff"), std::string("over\xc0\xaf"),
                                  std::string("cut\xe2\x82"), std::string("surrogate\xed\xa0\x80")}) {
    world.write(name, "x");
    const Result<Saved> saved = world.save_as(world.place(), 1);
    ASSERT_FALSE(saved.ok()) << name;
    EXPECT_EQ(saved.error().code, Code::invalid_argument);
    EXPECT_NE(saved.error().message.find(name), std::string::npos);
    fs::remove(world.state() / name);
  }
  world.write("g\xc3\xbct \xe6\xbc\xa2 \xf0\x9f\x98\x80", "x");
  world.write("line\nbreak \"quoted\" \\", "x");
  EXPECT_TRUE(world.save_as(world.place(), 1).ok());
}

TEST(Save, AFileReplacedWhileItIsReadIsReadAgain) {
  JobWorld world;
  const std::string before = noise(2 * chunk_bytes, 3);
  const std::string after = noise(2 * chunk_bytes, 4);
  world.write("state", before);
  std::atomic<bool> replaced = false;
  FaultStore store(*world.home, [&](const FaultStore::Call& call) -> Status {
    if (call.operation == Operation::put && !replaced.exchange(true)) {
      world.write(".new.state", after);
      fs::rename(world.state() / ".new.state", world.state() / "state");
    }
    return {};
  });
  ChunkPlace place = world.place();
  place.home = &store;
  const Result<Saved> saved = world.save_as(place, 1);
  ASSERT_TRUE(saved.ok()) << describe(saved.error());
  ASSERT_TRUE(replaced);
  ASSERT_EQ(saved->manifest.files.size(), 1U);
  EXPECT_EQ(saved->manifest.files[0].chunks[0].digest, sha256_hex(after.substr(0, chunk_bytes)));
  EXPECT_EQ(saved->manifest.files[0].chunks[1].digest, sha256_hex(after.substr(chunk_bytes)));
}

TEST(Save, TwoFilesThatBelongTogetherAreNeverOfDifferentSaves) {
  JobWorld world;
  const auto write_pair = [&world](int version) {
    // In place, the worst way: first one file, then the other.
    world.write("a", std::to_string(version));
    world.write("b", std::to_string(version));
  };
  write_pair(0);
  int version = 0;
  for (int round = 0; round < 5; ++round) {
    std::atomic<bool> changed = false;
    FaultStore store(*world.home, [&](const FaultStore::Call& call) -> Status {
      if (call.operation == Operation::put && !changed.exchange(true)) write_pair(++version);
      return {};
    });
    ChunkPlace place = world.place();
    place.home = &store;
    const Result<Saved> saved = world.save_as(place, 1);
    ASSERT_TRUE(saved.ok()) << describe(saved.error());
    ASSERT_EQ(saved->manifest.files.size(), 2U);
    EXPECT_EQ(saved->manifest.files[0].chunks, saved->manifest.files[1].chunks);
  }
}

TEST(Save, AFileThatNeverHoldsStillIsUnavailableByName) {
  JobWorld world;
  world.write("restless", "0");
  std::atomic<std::size_t> writes = 0;
  FaultStore store(*world.home, [&](const FaultStore::Call& call) -> Status {
    if (call.operation == Operation::put) world.write("restless", std::string(++writes, 'x'));
    return {};
  });
  ChunkPlace place = world.place();
  place.home = &store;
  const Result<Saved> saved = world.save_as(place, 1);
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(saved.error().code, Code::unavailable);
  EXPECT_NE(saved.error().message.find("restless"), std::string::npos);
  EXPECT_FALSE(saved.error().hint.empty());
  EXPECT_EQ(objects_in(*world.home, "tradewind/o/jobs/j-1/manifests/"), 0U);
}

TEST(Save, AHomeStoreThatFailsFailsTheSaveAndCommitsNothing) {
  JobWorld world;
  world.write("a", noise(3 * chunk_bytes, 5));
  std::atomic<int> puts = 0;
  FaultStore store(*world.home, [&](const FaultStore::Call& call) -> Status {
    if (call.operation == Operation::put && call.moment == FaultStore::Moment::before && ++puts >= 2) {
      return Error{Code::unavailable, "the store is away"};
    }
    return {};
  });
  ChunkPlace place = world.place();
  place.home = &store;
  const Result<Saved> saved = world.save_as(place, 1);
  ASSERT_FALSE(saved.ok());
  EXPECT_EQ(saved.error().code, Code::unavailable);
  EXPECT_EQ(objects_in(*world.home, "tradewind/o/jobs/j-1/manifests/"), 0U);
}

TEST(Save, AStandbyThatFailsIsAWarningAndTheNextSaveFillsItsGaps) {
  JobWorld world;
  world.write("a", noise(2 * chunk_bytes, 6));
  bool away = true;
  FaultStore standby(*world.standby, [&](const FaultStore::Call&) -> Status {
    if (away) return Error{Code::unavailable, "no route to the store"};
    return {};
  });
  ChunkPlace place = world.place();
  place.standby = {&standby};
  const Saved first = world.commit(place, 1);
  ASSERT_EQ(first.warnings.size(), 1U);
  EXPECT_NE(first.warnings[0].find("no route"), std::string::npos);
  away = false;
  const Saved second = world.commit(place, 2);
  EXPECT_TRUE(second.warnings.empty());
  EXPECT_EQ(second.count.bytes_moved, 0U);
  EXPECT_EQ(objects_in(*world.standby, ""), 3U) << "two chunks and the manifest";
}

TEST(Save, AFullLocalStoreDoesNotFailTheSave) {
  JobWorld world;
  world.write("a", "x");
  FaultStore full(*world.local, [](const FaultStore::Call& call) -> Status {
    if (call.operation == Operation::put) return Error{Code::unavailable, "no space left"};
    return {};
  });
  ChunkPlace place = world.place();
  place.local = &full;
  const Result<Saved> saved = world.save_as(place, 1);
  ASSERT_TRUE(saved.ok());
  EXPECT_TRUE(saved->warnings.empty());
}

TEST(Save, ADamagedManifestIsNeverTakenForAnother) {
  JobWorld world;
  world.write("a", "x");
  const Saved saved = world.commit(world.place(), 1);
  const std::string key = manifest_key(world.place().job_prefix, saved.id);
  world.flip(*world.home, key);
  EXPECT_EQ(read_manifest(world.place(), saved.id).error().code, Code::corrupt);
  world.truncate(*world.home, key);
  EXPECT_EQ(read_manifest(world.place(), saved.id).error().code, Code::corrupt);
  ASSERT_TRUE(world.home->remove(key).ok());
  EXPECT_EQ(read_manifest(world.place(), saved.id).error().code, Code::not_found);
  EXPECT_EQ(read_manifest(world.place(), ManifestId("../../etc")).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace tradewind::checkpoint
