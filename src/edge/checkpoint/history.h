// Which checkpoints the ledger names.
#pragma once

#include <vector>

#include "base/result.h"
#include "edge/checkpoint/checkpoint.h"

namespace tradewind::checkpoint {

// Oldest first, each once, at the place of its newest record. Errors of read_ledger and fold.
Result<std::vector<ManifestId>> committed_checkpoints(const ChunkPlace& place);

}  // namespace tradewind::checkpoint
