// Which checkpoints there are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "edge/checkpoint/checkpoint.h"

namespace tradewind::checkpoint {

// Oldest first, each once: at the place of its newest record; without a ledger, by when the store got them.
// Errors of read_ledger and fold, and the store's.
Result<std::vector<ManifestId>> committed_checkpoints(const ChunkPlace& place);

// The same by when they were made, which a copy or a repair leaves as it was; one that cannot be read stands
// where the store's own date puts it, and one that was removed meanwhile is left out.
Result<std::vector<ManifestId>> checkpoints_by_age(const ChunkPlace& place);
// The same of these, as stored_manifests told of them.
Result<std::vector<ManifestId>> by_age(const ChunkPlace& place,
                                       const std::vector<objectstore::ObjectInfo>& manifests);

struct UnreadableManifest {
  ManifestId id;
  Error problem;  // corrupt, not_found, invalid_argument
};
struct KeptManifests {
  std::size_t whole = 0;         // so many could be read
  std::vector<ChunkRef> chunks;  // that these need, each once
  std::vector<ChunkRef> newest;  // that the newest of these needs, each once
  std::vector<UnreadableManifest> unreadable;
};
// What place.home alone has of these, oldest first. A missing one that is older than all that are there was
// pruned, and is left out; so is one of which the store was left word. Errors: those of a store that does not
// answer.
Result<KeptManifests> read_kept(const ChunkPlace& place, const std::vector<ManifestId>& checkpoints);

// "<job prefix>pruned/<manifest id>": the word that a pruning leaves of one that lay between others.
std::string pruned_key(std::string_view job_prefix, const ManifestId& id);

// All manifests that lie in the home store, by when it got them.
Result<std::vector<objectstore::ObjectInfo>> stored_manifests(const ChunkPlace& place);
std::vector<ManifestId> ids_of(const std::vector<objectstore::ObjectInfo>& manifests);
// Every object whose key begins so.
Result<std::vector<objectstore::ObjectInfo>> list_all(objectstore::ObjectStore& store,
                                                      const std::string& prefix);

}  // namespace tradewind::checkpoint
