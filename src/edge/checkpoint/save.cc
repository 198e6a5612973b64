#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <set>

#include "edge/checkpoint/capture.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/held_folder.h"
#include "edge/checkpoint/inventory.h"
#include "edge/checkpoint/parallel.h"
#include "edge/checkpoint/under_way.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::ObjectStore;
using objectstore::PutCondition;

// Puts chunks where they are missing. Called from several threads.
class ChunkKeeper {
 public:
  ChunkKeeper(const ChunkPlace& place, std::set<std::string> parents_chunks, Time began, UnderWay& under_way)
      : place_(place),
        parents_chunks_(std::move(parents_chunks)),
        began_(began),
        under_way_(under_way),
        home_(*place.home, place.job_prefix) {}

  Status keep(const ChunkRef& ref, std::string_view plain) {
    {
      const std::lock_guard lock(mutex_);
      if (kept_.contains(ref.digest)) return {};
    }
    std::string coded;
    const std::string key = chunk_key(place_.job_prefix, ref.digest);
    TW_ASSIGN_OR_RETURN(const bool reusable, is_reusable(home_.stat(key), ref));
    if (!reusable) {
      coded = pack(plain);
      TW_RETURN_IF_ERROR(place_.home->put(key, coded, PutCondition::always));
    }
    for (ObjectStore* standby : place_.standby) copy_to(*standby, ref, plain, coded, true);
    if (place_.local != nullptr) copy_to(*place_.local, ref, plain, coded, false);
    note(ref, reusable, coded.size());
    return under_way_.keep_up([this] { return relied_on(); });
  }

  // Both after the last keep().
  TransferCount count(std::uint64_t total_bytes) const {
    return {bytes_moved_, total_bytes - std::min(total_bytes, bytes_moved_), chunks_moved_, bytes_stored_};
  }
  std::vector<std::string> take_warnings() { return std::move(warnings_); }
  // Once for each store: a store that is away fails for every chunk.
  void warn(const ObjectStore& store, const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!warned_.insert(store.url()).second) return;
    warnings_.push_back("no standby copy in " + store.url() + ": " + describe(error));
  }

 private:
  void note(const ChunkRef& ref, bool reusable, std::uint64_t stored) {
    const std::lock_guard lock(mutex_);
    // Two threads may have met the same chunk: it counts once.
    if (!kept_.insert(ref.digest).second || reusable) return;
    bytes_moved_ += ref.size;
    bytes_stored_ += stored;
    ++chunks_moved_;
  }

  // The parent's, too: it may be pruned before we have met them all.
  std::set<std::string> relied_on() {
    const std::lock_guard lock(mutex_);
    std::set<std::string> digests = kept_;
    digests.insert(parents_chunks_.begin(), parents_chunks_.end());
    return digests;
  }

  static std::string pack(std::string_view plain) {
    const Computing computing;
    return encode_chunk(plain);
  }

  Result<bool> is_reusable(const Result<objectstore::ObjectInfo>& info, const ChunkRef& ref) const {
    if (!info.ok() && info.error().code == Code::not_found) return false;
    if (!info.ok()) return info.error();
    if (info->size_bytes < 2 || info->size_bytes > ref.size + 1) return false;  // damaged
    const Time now = began_ + under_way_.elapsed();
    return parents_chunks_.contains(ref.digest) || now - info->modified_at < reuse_age_max;
  }

  // Further copies never fail the save.
  void copy_to(ObjectStore& store, const ChunkRef& ref, std::string_view plain, std::string& coded,
               bool is_standby) {
    const std::string key = chunk_key(place_.job_prefix, ref.digest);
    const Result<bool> reusable = is_reusable(store.stat(key), ref);
    if (reusable.ok() && *reusable) return;
    if (!reusable.ok()) {
      if (is_standby) warn(store, reusable.error());
      return;
    }
    if (coded.empty()) coded = pack(plain);
    const Status put = store.put(key, coded, PutCondition::always);
    if (!put.ok() && is_standby) warn(store, put.error());
  }

  const ChunkPlace& place_;
  const std::set<std::string> parents_chunks_;
  const Time began_;
  UnderWay& under_way_;
  const Inventory home_;
  std::mutex mutex_;
  // State below is guarded by mutex_.
  std::set<std::string> kept_;
  std::set<std::string> warned_;
  std::vector<std::string> warnings_;
  std::uint64_t bytes_moved_ = 0;
  std::uint64_t chunks_moved_ = 0;
  std::uint64_t bytes_stored_ = 0;
};

