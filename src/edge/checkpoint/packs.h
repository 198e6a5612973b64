// Which small files share a chunk: a store takes as long for a request of a few bytes as for one of many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "edge/checkpoint/tree.h"

namespace tradewind::checkpoint {

constexpr std::uint64_t small_file_bytes = std::uint64_t{64} << 10;
// Fewer are not worth it: each keeps its own chunk, so that a change to one moves that one alone.
constexpr std::size_t pack_files_min = 16;

// Indices into `tree` of files that share a pack, neighbours by path, at most chunk_bytes together. Where a
// pack ends depends on the names in it, not on how many came before, so that a new file changes one pack and
// leaves the others as they were. `skip`: files that are not asked about. Files without bytes need no chunk.
std::vector<std::vector<std::size_t>> packs_of(const std::vector<TreeEntry>& tree,
                                               const std::vector<bool>& skip);

}  // namespace tradewind::checkpoint
