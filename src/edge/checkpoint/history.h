// Which checkpoints there are.
#pragma once

#include <vector>

#include "base/result.h"
#include "edge/checkpoint/checkpoint.h"

namespace tradewind::checkpoint {

// Oldest first, each once: at the place of its newest record; without a ledger, by when the store got them.
// Errors of read_ledger and fold, and the store's.
Result<std::vector<ManifestId>> committed_checkpoints(const ChunkPlace& place);

// All manifests that lie in the home store, oldest first.
Result<std::vector<objectstore::ObjectInfo>> stored_manifests(const ChunkPlace& place);
// Every object whose key begins so.
Result<std::vector<objectstore::ObjectInfo>> list_all(objectstore::ObjectStore& store,
                                                      const std::string& prefix);

}  // namespace tradewind::checkpoint