// Empty where the parent cannot be read: then nothing old is relied on.
std::set<std::string> chunks_of_parent(const SaveRequest& request, const ChunkPlace& place) {
  std::set<std::string> digests;
  if (!request.parent) return digests;
  const Result<Manifest> parent = read_manifest(place, *request.parent);
  if (!parent.ok()) return digests;
  for (const ManifestFile& file : parent->files) {
    for (const ChunkRef& chunk : stored_chunks(file)) digests.insert(chunk.digest);
  }
  return digests;
}

Status put_manifest(const ChunkPlace& place, const ManifestId& id, std::string_view coded,
                    ChunkKeeper& keeper, const UnderWay& under_way) {
  const std::string key = manifest_key(place.job_prefix, id);
  for (ObjectStore* standby : place.standby) {
    const Status put = standby->put(key, coded, PutCondition::always);
    if (!put.ok()) keeper.warn(*standby, put.error());
  }
  if (place.local != nullptr) static_cast<void>(place.local->put(key, coded, PutCondition::always));
  TW_RETURN_IF_ERROR(under_way.check());
  return place.home->put(key, coded, PutCondition::always);
}

std::string name_of(const SaveRequest& request) {
  return request.shown.empty() ? request.folder.string() : request.shown;
}

// Tells a save from the others of its store.
std::string facts_of(const SaveRequest& request) {
  return "save " + request.lease.text() + " " + std::to_string(request.epoch) + " " +
         std::to_string(request.step) + " " + format_utc(request.now) + " " + name_of(request);
}

struct EncodedManifest {
  ManifestId id;
  std::string bytes;
};

// Of 100,000 files the text has tens of megabytes: one is held at a time.
Result<EncodedManifest> encode_proven(const Manifest& manifest, const std::string& shown) {
  EncodedManifest encoded;
  {
    const std::string text = to_text(manifest);
    encoded.id = ManifestId(sha256_hex(text));
    encoded.bytes = encode_manifest(text);
  }
  // What could not be read back must not become the job's newest checkpoint.
  const Result<std::string> text = unpack_manifest(encoded.bytes);
  if (text.ok() && sha256_hex(*text) == encoded.id.text() && reads_back(*text, manifest)) return encoded;
  return Error{Code::internal, "the manifest of '" + shown + "' does not read back: " +
                                   (text.ok() ? "it differs" : text.error().message)};
}

Duration since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began);
}

}  // namespace

Result<Saved> save(const SaveRequest& request, const ChunkPlace& place) {
  const auto began = std::chrono::steady_clock::now();
  UnderWay under_way(*place.home, place.job_prefix, facts_of(request), request.clock);
  ChunkKeeper keeper(place, chunks_of_parent(request, place), request.now, under_way);
  const ChunkSink sink = [&](const ChunkRef& ref, std::string_view plain) {
    Status kept = keeper.keep(ref, plain);
    if (kept.ok() && request.on_chunk) request.on_chunk(ref.size);
    return kept;
  };
  Saved saved;
  saved.manifest.job = request.job;
  saved.manifest.epoch = request.epoch;
  saved.manifest.lease = request.lease;
  saved.manifest.step = request.step;
  saved.manifest.metrics = request.metrics;
  saved.manifest.parent = request.parent;
  saved.manifest.created_at = request.now;
  TW_ASSIGN_OR_RETURN(saved.manifest.files, capture(request.folder, name_of(request), sink));
  saved.manifest.root_digest = root_digest(saved.manifest.files);

  TW_ASSIGN_OR_RETURN(const EncodedManifest encoded, encode_proven(saved.manifest, name_of(request)));
  saved.id = encoded.id;
  TW_RETURN_IF_ERROR(put_manifest(place, saved.id, encoded.bytes, keeper, under_way));
  under_way.end();
  saved.count = keeper.count(total_bytes(saved.manifest));
  saved.warnings = keeper.take_warnings();
  saved.held = since(began);
  return saved;
}

Result<Saved> save_held(const SaveRequest& request, const ChunkPlace& place) {
  const auto began = std::chrono::steady_clock::now();
  const Result<HeldFolder> held = HeldFolder::hold(request.folder);
  if (!held.ok()) return save(request, place);
  const Duration held_for = since(began);
  SaveRequest of_held = request;
  of_held.folder = held->path();
  of_held.shown = name_of(request);
  Result<Saved> saved = save(of_held, place);
  if (!saved.ok()) return saved;
  if (!held->is_whole()) return save(request, place);
  saved->held = held_for;
  return saved;
}

}  // namespace tradewind::checkpoint
