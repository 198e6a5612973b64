#include <atomic>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/folder_swap.h"
#include "edge/checkpoint/testing/job_world.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::checkpoint {
namespace {

namespace fs = std::filesystem;
using objectstore::FaultStore;
using objectstore::PutCondition;
using objectstore::read_file;
using objectstore::write_file;

constexpr const char* chunks = "tradewind/o/jobs/j-1/chunks/";

std::size_t things_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// Puts a manifest that no save would make, and answers its id.
ManifestId put_manifest(const JobWorld& world, std::vector<ManifestFile> files) {
  Manifest manifest;
  manifest.job = JobId("j-1");
  manifest.epoch = 1;
  manifest.lease = LeaseId("l-1");
  manifest.created_at = world.clock.now();
  manifest.root_digest = root_digest(files);
  manifest.files = std::move(files);
  const std::string text = to_text(to_json(manifest));
  ManifestId id(sha256_hex(text));
  EXPECT_TRUE(
      world.home->put(manifest_key(world.place().job_prefix, id), encode_manifest(text), PutCondition::always)
          .ok());
  return id;
}

ManifestFile file_of(const JobWorld& world, const std::string& path, const std::string& bytes) {
  const ChunkRef ref{sha256_hex(bytes), bytes.size()};
  EXPECT_TRUE(
      world.home
          ->put(chunk_key(world.place().job_prefix, ref.digest), encode_chunk(bytes), PutCondition::always)
          .ok());
  return {path, FileKind::file, 0644, bytes.size(), 0, "", {ref}};
}

TEST(Restore, TheFolderIsTheSameByNamesBytesModesLinksAndTimes) {
  JobWorld world;
  world.write("model.bin", noise(2 * chunk_bytes + 17, 1));
  world.write("a/b/c/optimizer", noise(1000, 2));
  world.write("a/empty", "");
  world.write("g\xc3\xbct\nnew line", "x");
  fs::create_directory(world.state() / "nothing in here");
  fs::create_symlink("../outside/of/it", world.state() / "a/link");
  fs::permissions(world.state() / "a/b/c/optimizer", fs::perms(0400));
  fs::permissions(world.state() / "a/b", fs::perms(0555));
  const std::string before = listing(world.state());
  const Saved saved = world.commit(world.place(), 1);
  const fs::path target = world.beside("restored");
  const Result<Restored> restored = restore(world.place(), {saved.id, target});
  ASSERT_TRUE(restored.ok()) << describe(restored.error());
  EXPECT_EQ(listing(target), before);
  EXPECT_EQ(restored->root_digest, saved.manifest.root_digest);
  EXPECT_EQ(restored->count.bytes_moved, total_bytes(saved.manifest));
  EXPECT_EQ(things_in(world.beside("")), 2U) << "nothing is left beside the two folders";
}

TEST(Restore, ReplacesWhatWasThereAndKeepsTheFoldersOwnMode) {
  JobWorld world;
  world.write("a", "saved");
  const Saved saved = world.commit(world.place(), 1);
  world.write("a", "newer");
  world.write("later/file", "not of the checkpoint");
  fs::permissions(world.state(), fs::perms(0750));
  fs::permissions(world.state() / "later", fs::perms(0500));
  ASSERT_TRUE(restore(world.place(), {saved.id, world.state()}).ok());
  EXPECT_EQ(read_file(world.state() / "a"), "saved");
  EXPECT_FALSE(fs::exists(world.state() / "later"));
  EXPECT_EQ(fs::status(world.state()).permissions(), fs::perms(0750));
  EXPECT_EQ(things_in(world.beside("")), 1U);
}

TEST(Restore, MakesTheFoldersAboveAndFollowsALinkAtTheFoldersPlace) {
  JobWorld world;
  world.write("a", "saved");
  const Saved saved = world.commit(world.place(), 1);
  ASSERT_TRUE(restore(world.place(), {saved.id, world.beside("x/y/z")}).ok());
  EXPECT_EQ(read_file(world.beside("x/y/z/a")), "saved");
  fs::create_directories(world.beside("disk/real"));
  fs::create_symlink(world.beside("disk/real"), world.beside("link"));
  ASSERT_TRUE(restore(world.place(), {saved.id, world.beside("link")}).ok());
  EXPECT_TRUE(fs::is_symlink(world.beside("link")));
  EXPECT_EQ(read_file(world.beside("disk/real/a")), "saved");
}

TEST(Restore, ASecondRestoreComesFromTheLocalStore) {
  JobWorld world;
  const std::string bytes = noise(2 * chunk_bytes, 3);
  world.write("a", bytes);
  ChunkPlace place = world.place();
  const Saved saved = world.commit(place, 1);
  place.local = world.local.get();
  const Result<Restored> first = restore(place, {saved.id, world.state()});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->count.bytes_moved, bytes.size());
  const Result<Restored> second = restore(place, {saved.id, world.state()});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->count.bytes_moved, 0U);
  EXPECT_EQ(second->count.bytes_reused, bytes.size());
}

