// Chunks and manifests in the several stores of a job: which copy is read, and where they are put.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/model/manifest.h"
#include "edge/checkpoint/checkpoint.h"

namespace tradewind::checkpoint {

// The home store and the standby copies, in the order in which they are read.
std::vector<objectstore::ObjectStore*> durable_stores(const ChunkPlace& place);

// A chunk that no kept checkpoint needs may be pruned while we rely on it. So one that is not of the parent
// (which is kept) and older than this is written anew, which makes it young again; pruning spares the young.
inline constexpr Duration reuse_age_max = std::chrono::minutes(10);

struct CodedChunk {
  std::string coded;  // as it lies there
  std::string plain;
};
// From one store, proved by the digest. corrupt and not_found name the chunk and the store.
Result<CodedChunk> read_coded_chunk(objectstore::ObjectStore& store, const std::string& job_prefix,
                                    const ChunkRef& ref);
Result<std::string> read_chunk(objectstore::ObjectStore& store, const std::string& job_prefix,
                               const ChunkRef& ref);

struct FetchedChunk {
  std::string plain;
  bool from_local = false;
};
// From place.local, else from the home store, else from a standby copy; then place.local has it too, as long
// as there is room. A corrupt one in place.local is removed. unavailable: some store did not answer and might
// have it. corrupt: no store has it whole.
Result<FetchedChunk> fetch_chunk(const ChunkPlace& place, const ChunkRef& ref);

// Whether the store seems to have the chunk: by its presence and size, not by its bytes.
Result<bool> has_chunk(objectstore::ObjectStore& store, const std::string& job_prefix, const ChunkRef& ref);

// The same of what a store told of it.
bool may_be(const objectstore::ObjectInfo& info, const ChunkRef& ref);

// Each chunk of the manifest once.
std::vector<ChunkRef> distinct_chunks(const Manifest& manifest);
// Adds the manifest's chunks to a list that has each once.
void add_distinct_chunks(const Manifest& manifest, std::vector<ChunkRef>& chunks);

struct CodedManifest {
  std::string coded;  // as it lies there
  Manifest manifest;
};
// From one store, its bytes proved to be those of the id. corrupt and not_found name it and the store.
Result<CodedManifest> read_coded_manifest(objectstore::ObjectStore& store, const std::string& job_prefix,
                                          const ManifestId& id);

}  // namespace tradewind::checkpoint
