#include "edge/checkpoint/history.h"

#include <algorithm>

#include "base/reversed.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/digest.h"
#include "edge/checkpoint/ledger.h"

namespace tradewind::checkpoint {

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

Result<std::vector<ManifestId>> committed_checkpoints(const ChunkPlace& place) {
  if (!place.has_ledger) {
    TW_ASSIGN_OR_RETURN(const std::vector<objectstore::ObjectInfo> objects, stored_manifests(place));
    std::vector<ManifestId> ids;
    ids.reserve(objects.size());
    for (const objectstore::ObjectInfo& object : objects) {
      ids.emplace_back(object.key.substr(object.key.rfind('/') + 1));
    }
    return ids;
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

}  // namespace tradewind::checkpoint
