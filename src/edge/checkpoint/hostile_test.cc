// What a store's owner, or whoever wrote into it, may have put there to do harm. Whatever is done with it: an
// error that names the object, nothing outside the folder touched, the old folder left as it was, bounded
// memory.
#include <gtest/gtest.h>
#include <map>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copy.h"
#include "edge/checkpoint/repair.h"
#include "edge/checkpoint/testing/job_world.h"
#include "edge/objectstore/memory_store.h"

namespace tradewind::checkpoint {
namespace {

namespace fs = std::filesystem;
using objectstore::PutCondition;

std::string spliced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

class Hostile : public testing::Test {
 protected:
  Hostile() {
    world_.write("weights", noise(1000, 1));
    world_.write("deep/file", "small");
    fs::create_directory(world_.beside("outside"));
    objectstore::write_file(world_.beside("outside/victim"), "untouched");
    saved_ = world_.commit(place_, 1);
    text_ = to_text(to_json(saved_.manifest));
    before_ = listing(world_.state());
    listing_outside_ = listing(world_.beside("outside"));
  }

  // The forged text under its own digest, as one who can write into the store would put it.
  ManifestId put(const std::string& text) {
    ManifestId id(sha256_hex(text));
    EXPECT_TRUE(
        world_.home->put(manifest_key(place_.job_prefix, id), encode_manifest(text), PutCondition::always)
            .ok());
    return id;
  }
  void expect_harmless(const ManifestId& id, const std::string& what) {
    const Result<Restored> restored = restore(place_, {id, world_.state()});
    ASSERT_FALSE(restored.ok()) << what;
    EXPECT_FALSE(restored.error().message.empty()) << what;
    EXPECT_EQ(listing(world_.state()), before_) << what;
    EXPECT_EQ(objectstore::read_file(world_.beside("outside/victim")), "untouched") << what;
    EXPECT_EQ(listing(world_.beside("outside")), listing_outside_) << what;
  }

