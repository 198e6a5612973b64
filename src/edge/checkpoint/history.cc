#include "edge/checkpoint/history.h"

#include <algorithm>
#include <set>

#include "base/reversed.h"
#include "core/model/stored_names.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/ledger.h"

namespace tradewind::checkpoint {
namespace {

// Asked after the manifests were: a pruning leaves word before it removes one.
Status leave_out_pruned(const ChunkPlace& place, std::vector<UnreadableManifest>& missing) {
  if (missing.empty()) return {};
  const std::string folder = pruned_key(place.job_prefix, ManifestId());
  TW_ASSIGN_OR_RETURN(const std::vector<objectstore::ObjectInfo> words, list_all(*place.home, folder));
  const std::vector<ManifestId> pruned = ids_of(words);
  const std::set<ManifestId> known(pruned.begin(), pruned.end());
  std::erase_if(missing, [&](const UnreadableManifest& each) { return known.contains(each.id); });
  return {};
}

}  // namespace

std::string pruned_key(std::string_view job_prefix, const ManifestId& id) {
  return std::string(job_prefix) + "pruned/" + id.text();
}

Result<std::vector<objectstore::ObjectInfo>> list_all(objectstore::ObjectStore& store,
                                                      const std::string& prefix) {
  std::vector<objectstore::ObjectInfo> objects;
  std::string after;
  while (true) {
    TW_ASSIGN_OR_RETURN(const objectstore::ObjectPage page, store.list(prefix, after));
    objects.insert(objects.end(), page.objects.begin(), page.objects.end());
    if (!page.more || page.objects.empty()) return objects;
    after = page.objects.back().key;
  }
}

Result<std::vector<objectstore::ObjectInfo>> stored_manifests(const ChunkPlace& place) {
  const std::string folder = manifest_key(place.job_prefix, ManifestId());
  TW_ASSIGN_OR_RETURN(std::vector<objectstore::ObjectInfo> objects, list_all(*place.home, folder));
  std::erase_if(objects, [&](const objectstore::ObjectInfo& object) {
    return !is_digest(std::string_view(object.key).substr(folder.size()));
  });
  std::ranges::sort(objects, [](const objectstore::ObjectInfo& a, const objectstore::ObjectInfo& b) {
    return std::pair(a.modified_at, a.key) < std::pair(b.modified_at, b.key);
  });
  return objects;
}

std::vector<ManifestId> ids_of(const std::vector<objectstore::ObjectInfo>& manifests) {
  std::vector<ManifestId> ids;
  ids.reserve(manifests.size());
  for (const objectstore::ObjectInfo& object : manifests) {
    ids.emplace_back(object.key.substr(object.key.rfind('/') + 1));
  }
  return ids;
}

Result<std::vector<ManifestId>> committed_checkpoints(const ChunkPlace& place) {
  if (!place.has_ledger) {
    TW_ASSIGN_OR_RETURN(const std::vector<objectstore::ObjectInfo> objects, stored_manifests(place));
    return ids_of(objects);
  }
  TW_ASSIGN_OR_RETURN(const std::vector<LedgerRecord> records, read_ledger(*place.home, place.job_prefix, 0));
  LedgerView view;
  std::vector<ManifestId> checkpoints;
  for (const LedgerRecord& record : records) {
    TW_RETURN_IF_ERROR(fold(view, record));
    if (record.kind == LedgerKind::checkpoint) checkpoints.push_back(record.manifest);
  }
  std::vector<ManifestId> newest_first;
  for (const ManifestId& id : reversed(checkpoints)) {
    if (std::ranges::find(newest_first, id) == newest_first.end()) newest_first.push_back(id);
  }
  return std::vector<ManifestId>(newest_first.rbegin(), newest_first.rend());
}

Result<std::vector<ManifestId>> checkpoints_by_age(const ChunkPlace& place) {
  if (place.has_ledger) return committed_checkpoints(place);
  TW_ASSIGN_OR_RETURN(const std::vector<objectstore::ObjectInfo> objects, stored_manifests(place));
  return by_age(place, objects);
}

Result<std::vector<ManifestId>> by_age(const ChunkPlace& place,
                                       const std::vector<objectstore::ObjectInfo>& manifests) {
  std::vector<std::pair<Time, ManifestId>> dated;
  for (const objectstore::ObjectInfo& object : manifests) {
    const ManifestId id(object.key.substr(object.key.rfind('/') + 1));
    const Result<Manifest> manifest = read_manifest(place, id);
    if (!manifest.ok() && manifest.error().code == Code::unavailable) return manifest.error();
    if (!manifest.ok() && manifest.error().code == Code::not_found) continue;
    dated.emplace_back(manifest.ok() ? manifest->created_at : object.modified_at, id);
  }
  std::ranges::stable_sort(dated, {}, &std::pair<Time, ManifestId>::first);
  std::vector<ManifestId> ids;
  ids.reserve(dated.size());
  for (auto& [at, id] : dated) ids.push_back(std::move(id));
  return ids;
}

Result<KeptManifests> read_kept(const ChunkPlace& place, const std::vector<ManifestId>& checkpoints) {
  const ChunkPlace alone{place.home, nullptr, {}, place.job_prefix, place.has_ledger};
  KeptManifests kept;
  std::vector<UnreadableManifest> missing;
  const auto is_first_there = [&] { return kept.whole == 0 && kept.unreadable.empty(); };
  for (const ManifestId& id : checkpoints) {
    Result<Manifest> manifest = read_manifest(alone, id);
    const Code code = manifest.ok() ? Code::internal : manifest.error().code;
    if (code == Code::not_found) {
      missing.push_back({id, manifest.error()});
      continue;
    }
    if (is_first_there()) missing.clear();
    if (manifest.ok()) {
      ++kept.whole;
      add_distinct_chunks(*manifest, kept.chunks);
      kept.newest = distinct_chunks(*manifest);
    } else if (code == Code::corrupt || code == Code::invalid_argument) {
      kept.unreadable.push_back({id, manifest.error()});
    } else {
      return manifest.error();
    }
  }
  TW_RETURN_IF_ERROR(leave_out_pruned(place, missing));
  kept.unreadable.insert(kept.unreadable.end(), missing.begin(), missing.end());
  return kept;
}

}  // namespace tradewind::checkpoint
