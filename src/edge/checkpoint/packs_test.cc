#include "edge/checkpoint/packs.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/testing/job_world.h"

namespace tradewind::checkpoint {
namespace {

TreeEntry file(const std::string& path, std::uint64_t size) {
  TreeEntry entry;
  entry.path = path;
  entry.size = size;
  return entry;
}

std::vector<TreeEntry> files(std::size_t count, std::uint64_t size) {
  std::vector<TreeEntry> tree;
  for (std::size_t i = 0; i < count; ++i) tree.push_back(file("part-" + std::to_string(100'000 + i), size));
  return tree;
}

std::vector<std::vector<std::string>> names_of(const std::vector<TreeEntry>& tree) {
  std::vector<std::vector<std::string>> names;
  for (const std::vector<std::size_t>& pack : packs_of(tree, std::vector<bool>(tree.size()))) {
    names.emplace_back();
    for (const std::size_t i : pack) names.back().push_back(tree[i].path);
  }
  return names;
}

TEST(Packs, FewFilesLargeOnesAndEmptyOnesStayAlone) {
  EXPECT_TRUE(names_of(files(pack_files_min - 1, 100)).empty());
  EXPECT_EQ(names_of(files(pack_files_min, 100)).size(), 1U);
  EXPECT_TRUE(names_of(files(100, small_file_bytes + 1)).empty());
  EXPECT_TRUE(names_of(files(100, 0)).empty());
  std::vector<TreeEntry> tree = files(pack_files_min, 100);
  std::vector<bool> skip(tree.size());
  skip[3] = true;
  EXPECT_TRUE(packs_of(tree, skip).empty());
  tree[3].kind = FileKind::symlink;
  EXPECT_TRUE(names_of(tree).empty());
}

TEST(Packs, EachIsAChunkAtMostAndEachFileIsInOne) {
  const std::vector<TreeEntry> tree = files(5000, 60'000);
  std::set<std::size_t> seen;
  for (const std::vector<std::size_t>& pack : packs_of(tree, std::vector<bool>(tree.size()))) {
    EXPECT_LE(pack.size() * 60'000, chunk_bytes);
    for (const std::size_t i : pack) EXPECT_TRUE(seen.insert(i).second);
  }
  EXPECT_GE(seen.size(), tree.size() - pack_files_min);
}

TEST(Packs, ANewFileChangesItsOwnPackOnly) {
  std::vector<TreeEntry> tree = files(20'000, 100);
  const std::vector<std::vector<std::string>> before = names_of(tree);
  ASSERT_GT(before.size(), 10U);
  tree.insert(tree.begin() + 7000, file("part-106999b", 100));
  const std::vector<std::vector<std::string>> after = names_of(tree);
  std::size_t alike = 0;
  for (const auto& pack : after) alike += std::ranges::count(before, pack) > 0 ? 1 : 0;
  EXPECT_GE(alike + 2, before.size()) << "the new name may end a pack";
}

class PackedSaveTest : public testing::Test {
 protected:
  PackedSaveTest() {
    for (int i = 0; i < 200; ++i) write(i, noise(500, static_cast<std::uint64_t>(i)));
    world_.write("model", noise(100'000, 999));
    world_.write("none", "");
  }
  void write(int i, const std::string& text) const {
    world_.write("parts/" + std::to_string(1000 + i), text);
  }
  std::size_t chunks() const { return objects_in(*world_.home, world_.place().job_prefix + "chunks/"); }

  JobWorld world_;
};

TEST_F(PackedSaveTest, ManySmallFilesTravelTogetherAndComeBackEach) {
  const std::string before = listing(world_.state());
  const Saved saved = world_.commit(world_.place(), 1);
  EXPECT_LE(chunks(), 3U);
  EXPECT_EQ(distinct_chunks(saved.manifest).size(), chunks());
  EXPECT_EQ(saved.count.bytes_moved, total_bytes(saved.manifest));
  const Result<Restored> restored = restore(world_.place(), {saved.id, world_.beside("back")});
  ASSERT_TRUE(restored.ok()) << describe(restored.error());
  EXPECT_EQ(listing(world_.beside("back")), before);
  EXPECT_EQ(restored->count.bytes_moved, total_bytes(saved.manifest));
  const Result<VerifyReport> report = verify(world_.place());
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->problems.empty());
}

TEST_F(PackedSaveTest, AChangedFileMovesItsPackAndPruningKeepsWhatIsNeeded) {
  world_.commit(world_.place(), 1);
  write(7, "changed");
  const Saved second = world_.commit(world_.place(), 2);
  EXPECT_GT(second.count.bytes_moved, 0U);
  EXPECT_LE(second.count.bytes_moved, 100'000U) << "the model's chunk stays";
  world_.clock.advance(std::chrono::hours(48));
  const Result<PrunePlan> plan = plan_prune(world_.place(), 1, world_.clock.now(), std::chrono::hours(1));
  ASSERT_TRUE(plan.ok());
  ASSERT_TRUE(execute(world_.place(), *plan).ok());
  EXPECT_EQ(chunks(), distinct_chunks(second.manifest).size());
  const Result<Restored> restored = restore(world_.place(), {second.id, world_.beside("back")});
  ASSERT_TRUE(restored.ok()) << describe(restored.error());
  EXPECT_EQ(listing(world_.beside("back")), listing(world_.state()));
}

TEST_F(PackedSaveTest, ADamagedPackIsNamedAndNothingIsRestored) {
  const Saved saved = world_.commit(world_.place(), 1);
  const auto packed = std::ranges::find_if(saved.manifest.files,
                                           [](const ManifestFile& file) { return file.packed.has_value(); });
  ASSERT_NE(packed, saved.manifest.files.end());
  const std::string key = chunk_key(world_.place().job_prefix, packed->packed->pack.digest);
  world_.flip(*world_.home, key);
  const Result<Restored> restored = restore(world_.place(), {saved.id, world_.beside("back")});
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().code, Code::corrupt);
  EXPECT_NE(restored.error().message.find(key), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(world_.beside("back")));
}

}  // namespace
}  // namespace tradewind::checkpoint
