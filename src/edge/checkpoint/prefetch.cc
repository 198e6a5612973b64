#include <mutex>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/parallel.h"

namespace tradewind::checkpoint {

Result<TransferCount> prefetch(const ChunkPlace& place, const ManifestId& id,
                               const std::function<bool()>& cancelled) {
  if (place.local == nullptr) {
    return Error{Code::invalid_argument, "there is no local store to prefetch into"};
  }
  TW_ASSIGN_OR_RETURN(const Manifest manifest, read_manifest(place, id));
  const std::vector<ChunkRef> chunks = distinct_chunks(manifest);
  TransferCount count;  // guarded by mutex
  std::mutex mutex;
  const auto bytes_of = [&](std::size_t index) { return chunks[index].size; };
  TW_RETURN_IF_ERROR(for_each_parallel(chunks.size(), bytes_of, [&](std::size_t index) -> Status {
    if (cancelled && cancelled()) return {};
    const ChunkRef& ref = chunks[index];
    // Only its presence is looked at: restore proves each byte and fetches again what is damaged.
    TW_ASSIGN_OR_RETURN(const bool present, has_chunk(*place.local, place.job_prefix, ref));
    if (!present) {
      TW_ASSIGN_OR_RETURN(const FetchedChunk fetched, fetch_chunk(place, ref));
      static_cast<void>(fetched);
    }
    const std::lock_guard lock(mutex);
    (present ? count.bytes_reused : count.bytes_moved) += ref.size;
    count.chunks += present ? 0 : 1;
    return {};
  }));
  return count;
}

}  // namespace tradewind::checkpoint
