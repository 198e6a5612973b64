#include "edge/checkpoint/copies.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "core/model/stored_names.h"
#include "edge/checkpoint/chunk.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::ObjectStore;
using objectstore::PutCondition;

Error named(const ObjectStore& store, const std::string& key, const Error& problem) {
  return {problem.code, key + " in " + store.url() + " " + problem.message, problem.hint};
}

Error missing(const ObjectStore& store, const std::string& key) {
  return {Code::not_found, key + " is missing in " + store.url()};
}

// Of the errors of several stores the one to report: a store that did not answer may have what the others
// lack, and a damaged object tells more than a missing one.
class WorstError {
 public:
  void add(const Error& error) {
    if (!error_ || rank(error.code) > rank(error_->code)) error_ = error;
  }
  const Error& error() const { return *error_; }

 private:
  static int rank(Code code) { return code == Code::not_found ? 0 : code == Code::corrupt ? 1 : 2; }
  std::optional<Error> error_;
};

}  // namespace

std::vector<ObjectStore*> durable_stores(const ChunkPlace& place) {
  std::vector<ObjectStore*> stores = {place.home};
  stores.insert(stores.end(), place.standby.begin(), place.standby.end());
  return stores;
}

Result<CodedChunk> read_coded_chunk(ObjectStore& store, const std::string& job_prefix, const ChunkRef& ref) {
  const std::string key = chunk_key(job_prefix, ref.digest);
  // One byte more than it may have shows what is too long, and no store can fill our memory. The digest
  // proves it: what a store would check of a whole object is not asked for.
  const objectstore::ByteRange range{0, std::min(ref.size, chunk_bytes_max) + 2};
  for (bool first = true;; first = false) {
    Result<std::string> coded = store.get(key, range);
    if (!coded.ok()) return coded.error().code == Code::not_found ? missing(store, key) : coded.error();
    Result<std::string> plain = decode_chunk(*coded, ref);
    if (plain.ok()) return CodedChunk{*std::move(coded), *std::move(plain)};
    if (!first) return named(store, key, plain.error());
    // It is read once more: its bytes may have changed on the way.
  }
}

Result<std::string> read_chunk(ObjectStore& store, const std::string& job_prefix, const ChunkRef& ref) {
  TW_ASSIGN_OR_RETURN(CodedChunk chunk, read_coded_chunk(store, job_prefix, ref));
  return std::move(chunk.plain);
}

Result<FetchedChunk> fetch_chunk(const ChunkPlace& place, const ChunkRef& ref) {
  const std::string key = chunk_key(place.job_prefix, ref.digest);
  if (place.local != nullptr) {
    Result<CodedChunk> chunk = read_coded_chunk(*place.local, place.job_prefix, ref);
    if (chunk.ok()) return FetchedChunk{std::move(chunk->plain), true};
    // It is only a copy: whatever is wrong with it, the chunk is fetched again.
    if (chunk.error().code == Code::corrupt) static_cast<void>(place.local->remove(key));
  }
  WorstError worst;
  for (ObjectStore* store : durable_stores(place)) {
    Result<CodedChunk> chunk = read_coded_chunk(*store, place.job_prefix, ref);
    if (!chunk.ok()) {
      worst.add(chunk.error());
      continue;
    }
    // A full disk keeps the next return from being free, but not this one from succeeding.
    if (place.local != nullptr) static_cast<void>(place.local->put(key, chunk->coded, PutCondition::always));
    return FetchedChunk{std::move(chunk->plain), false};
  }
  if (worst.error().code == Code::not_found) return Error{Code::corrupt, worst.error().message};
  return worst.error();
}

bool may_be(const objectstore::ObjectInfo& info, const ChunkRef& ref) {
  return info.size_bytes > 1 && info.size_bytes <= ref.size + 1;
}

Result<bool> has_chunk(ObjectStore& store, const std::string& job_prefix, const ChunkRef& ref) {
  const Result<objectstore::ObjectInfo> info = store.stat(chunk_key(job_prefix, ref.digest));
  if (info.ok()) return may_be(*info, ref);
  if (info.error().code == Code::not_found) return false;
  return info.error();
}

namespace {

void keep_each_once(std::vector<ChunkRef>& chunks) {
  std::ranges::sort(chunks, {}, [](const ChunkRef& chunk) {
    return std::pair(std::string_view(chunk.digest), chunk.size);
  });
  chunks.erase(std::unique(chunks.begin(), chunks.end()), chunks.end());
}

}  // namespace

std::vector<ChunkRef> distinct_chunks(const Manifest& manifest) {
  // Small files by the thousand lie in the same pack: it is not copied for each of them.
  std::set<std::pair<std::string_view, std::uint64_t>> seen;
  std::vector<ChunkRef> chunks;
  const auto add = [&](const ChunkRef& chunk) {
    if (seen.emplace(chunk.digest, chunk.size).second) chunks.push_back(chunk);
  };
  for (const ManifestFile& file : manifest.files) {
    if (file.packed) {
      add(file.packed->pack);
    } else {
      std::ranges::for_each(file.chunks, add);
    }
  }
  keep_each_once(chunks);
  return chunks;
}

void add_distinct_chunks(const Manifest& manifest, std::vector<ChunkRef>& chunks) {
  const std::vector<ChunkRef> more = distinct_chunks(manifest);
  chunks.insert(chunks.end(), more.begin(), more.end());
  keep_each_once(chunks);
}

Result<CodedManifest> read_coded_manifest(ObjectStore& store, const std::string& job_prefix,
                                          const ManifestId& id) {
  const std::string key = manifest_key(job_prefix, id);
  Result<std::string> coded = store.get(key);
  if (!coded.ok()) return coded.error().code == Code::not_found ? missing(store, key) : coded.error();
  Result<Manifest> manifest = decode_manifest(*coded, id);
  if (!manifest.ok()) return named(store, key, manifest.error());
  return CodedManifest{*std::move(coded), *std::move(manifest)};
}

Result<Manifest> read_manifest(const ChunkPlace& place, const ManifestId& id) {
  if (!is_digest(id.text())) {
    return Error{Code::invalid_argument, "'" + id.text() + "' is no manifest id",
                 "a manifest id is 64 hex digits in lower case"};
  }
  const std::string key = manifest_key(place.job_prefix, id);
  if (place.local != nullptr) {
    Result<CodedManifest> read = read_coded_manifest(*place.local, place.job_prefix, id);
    if (read.ok()) return std::move(read->manifest);
    if (read.error().code == Code::corrupt) static_cast<void>(place.local->remove(key));
  }
  WorstError worst;
  for (ObjectStore* store : durable_stores(place)) {
    Result<CodedManifest> read = read_coded_manifest(*store, place.job_prefix, id);
    if (read.ok()) return std::move(read->manifest);
    worst.add(read.error());
  }
  return worst.error();
}

}  // namespace tradewind::checkpoint