TEST(Restore, PrefetchedChunksDoNotTravelAgain) {
  JobWorld world;
  world.write("a", noise(3 * chunk_bytes, 4));
  ChunkPlace place = world.place();
  const Saved saved = world.commit(place, 1);
  place.local = world.local.get();
  const Result<TransferCount> fetched = prefetch(place, saved.id, [] { return false; });
  ASSERT_TRUE(fetched.ok());
  EXPECT_EQ(fetched->bytes_moved, 3 * chunk_bytes);
  EXPECT_EQ(prefetch(place, saved.id, nullptr)->bytes_moved, 0U);
  EXPECT_EQ(restore(place, {saved.id, world.state()})->count.bytes_moved, 0U);
}

TEST(Restore, APrefetchThatIsCancelledStops) {
  JobWorld world;
  world.write("a", noise(5 * chunk_bytes, 5));
  ChunkPlace place = world.place();
  const Saved saved = world.commit(place, 1);
  place.local = world.local.get();
  const Result<TransferCount> fetched = prefetch(place, saved.id, [] { return true; });
  ASSERT_TRUE(fetched.ok());
  EXPECT_EQ(fetched->bytes_moved, 0U);
  EXPECT_EQ(prefetch(world.place(), saved.id, nullptr).error().code, Code::invalid_argument);
}

TEST(Restore, ACorruptLocalChunkIsReplacedFromHome) {
  JobWorld world;
  world.write("a", noise(10000, 6));
  ChunkPlace place = world.place();
  place.local = world.local.get();
  const Saved saved = world.commit(place, 1);
  const std::string key = first_key(*world.local, chunks);
  for (int round = 0; round < 2; ++round) {
    if (round == 0) world.flip(*world.local, key);
    if (round == 1) world.truncate(*world.local, key);
    const Result<Restored> restored = restore(place, {saved.id, world.state()});
    ASSERT_TRUE(restored.ok()) << describe(restored.error());
    EXPECT_EQ(restored->count.bytes_moved, 10000U);
    EXPECT_EQ(world.local->get(key).value_or("?"), world.home->get(key).value_or("!"));
  }
}

TEST(Restore, AChunkThatHomeLostComesFromAStandbyCopy) {
  JobWorld world;
  world.write("a", noise(10000, 7));
  ChunkPlace place = world.place();
  place.standby = {world.standby.get()};
  const Saved saved = world.commit(place, 1);
  const std::string key = first_key(*world.home, chunks);
  world.flip(*world.home, key);
  EXPECT_TRUE(restore(place, {saved.id, world.state()}).ok());
  ASSERT_TRUE(world.home->remove(key).ok());
  EXPECT_TRUE(restore(place, {saved.id, world.state()}).ok());
  ASSERT_TRUE(world.home->remove(manifest_key(place.job_prefix, saved.id)).ok());
  EXPECT_TRUE(restore(place, {saved.id, world.state()}).ok());
}

TEST(Restore, ADamagedChunkIsNamedAndTheOldFolderStays) {
  JobWorld world;
  world.write("a", noise(10000, 8));
  const Saved saved = world.commit(world.place(), 1);
  world.write("a", "the program's own state");
  const std::string key = first_key(*world.home, chunks);
  for (int round = 0; round < 3; ++round) {
    if (round == 0) world.flip(*world.home, key);
    if (round == 1) world.truncate(*world.home, key);
    if (round == 2) {
      ASSERT_TRUE(world.home->remove(key).ok());
    }
    const Result<Restored> restored = restore(world.place(), {saved.id, world.state()});
    ASSERT_FALSE(restored.ok());
    EXPECT_EQ(restored.error().code, Code::corrupt);
    EXPECT_NE(restored.error().message.find(key), std::string::npos) << restored.error().message;
    EXPECT_EQ(read_file(world.state() / "a"), "the program's own state");
    EXPECT_EQ(things_in(world.beside("")), 1U);
  }
}

