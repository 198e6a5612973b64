#include "edge/checkpoint/repair.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/history.h"
#include "edge/checkpoint/parallel.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::ObjectStore;
using objectstore::PutCondition;

bool is_damage(Code code) {
  return code == Code::corrupt || code == Code::not_found || code == Code::invalid_argument;
}

class Repairer {
 public:
  Repairer(const ChunkPlace& place, const RepairRequest& request) : place_(place), request_(request) {}

  Result<RepairReport> run() {
    TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> checkpoints, committed_checkpoints(place_));
    TW_ASSIGN_OR_RETURN(KeptManifests kept, read_kept(place_, checkpoints));
    for (const UnreadableManifest& each : kept.unreadable) {
      TW_RETURN_IF_ERROR(mend_manifest(each, kept.whole));
    }
    const bool mended_manifests = !report_.repaired.empty();
    const std::vector<ChunkRef> chunks = distinct_chunks(kept.whole);
    const auto bytes_of = [&](std::size_t index) { return chunks[index].size; };
    const auto mend = [&](std::size_t index) { return mend_chunk(chunks[index]); };
    TW_RETURN_IF_ERROR(for_each_parallel(chunks.size(), bytes_of, mend));
    if (mended_manifests && !place_.has_ledger) TW_RETURN_IF_ERROR(put_newest_last());
    report_.manifests = kept.whole.size();
    report_.chunks = chunks.size();
    for (const ChunkRef& chunk : chunks) report_.bytes += chunk.size;
    std::ranges::sort(report_.repaired, {}, &Repair::key);
    std::ranges::sort(report_.lost);
    return std::move(report_);
  }

 private:
  Status mend_manifest(const UnreadableManifest& damaged, std::vector<Manifest>& whole) {
    const auto read = [&](ObjectStore& store) {
      return read_coded_manifest(store, place_.job_prefix, damaged.id);
    };
    TW_ASSIGN_OR_RETURN(
        std::optional<CodedManifest> mended,
        mend<CodedManifest>(manifest_key(place_.job_prefix, damaged.id), damaged.problem, read));
    if (mended) whole.push_back(std::move(mended->manifest));
    return {};
  }

  // Without a ledger a save goes on from what the store got last: not from an old one that was mended. Stores
  // date by the second, so this comes at the end.
  Status put_newest_last() {
    if (request_.dry_run) return {};
    TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> by_age, checkpoints_by_age(place_));
    TW_ASSIGN_OR_RETURN(const CodedManifest newest,
                        read_coded_manifest(*place_.home, place_.job_prefix, by_age.back()));
    return place_.home->put(manifest_key(place_.job_prefix, by_age.back()), newest.coded,
                            PutCondition::always);
  }

  Status mend_chunk(const ChunkRef& chunk) {
    const auto read = [&](ObjectStore& store) { return read_coded_chunk(store, place_.job_prefix, chunk); };
    const Result<CodedChunk> here = read(*place_.home);
    if (!here.ok() && !is_damage(here.error().code)) return here.error();
    if (!here.ok()) {
      const auto mended = mend<CodedChunk>(chunk_key(place_.job_prefix, chunk.digest), here.error(), read);
      if (!mended.ok()) return mended.error();
    }
    if (request_.on_chunk) request_.on_chunk(chunk.size);
    return {};
  }

  // What lies there now, or nothing: no store has it whole.
  template <class Coded, class Read>
  Result<std::optional<Coded>> mend(const std::string& key, const Error& problem, const Read& read) {
    std::string problems = problem.message;
    for (ObjectStore* store : place_.standby) {
      Result<Coded> found = read(*store);
      if (!found.ok()) {
        problems += "; " + found.error().message;
        continue;
      }
      if (!request_.dry_run) TW_RETURN_IF_ERROR(place_.home->put(key, found->coded, PutCondition::always));
      const std::lock_guard lock(mutex_);
      report_.repaired.push_back({key, store->url()});
      return std::optional<Coded>(*std::move(found));
    }
    const std::lock_guard lock(mutex_);
    report_.lost.push_back(problems);
    return std::optional<Coded>();
  }

  const ChunkPlace& place_;
  const RepairRequest& request_;
  std::mutex mutex_;
  RepairReport report_;  // while chunks are mended: guarded by mutex_
};

}  // namespace

Result<RepairReport> repair(const ChunkPlace& place, const RepairRequest& request) {
  return Repairer(place, request).run();
}

}  // namespace tradewind::checkpoint
