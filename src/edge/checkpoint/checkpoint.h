// Saving and restoring a job's state folder as chunks and a manifest. Formats: docs/formats/manifest.md.
//   <job prefix>manifests/<manifest id>      canonical JSON, zstd-compressed
//   <job prefix>chunks/<aa>/<digest>         one chunk: a one-byte coding tag, then the plain or zstd bytes
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "core/model/manifest.h"
#include "edge/checkpoint/retention.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::checkpoint {

// Where a job's chunks live. `local` is the place's own store: a copy of each chunk that passed through here,
// so that a return costs nothing. Null: none.
struct ChunkPlace {
  objectstore::ObjectStore* home = nullptr;  // never null
  objectstore::ObjectStore* local = nullptr;
  std::vector<objectstore::ObjectStore*> standby =
      {};  // further copies, written at save, read when home fails
  std::string job_prefix = {};
  // Of a job: a checkpoint exists when the ledger names it. Without a ledger: when its manifest is there.
  bool has_ledger = true;
};

struct TransferCount {
  std::uint64_t bytes_moved = 0;   // plain bytes that travelled between this place and the home store
  std::uint64_t bytes_reused = 0;  // plain bytes of the state that did not have to
  std::uint64_t chunks = 0;        // that travelled
  std::uint64_t bytes_stored = 0;  // of a save: what they came to, packed
};

struct SaveRequest {
  std::filesystem::path folder;
  JobId job;
  std::uint64_t epoch = 0;
  LeaseId lease;
  double step = 0;
  std::optional<ManifestId> parent;
  Time now;
  // Told of each chunk that is where it belongs, with its plain bytes; from several threads at once.
  std::function<void(std::uint64_t)> on_chunk = {};
  std::string shown = {};                      // what errors call the folder; empty: by its path
  const Clock* clock = nullptr;                // tells how long it takes; null: the system's
  std::map<std::string, double> metrics = {};  // what the state is worth, by the program's own measures
};
struct Saved {
  ManifestId id;
  Manifest manifest;
  TransferCount count;
  std::vector<std::string> warnings;  // standby copies that could not be written, one each
  Duration held{};                    // how long the folder had to keep still
};
// Captures `folder` and puts what is missing, however long that takes. A file that changes while it is read
// is read again; when it does not hold still, unavailable, as when the process stood still for half an hour.
// Does not write the ledger: the checkpoint exists when the caller has appended its record.
Result<Saved> save(const SaveRequest& request, const ChunkPlace& place);
// The same of the folder as it lies now, held beside itself, so that the program that writes there may go on
// at once. Where it cannot be held, or is written in place meanwhile, it is read where it lies.
Result<Saved> save_held(const SaveRequest& request, const ChunkPlace& place);

// Reads a manifest and proves its id.
Result<Manifest> read_manifest(const ChunkPlace& place, const ManifestId& id);

// Copies the chunks of `id` into place.local. Stops early when `cancelled()`.
Result<TransferCount> prefetch(const ChunkPlace& place, const ManifestId& id,
                               const std::function<bool()>& cancelled);

struct RestoreRequest {
  ManifestId id;
  std::filesystem::path folder;
  // Each byte is proved before it is written. This reads all of them again from the file system.
  bool read_back = false;
  // Waits for the disk, so that what took the folder's place outlasts a loss of power too.
  bool flush = false;
  // Told of each chunk that an earlier, cut restore had brought; from several threads at once.
  std::function<void(std::uint64_t)> on_kept = {};
  // Told of the manifest, before anything is written.
  std::function<void(const Manifest&)> on_manifest = {};
};
struct Restored {
  Manifest manifest;
  std::string root_digest;  // from the names, modes and sizes on disk and the bytes that were written
  TransferCount count;
};
// Makes `folder` hold exactly the manifest's files: written beside it and renamed, so that one that is cut
// off leaves the old, and what came so far for the next try. Every chunk is checked against its digest.
// corrupt names the chunk; a copy in another store is tried first.
Result<Restored> restore(const ChunkPlace& place, const RestoreRequest& request);

// SHA-256 over "kind mode path size digest-of-content" lines: equal state, equal digest, whatever the times.
std::string root_digest(const std::vector<ManifestFile>& files);
std::string sha256_hex(std::string_view bytes);

struct VerifyReport {
  std::uint64_t manifests = 0;
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
  std::vector<std::string> problems;  // each names the object and what is wrong with it
};
// Reads back every checkpoint that there is and checks each byte.
Result<VerifyReport> verify(const ChunkPlace& place);
// The same by presence and size alone: what is damaged inside is not found.
Result<VerifyReport> verify_presence(const ChunkPlace& place);

struct PrunePlan {
  std::vector<std::string> remove_keys;  // of what no kept checkpoint needs
  // Keys of manifests among these that lie between kept ones: the ledger names them, and a store that has
  // lost one looks the same. So the store is left word of each before it goes (docs/formats/manifest.md).
  std::set<std::string> leave_word;
  std::uint64_t remove_bytes = 0;
  std::uint64_t keep_manifests = 0;
  Time young_from;  // chunks written at or after this are spared also when the plan is carried out
};
// Keeps the newest `keep` checkpoints. Without a ledger, where several may save at once, also those that one
// may have begun from: all that are younger than `grace`, and the newest before. Chunks younger than `grace`
// are kept: a save may be under way. So are young manifests that no record names yet, and their chunks.
// So is what a save or copy under way says that it relies on (under_way.h). corrupt, unavailable: a
// checkpoint to keep cannot be read, so nothing can be said to be unneeded. REQUIRES: grace of an hour or
// more where saves may run at the same time (they rely on chunks up to ten minutes old, and tell so when they
// take longer).
Result<PrunePlan> plan_prune(const ChunkPlace& place, int keep, Time now, Duration grace);
// The same, with more than the newest worth keeping.
Result<PrunePlan> plan_prune(const ChunkPlace& place, const Retention& retention, Time now, Duration grace);
// Removes the plan's keys from every store of the place. A standby or local store that does not answer is
// left for the next time.
Status execute(const ChunkPlace& place, const PrunePlan& plan);

}  // namespace tradewind::checkpoint