TEST(Restore, AStoreThatIsAwayIsNoReasonToCallACheckpointDamaged) {
  JobWorld world;
  world.write("a", noise(10000, 9));
  ChunkPlace place = world.place();
  place.standby = {world.standby.get()};
  const Saved saved = world.commit(place, 1);
  world.flip(*world.home, first_key(*world.home, chunks));
  FaultStore away(*world.standby, [](const FaultStore::Call&) -> Status {
    return Error{Code::unavailable, "no answer"};
  });
  place.standby = {&away};
  EXPECT_EQ(restore(place, {saved.id, world.state()}).error().code, Code::unavailable);
}

TEST(Restore, NoManifestWritesOutsideTheFolderThroughALink) {
  JobWorld world;
  fs::create_directory(world.beside("outside"));
  write_file(world.beside("outside/victim"), "untouched");
  const std::string outside = world.beside("outside").string();
  const ManifestFile link{"link", FileKind::symlink, 0777, 0, 0, outside, {}};
  const ManifestFile up{"link", FileKind::symlink, 0777, 0, 0, "..", {}};
  const std::string prefix = "link/";
  // A file behind a link, with and without a folder of the same name, and a link in place of a folder.
  EXPECT_FALSE(restore(world.place(), {put_manifest(world, {link, file_of(world, prefix + "victim", "evil")}),
                                       world.state()})
                   .ok());
  EXPECT_FALSE(restore(world.place(),
                       {put_manifest(world, {up, file_of(world, prefix + "victim", "evil")}), world.state()})
                   .ok());
  for (const std::string path :
       {"../outside/victim", "/etc/victim", "a/../../outside/victim", "./victim", ""}) {
    EXPECT_FALSE(
        restore(world.place(), {put_manifest(world, {file_of(world, path, "evil")}), world.state()}).ok())
        << path;
  }
  EXPECT_EQ(read_file(world.beside("outside/victim")), "untouched");
  EXPECT_EQ(things_in(world.beside("outside")), 1U);
  EXPECT_EQ(things_in(world.beside("")), 2U);
}

TEST(Restore, LinksThatPointOutsideAreMadeButTheirTargetsKeepModeAndTime) {
  JobWorld world;
  write_file(world.beside("victim"), "untouched");
  fs::permissions(world.beside("victim"), fs::perms(0600));
  const auto written = fs::last_write_time(world.beside("victim"));
  const ManifestFile link{"link", FileKind::symlink, 0777, 0, 12345, world.beside("victim").string(), {}};
  const Result<Restored> restored = restore(world.place(), {put_manifest(world, {link}), world.state()});
  ASSERT_TRUE(restored.ok()) << describe(restored.error());
  EXPECT_TRUE(fs::is_symlink(world.state() / "link"));
  EXPECT_EQ(fs::status(world.beside("victim")).permissions(), fs::perms(0600));
  EXPECT_EQ(fs::last_write_time(world.beside("victim")), written);
}

TEST(Restore, AManifestWhoseRootDigestDoesNotFitItsFilesIsRefused) {
  JobWorld world;
  Manifest manifest;
  manifest.job = JobId("j-1");
  manifest.lease = LeaseId("l-1");
  manifest.created_at = world.clock.now();
  manifest.files = {file_of(world, "a", "content")};
  manifest.root_digest = std::string(64, '0');
  const std::string text = to_text(to_json(manifest));
  const ManifestId id(sha256_hex(text));
  ASSERT_TRUE(
      world.home->put(manifest_key(world.place().job_prefix, id), encode_manifest(text), PutCondition::always)
          .ok());
  EXPECT_EQ(restore(world.place(), {id, world.state()}).error().code, Code::corrupt);
  EXPECT_EQ(things_in(world.beside("")), 1U);
}

