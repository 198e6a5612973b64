#include "core/model/manifest_diff.h"

#include <gtest/gtest.h>

namespace tradewind {
namespace {

ManifestFile file(const std::string& path, const std::vector<ChunkRef>& chunks) {
  ManifestFile result;
  result.path = path;
  result.mode = 0644;
  result.chunks = chunks;
  for (const ChunkRef& chunk : chunks) result.size += chunk.size;
  return result;
}

Manifest manifest(std::vector<ManifestFile> files) {
  Manifest result;
  result.files = std::move(files);
  return result;
}

const ChunkRef a{"a", 100};
const ChunkRef b{"b", 20};
const ChunkRef c{"c", 3};

TEST(ManifestDiffTest, NamesWhatCameWentAndChanged) {
  const ManifestDiff found = diff(manifest({file("gone", {c}), file("kept", {a}), file("weights", {a, b})}),
                                  manifest({file("fresh", {b}), file("kept", {a}), file("weights", {a, a})}));
  ASSERT_EQ(found.files.size(), 3U);
  EXPECT_EQ(found.files[0].path, "fresh");
  EXPECT_EQ(found.files[0].change, Change::added);
  EXPECT_EQ(found.files[0].bytes_before, 0U);
  EXPECT_EQ(found.files[0].bytes_after, 20U);
  EXPECT_EQ(found.files[1].path, "gone");
  EXPECT_EQ(found.files[1].change, Change::removed);
  EXPECT_EQ(found.files[1].bytes_after, 0U);
  EXPECT_EQ(found.files[2].path, "weights");
  EXPECT_EQ(found.files[2].change, Change::content);
  EXPECT_EQ(found.files[2].bytes_before, 120U);
  EXPECT_EQ(found.files[2].bytes_after, 200U);
  EXPECT_EQ(found.bytes_new, 0U) << "every chunk was there, under some name";
  EXPECT_EQ(found.bytes_gone, 3U);
}

TEST(ManifestDiffTest, AChunkThatStandsTwiceIsNewOnce) {
  const ManifestDiff found =
      diff(manifest({file("one", {a})}), manifest({file("one", {b, b, c}), file("two", {b})}));
  ASSERT_EQ(found.files.size(), 2U);
  EXPECT_EQ(found.files[0].bytes_new, 23U);
  EXPECT_EQ(found.files[1].bytes_new, 0U);
  EXPECT_EQ(found.bytes_new, 23U);
  EXPECT_EQ(found.bytes_gone, 100U);
}

TEST(ManifestDiffTest, TimesAreNoChangeModesAndTargetsAre) {
  ManifestFile touched = file("x", {a});
  touched.mtime_ns = 7;
  EXPECT_TRUE(diff(manifest({file("x", {a})}), manifest({touched})).files.empty());
  ManifestFile locked = file("x", {a});
  locked.mode = 0400;
  const ManifestDiff mode = diff(manifest({file("x", {a})}), manifest({locked}));
  ASSERT_EQ(mode.files.size(), 1U);
  EXPECT_EQ(mode.files[0].change, Change::facts);
  ManifestFile link;
  link.path = "x";
  link.kind = FileKind::symlink;
  link.target = "a";
  ManifestFile elsewhere = link;
  elsewhere.target = "b";
  EXPECT_EQ(diff(manifest({link}), manifest({elsewhere})).files[0].change, Change::facts);
  EXPECT_EQ(diff(manifest({link}), manifest({file("x", {a})})).files[0].change, Change::content);
}

}  // namespace
}  // namespace tradewind
