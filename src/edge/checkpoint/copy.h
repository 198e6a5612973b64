// Checkpoints from one store to another: only what is missing there travels, packed as it lies, and not even
// that where one server holds both.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "edge/checkpoint/checkpoint.h"

namespace tradewind::checkpoint {

struct CopyPlan {
  std::vector<ManifestId> checkpoints;  // that the target lacks, in order
  std::vector<ChunkRef> chunks;         // of these, that have to travel
  std::set<std::string> relied_on;      // digests of others, that the target has
  std::uint64_t bytes = 0;              // plain, of all files of these checkpoints
  std::uint64_t bytes_missing = 0;      // plain, of `chunks`
};
// What copying these, oldest first, would move. A chunk of the target is relied on only where a checkpoint
// that nobody prunes within the hour needs it: that of its newest one. Any other might go while we copy.
Result<CopyPlan> plan_copy(const ChunkPlace& from, const ChunkPlace& to,
                           const std::vector<ManifestId>& checkpoints);

// What the plan's chunks come to, packed as they lie in the source: what a copy sends, but for its manifests.
Result<std::uint64_t> packed_bytes(const ChunkPlace& from, const CopyPlan& plan);

// Whether the chunks will be copied by a server that holds both ends, as far as can be told before.
bool is_within_a_server(const ChunkPlace& from, const ChunkPlace& to);

struct CopyCount {
  std::uint64_t checkpoints = 0;
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;          // plain, of what travelled
  std::uint64_t bytes_stored = 0;   // of the same, packed
  std::uint64_t chunks_within = 0;  // that the server copied itself: not among those above
  std::uint64_t bytes_within = 0;   // plain, of these
  std::uint64_t stored_within = 0;  // of the same, packed
};
// Every chunk that travels is proved by its digest on the way. One that a server copies is as good as it was
// in the source: the server says that both have the same checksum. A checkpoint is there once its manifest
// is, which comes last: whatever ends a copy early leaves whole checkpoints, and another one within
// reuse_age_max goes on from there. `on_chunk` is told each chunk's plain bytes, from several threads at
// once. `clock` tells how long it takes; null: the system's. corrupt names the chunk.
Result<CopyCount> copy(const ChunkPlace& from, const ChunkPlace& to, const CopyPlan& plan, Time now,
                       const std::function<void(std::uint64_t)>& on_chunk, const Clock* clock = nullptr);

}  // namespace tradewind::checkpoint