TEST(Restore, OtherChunkSizesThanOursAreRead) {
  JobWorld world;
  const ManifestFile first = file_of(world, "a", "hello ");
  const ManifestFile second = file_of(world, "a", "world");
  ManifestFile both{"a", FileKind::file, 0644, 11, 0, "", {first.chunks[0], second.chunks[0]}};
  const Result<Restored> restored = restore(world.place(), {put_manifest(world, {both}), world.state()});
  ASSERT_TRUE(restored.ok()) << describe(restored.error());
  EXPECT_EQ(read_file(world.state() / "a"), "hello world");
}

TEST(Restore, ACheckpointLargerThanTheDiskIsRefusedBeforeAnythingIsWritten) {
  JobWorld world;
  ManifestFile huge = file_of(world, "a", "x");
  huge.size = std::uint64_t{1} << 60;
  huge.chunks.clear();
  for (int i = 0; i < 4; ++i) huge.chunks.push_back({sha256_hex(std::to_string(i)), huge.size / 4});
  const Result<Restored> restored = restore(world.place(), {put_manifest(world, {huge}), world.state()});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code, Code::unavailable);
  EXPECT_NE(restored.error().message.find("needs"), std::string::npos) << restored.error().message;
  EXPECT_FALSE(restored.error().hint.empty());
}

TEST(Restore, AFullDiskIsUnavailableAndTheOldFolderStays) {
  JobWorld world;
  world.write("a", noise(3000000, 10));
  const Saved saved = world.commit(world.place(), 1);
  world.write("a", "the program's own state");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // A limit on the size of files stands for the full disk; it needs no rights.
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000000, 1000000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(100);
    const Result<Restored> restored = restore(world.place(), {saved.id, world.state()});
    ::_exit(!restored.ok() && restored.error().code == Code::unavailable ? 0 : 1);
  }
  int state = 0;
  ASSERT_EQ(::waitpid(child, &state, 0), child);
  EXPECT_TRUE(WIFEXITED(state) && WEXITSTATUS(state) == 0) << state;
  EXPECT_EQ(read_file(world.state() / "a"), "the program's own state");
  EXPECT_EQ(things_in(world.beside("")), 1U);
}

TEST(Restore, AFileAtTheFoldersPlaceIsRefused) {
  JobWorld world;
  world.write("a", "x");
  const Saved saved = world.commit(world.place(), 1);
  write_file(world.beside("file"), "precious");
  EXPECT_EQ(restore(world.place(), {saved.id, world.beside("file")}).error().code, Code::invalid_argument);
  EXPECT_EQ(read_file(world.beside("file")), "precious");
  EXPECT_EQ(restore(world.place(), {saved.id, "/"}).error().code, Code::invalid_argument);
}

// A restore that its store leaves after `reads` chunks.
Result<Restored> cut_restore(const JobWorld& world, const ManifestId& id, std::size_t reads) {
  std::atomic<std::size_t> count = 0;
  FaultStore leaving(*world.home, [&](const FaultStore::Call& call) -> Status {
    const bool is_read = call.moment == FaultStore::Moment::before && call.key.starts_with(chunks);
    if (is_read && ++count > reads) return Error{Code::unavailable, "no answer"};
    return {};
  });
  ChunkPlace place = world.place();
  place.home = &leaving;
  return restore(place, {id, world.beside("back")});
}

TEST(Restore, OneThatIsCutGoesOnWithWhatCame) {
  JobWorld world;
  world.write("a", noise(6 * chunk_bytes, 20));
  world.write("b/c", noise(2 * chunk_bytes, 21));
  fs::permissions(world.state() / "b", fs::perms(0555));
  const std::string before = listing(world.state());
  const Saved saved = world.commit(world.place(), 1);
  const Result<Restored> cut = cut_restore(world, saved.id, 3);
  ASSERT_FALSE(cut.ok());
  EXPECT_NE(cut.error().hint.find("goes on"), std::string::npos) << cut.error().hint;
  EXPECT_FALSE(fs::exists(world.beside("back"))) << "nothing half-done takes the folder's place";
  std::atomic<std::uint64_t> kept = 0;
  const Result<Restored> whole = restore(
      world.place(), {saved.id, world.beside("back"), true, true, [&](auto bytes) { kept += bytes; }});
  ASSERT_TRUE(whole.ok()) << describe(whole.error());
  EXPECT_EQ(whole->count.bytes_moved, 5 * chunk_bytes);
  EXPECT_EQ(kept, 3 * chunk_bytes);
  EXPECT_EQ(listing(world.beside("back")), before);
}

