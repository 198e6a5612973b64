#include "core/model/manifest_diff.h"

#include <array>
#include <optional>
#include <set>
#include <string_view>

namespace tradewind {
namespace {

using Digests = std::set<std::string_view>;

Digests digests_of(const Manifest& manifest) {
  Digests digests;
  for (const ManifestFile& file : manifest.files) {
    for (const ChunkRef& chunk : file.chunks) digests.insert(chunk.digest);
  }
  return digests;
}

// Takes what it counts into `known`.
std::uint64_t bytes_unknown(const ManifestFile& file, Digests& known) {
  std::uint64_t bytes = 0;
  for (const ChunkRef& chunk : file.chunks) {
    if (known.insert(chunk.digest).second) bytes += chunk.size;
  }
  return bytes;
}

std::uint64_t bytes_unknown(const Manifest& manifest, Digests known) {
  std::uint64_t bytes = 0;
  for (const ManifestFile& file : manifest.files) bytes += bytes_unknown(file, known);
  return bytes;
}

std::optional<Change> change_of(const ManifestFile& before, const ManifestFile& after) {
  if (before.kind != after.kind || before.chunks != after.chunks) return Change::content;
  if (before.mode != after.mode || before.target != after.target) return Change::facts;
  return std::nullopt;
}

}  // namespace

std::string_view to_text(Change change) {
  constexpr std::array<std::string_view, 4> names = {"added", "removed", "content", "facts"};
  return names[static_cast<std::size_t>(change)];
}

ManifestDiff diff(const Manifest& before, const Manifest& after) {
  ManifestDiff result;
  result.bytes_before = total_bytes(before);
  result.bytes_after = total_bytes(after);
  result.bytes_gone = bytes_unknown(before, digests_of(after));
  Digests known = digests_of(before);
  const auto add = [&](const ManifestFile* was, const ManifestFile* is, Change change) {
    result.files.push_back({is != nullptr ? is->path : was->path, change, was != nullptr ? was->size : 0,
                            is != nullptr ? is->size : 0, is != nullptr ? bytes_unknown(*is, known) : 0});
    result.bytes_new += result.files.back().bytes_new;
  };
  // Both are sorted by path.
  auto was = before.files.begin();
  auto is = after.files.begin();
  while (was != before.files.end() || is != after.files.end()) {
    if (is == after.files.end() || (was != before.files.end() && was->path < is->path)) {
      add(&*was++, nullptr, Change::removed);
    } else if (was == before.files.end() || is->path < was->path) {
      add(nullptr, &*is++, Change::added);
    } else {
      if (const std::optional<Change> change = change_of(*was, *is)) add(&*was, &*is, *change);
      ++was;
      ++is;
    }
  }
  return result;
}

}  // namespace tradewind