  JobWorld world_;
  ChunkPlace place_ = world_.place();
  Saved saved_;
  std::string text_;
  std::string before_;
  std::string listing_outside_;
};

TEST_F(Hostile, ForgedManifests) {
  const std::string weights = "\"path\":\"weights\"";
  const std::string file = "\"path\":\"deep/file\"";
  const std::string size = "\"size\":1000";
  const std::string digest = sha256_hex(noise(1000, 1));
  const std::map<std::string, std::string> forged = {
      {"a path upwards", spliced(text_, weights, "\"path\":\"x/../../outside/victim\"")},
      {"an absolute path",
       spliced(text_, weights, "\"path\":\"" + world_.beside("outside/victim").string() + "\"")},
      {"a path of dots", spliced(text_, weights, "\"path\":\"..\"")},
      {"a path with a NUL", spliced(text_, weights, "\"path\":\"weights\\u0000\"")},
      {"a path with half a character", spliced(text_, weights, "\"path\":\"weights\xc3\"")},
      {"a name longer than names are",
       spliced(text_, weights, "\"path\":\"w" + std::string(300, 'x') + "\"")},
      {"a path without its folder", spliced(text_, file, "\"path\":\"deeper/file\"")},
      {"a file as a folder",
       spliced(text_, "\"kind\":\"directory\"", "\"kind\":\"file\",\"size\":0,\"chunks\":[]")},
      {"a link as a folder",
       spliced(text_, "\"kind\":\"directory\"",
               "\"kind\":\"symlink\",\"target\":\"" + world_.beside("outside").string() + "\"")},
      {"a size of exabytes", spliced(text_, size, "\"size\":9223372036854775807")},
      {"a size below nothing", spliced(text_, size, "\"size\":-1")},
      {"a size that wraps around", spliced(text_, size, "\"size\":18446744073709551616")},
      {"a size that is no number", spliced(text_, size, "\"size\":1e3x")},
      {"a short digest", spliced(text_, digest, digest.substr(0, 8))},
      {"a digest with a path in it", spliced(text_, digest, "../../../../" + digest.substr(12))},
      {"a digest in capitals", spliced(text_, digest, std::string(64, 'A'))},
      {"another's digest", spliced(text_, digest, sha256_hex("small"))},
      {"no files at all", "{\"version\":1}"},
      {"a number of a billion digits' kind", spliced(text_, "\"version\":1", "\"version\":1e999")},
      {"a thousand brackets", std::string(1000, '[')},
      {"two documents", text_ + text_},
      {"nothing", ""},
  };
  for (const auto& [what, text] : forged) expect_harmless(put(text), what);
}

// One small chunk, named a million times: a manifest of some MB that would fill the disk.
TEST_F(Hostile, AChunkThatIsNamedAMillionTimes) {
  world_.write("weights", std::string(chunk_bytes, 'x'));
  const Saved large = world_.commit(place_, 2);
  before_ = listing(world_.state());
  std::string refs;
  const std::string ref =
      "[\"" + sha256_hex(std::string(chunk_bytes, 'x')) + "\"," + std::to_string(chunk_bytes) + "]";
  const std::size_t times = 1'000'000;
  refs.reserve(times * (ref.size() + 1));
  for (std::size_t i = 0; i < times; ++i) refs.append(i == 0 ? "" : ",").append(ref);
  std::string text = spliced(to_text(to_json(large.manifest)), ref, refs);
  text = spliced(text, "\"size\":" + std::to_string(chunk_bytes),
                 "\"size\":" + std::to_string(chunk_bytes * times));
  expect_harmless(put(text), "a chunk named a million times");
}

TEST_F(Hostile, AManifestThatIsItsOwnParentIsFollowedNowhere) {
  const ManifestId id = put(spliced(text_, "\"parent\":null", "\"parent\":\"" + saved_.id.text() + "\""));
  const Result<Restored> restored = restore(place_, {id, world_.state()});
  EXPECT_TRUE(restored.ok()) << "parents are history, and nothing is read from them";
}

// A zstd frame (RFC 8878) that says it unpacks to so much, of one block: a byte, repeated once.
std::string frame_of(std::uint64_t size) {
  std::string frame = "\x28\xb5\x2f\xfd\xe0";
  for (int shift = 0; shift < 64; shift += 8) frame += static_cast<char>(size >> shift & 0xff);
  return frame + std::string("\x0b\x00\x00 ", 4);
}

TEST_F(Hostile, AFewBytesThatSayTheyUnpackToGigabytes) {
  const std::string key = manifest_key(place_.job_prefix, saved_.id);
  for (const std::uint64_t size :
       {std::uint64_t{1} << 62, std::uint64_t{2} << 30, std::uint64_t{900} << 20}) {
    ASSERT_TRUE(world_.home->put(key, frame_of(size), PutCondition::always).ok());
    expect_harmless(saved_.id, "a manifest of " + std::to_string(size));
    const Result<Manifest> read = read_manifest(place_, saved_.id);
    ASSERT_FALSE(read.ok());
    EXPECT_NE(read.error().message.find("unpacks to " + std::to_string(size)), std::string::npos)
        << read.error().message;
  }
}

TEST_F(Hostile, ObjectsInEachOthersPlace) {
  const std::string weights = chunk_key(place_.job_prefix, sha256_hex(noise(1000, 1)));
  const std::string small = chunk_key(place_.job_prefix, sha256_hex("small"));
  const std::string of_weights = *world_.home->get(weights);
  ASSERT_TRUE(world_.home->put(weights, *world_.home->get(small), PutCondition::always).ok());
  expect_harmless(saved_.id, "another chunk");
  ASSERT_TRUE(world_.home->put(weights, of_weights + of_weights, PutCondition::always).ok());
  expect_harmless(saved_.id, "a chunk twice over");
  ASSERT_TRUE(world_.home->put(weights, of_weights.substr(0, 500), PutCondition::always).ok());
  expect_harmless(saved_.id, "half a chunk");
  ASSERT_TRUE(world_.home->put(weights, std::string(std::size_t{65} << 20, '\0'), PutCondition::always).ok());
  expect_harmless(saved_.id, "a chunk of 65 MiB");
  const std::string manifest = manifest_key(place_.job_prefix, saved_.id);
  ASSERT_TRUE(world_.home->put(manifest, of_weights, PutCondition::always).ok());
  expect_harmless(saved_.id, "a chunk as a manifest");
}

// What is hostile is not carried to other stores, nor put in the place of what is whole.
TEST_F(Hostile, NeitherCopyNorRepairSpreadsIt) {
  const std::string weights = chunk_key(place_.job_prefix, sha256_hex(noise(1000, 1)));
  const std::string whole = *world_.home->get(weights);
  const auto target = objectstore::make_memory_store(&world_.clock);
  const ChunkPlace to{target.get(), nullptr, {}, "", false};
  ASSERT_TRUE(world_.home->put(weights, std::string("\0evil", 5), PutCondition::always).ok());
  const Result<CopyPlan> plan = plan_copy(place_, to, {saved_.id});
  ASSERT_TRUE(plan.ok());
  const Result<CopyCount> copied = copy(place_, to, *plan, world_.clock.now(), nullptr);
  ASSERT_FALSE(copied.ok());
  EXPECT_EQ(copied.error().code, Code::corrupt);
  EXPECT_TRUE(target->list("manifests/", "")->objects.empty());
  ChunkPlace repaired = place_;
  repaired.standby = {world_.home.get()};
  ASSERT_TRUE(world_.standby->put(weights, whole, PutCondition::always).ok());
  repaired.home = world_.standby.get();
  ASSERT_TRUE(repair(repaired, {}).ok());
  EXPECT_EQ(*world_.standby->get(weights), whole);
}

TEST_F(Hostile, AManifestUnderAnothersName) {
  const std::string other = spliced(text_, "\"step\":1", "\"step\":2");
  ASSERT_TRUE(
      world_.home
          ->put(manifest_key(place_.job_prefix, saved_.id), encode_manifest(other), PutCondition::always)
          .ok());
  expect_harmless(saved_.id, "a manifest under another's name");
  const Result<Manifest> read = read_manifest(place_, saved_.id);
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().message.find(saved_.id.text()), std::string::npos) << read.error().message;
}

}  // namespace
}  // namespace tradewind::checkpoint