TEST(Restore, WhatACutOneLeftIsOnlyUsedWhereItsBytesAreRight) {
  JobWorld world;
  world.write("a", noise(2 * chunk_bytes, 22));
  world.write("folder/file", noise(5000, 23));
  world.write("file", noise(5000, 24));
  const std::string before = listing(world.state());
  const Saved saved = world.commit(world.place(), 1);
  const fs::path left = folder_being_made(world.beside("back"));
  fs::create_directories(left / "file/in its place");
  write_file(left / "folder", "a file in a folder's place");
  write_file(left / "a",
             noise(chunk_bytes, 22).substr(0, chunk_bytes - 1) + "X" + noise(2 * chunk_bytes, 22));
  fs::permissions(left / "a", fs::perms(0400));
  fs::create_symlink("/etc/passwd", left / "link");
  write_file(world.beside("victim"), "untouched");
  fs::create_hard_link(world.beside("victim"), left / "stray");
  const Result<Restored> restored = restore(world.place(), {saved.id, world.beside("back"), true});
  ASSERT_TRUE(restored.ok()) << describe(restored.error());
  EXPECT_EQ(listing(world.beside("back")), before);
  EXPECT_EQ(read_file(world.beside("victim")), "untouched");
}

TEST(Restore, AFileThatIsSharedWithAnotherNameIsNotWrittenThrough) {
  JobWorld world;
  world.write("a", "saved");
  const Saved saved = world.commit(world.place(), 1);
  const fs::path left = folder_being_made(world.beside("back"));
  fs::create_directories(left);
  write_file(world.beside("victim"), "untouched");
  fs::create_hard_link(world.beside("victim"), left / "a");
  ASSERT_TRUE(restore(world.place(), {saved.id, world.beside("back")}).ok());
  EXPECT_EQ(read_file(world.beside("back/a")), "saved");
  EXPECT_EQ(read_file(world.beside("victim")), "untouched");
}

TEST(Restore, APackThatDoesNotHoldTheFilesBytesIsRefused) {
  JobWorld world;
  const std::string pack = "the bytes of two files";
  ManifestFile packed = file_of(world, "a", pack);
  packed.packed = PackSpot{packed.chunks[0], 4};
  packed.size = 5;
  packed.chunks = {ChunkRef{sha256_hex("other"), 5}};
  const Result<Restored> restored = restore(world.place(), {put_manifest(world, {packed}), world.state()});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code, Code::corrupt);
  EXPECT_NE(restored.error().message.find("'a'"), std::string::npos) << restored.error().message;
}

class FolderSwap : public testing::TestWithParam<SwapBy> {};

TEST_P(FolderSwap, TheNewTakesThePlaceOfTheOld) {
  JobWorld world;
  world.write("old", "x");
  fs::create_directory(folder_being_made(world.state()));
  write_file(folder_being_made(world.state()) / "new", "y");
  ASSERT_TRUE(swap_in_folder(world.state(), GetParam()).ok());
  EXPECT_EQ(things_in(world.state()), 1U);
  EXPECT_EQ(read_file(world.state() / "new"), "y");
  EXPECT_EQ(things_in(world.beside("")), 1U);
}

INSTANTIATE_TEST_SUITE_P(BothWays, FolderSwap, testing::Values(SwapBy::exchange, SwapBy::two_steps));

TEST(FolderRecovery, AnOldFolderThatWasPutAsideComesBack) {
  JobWorld world;
  world.write("old", "x");
  fs::rename(world.state(), folder_put_aside(world.state()));
  fs::create_directory(folder_being_made(world.state()));
  ASSERT_TRUE(recover_folder(world.state()).ok());
  EXPECT_EQ(read_file(world.state() / "old"), "x");
  EXPECT_EQ(things_in(world.beside("")), 2U) << "what was being made is for the next restore";
}

TEST(FolderRecovery, AfterTheNewFolderIsInPlaceTheRestIsRemoved) {
  JobWorld world;
  world.write("new", "x");
  fs::create_directory(folder_put_aside(world.state()));
  ASSERT_TRUE(recover_folder(world.state()).ok());
  EXPECT_EQ(read_file(world.state() / "new"), "x");
  EXPECT_EQ(things_in(world.beside("")), 1U);
}

}  // namespace
}  // namespace tradewind::checkpoint
