// Putting a store right from other stores that have the same checkpoints.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "edge/checkpoint/checkpoint.h"

namespace tradewind::checkpoint {

struct Repair {
  std::string key;   // what was damaged or missing
  std::string from;  // the URL of the store that had it whole
};
struct RepairReport {
  std::uint64_t manifests = 0;  // that can be read now
  std::uint64_t chunks = 0;     // that these need
  std::uint64_t bytes = 0;      // plain, of these chunks
  std::vector<Repair> repaired;
  std::vector<std::string> lost;  // each names the object and what is wrong with it in every store
};

struct RepairRequest {
  bool dry_run = false;                                   // only say what would be put right
  std::function<void(std::uint64_t)> on_chunk = nullptr;  // each chunk's plain bytes, from several threads
};
// Reads every byte of place.home's checkpoints. A manifest or chunk that is damaged or missing there is
// taken from the first of place.standby that has it whole, proved by its digest, and written over: chunks
// first, as in a copy.
// A checkpoint that was pruned stays so; of one that is pruned meanwhile the manifest may be back, until the
// next pruning. A standby that does not answer counts as having nothing, and is
// named with what is lost; errors are those of the home store.
Result<RepairReport> repair(const ChunkPlace& place, const RepairRequest& request);

}  // namespace tradewind::checkpoint
