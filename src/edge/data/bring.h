// Bringing a source's objects into the cache of this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "edge/data/cache.h"
#include "edge/data/source.h"

namespace tradewind::data {

// What travels at once, and what a cut transfer loses at most of each that was under way.
inline constexpr std::uint64_t block_bytes = std::uint64_t{4} << 20;

struct Brought {
  std::vector<SourceObject> objects;  // as they now lie in the cache
  std::uint64_t bytes_moved = 0;      // that travelled
  std::uint64_t bytes_reused = 0;     // that were here
  std::uint64_t objects_moved = 0;
};

// All objects of the source, each proved to be what was listed: unchanged from before it was read till after.
// Blocks travel in parallel; what a cut try had brought does not travel again. conflict: the source goes on
// changing; not_found, invalid_argument: as Source::list; unavailable: a full disk, or a store that does not
// answer; cancelled.
Result<Brought> bring(const Source& source, const DataCache& cache, const std::function<bool()>& cancelled);

}  // namespace tradewind::data
