#include "edge/checkpoint/repair.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <set>
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
    for (const UnreadableManifest& each : kept.unreadable) find_manifest(each, kept);
    for (const ChunkRef& chunk : kept.newest) revived_.erase(chunk.digest);
    const std::vector<ChunkRef>& chunks = kept.chunks;
    const auto bytes_of = [&](std::size_t index) { return chunks[index].size; };
    const auto mend = [&](std::size_t index) { return mend_chunk(chunks[index]); };
    TW_RETURN_IF_ERROR(for_each_parallel(chunks.size(), bytes_of, mend));
    TW_RETURN_IF_ERROR(put_manifests());
    report_.manifests = kept.whole;
    report_.chunks = chunks.size();
    for (const ChunkRef& chunk : chunks) report_.bytes += chunk.size;
    std::ranges::sort(report_.repaired, {}, &Repair::key);
    std::ranges::sort(report_.lost);
    return std::move(report_);
  }

 private:
  // Without a ledger the store's dates tell what a save may begin from, and a manifest that is put back gets
  // a new one. A pruning may have seen the old one: so its chunks become young, too, as if it had been
  // copied, but for those that it shares with the newest one.
  void find_manifest(const UnreadableManifest& damaged, KeptManifests& kept) {
    const auto read = [&](ObjectStore& store) {
      return read_coded_manifest(store, place_.job_prefix, damaged.id);
    };
    const std::string key = manifest_key(place_.job_prefix, damaged.id);
    std::optional<CodedManifest> found = find<CodedManifest>(key, damaged.problem, read);
    if (!found) return;
    mended_.emplace_back(key, std::move(found->coded));
    ++kept.whole;
    add_distinct_chunks(found->manifest, kept.chunks);
    if (place_.has_ledger) return;
    for (const ChunkRef& chunk : distinct_chunks(found->manifest)) revived_.insert(chunk.digest);
  }

  // After their chunks.
  Status put_manifests() {
    if (request_.dry_run || mended_.empty()) return {};
    for (const auto& [key, coded] : mended_) {
      TW_RETURN_IF_ERROR(place_.home->put(key, coded, PutCondition::always));
    }
    return place_.has_ledger ? Status() : put_newest_last();
  }

  // Without a ledger a save goes on from what the store got last: not from an old one that was mended. Stores
  // date by the second, so this comes at the end.
  Status put_newest_last() {
    TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> by_age, checkpoints_by_age(place_));
    if (by_age.empty()) return {};  // all were removed meanwhile
    TW_ASSIGN_OR_RETURN(const CodedManifest newest,
                        read_coded_manifest(*place_.home, place_.job_prefix, by_age.back()));
    return place_.home->put(manifest_key(place_.job_prefix, by_age.back()), newest.coded,
                            PutCondition::always);
  }

  Status mend_chunk(const ChunkRef& chunk) {
    const auto read = [&](ObjectStore& store) { return read_coded_chunk(store, place_.job_prefix, chunk); };
    const Result<CodedChunk> here = read(*place_.home);
    if (!here.ok() && !is_damage(here.error().code)) return here.error();
    const std::string key = chunk_key(place_.job_prefix, chunk.digest);
    std::string coded = here.ok() && revived_.contains(chunk.digest) ? here->coded : std::string();
    if (!here.ok()) {
      std::optional<CodedChunk> found = find<CodedChunk>(key, here.error(), read);
      if (found) coded = std::move(found->coded);
    }
    if (!coded.empty() && !request_.dry_run) {
      TW_RETURN_IF_ERROR(place_.home->put(key, coded, PutCondition::always));
    }
    if (request_.on_chunk) request_.on_chunk(chunk.size);
    return {};
  }

  // From the first store that has it whole, or nothing: none has.
  template <class Coded, class Read>
  std::optional<Coded> find(const std::string& key, const Error& problem, const Read& read) {
    std::string problems = problem.message;
    for (ObjectStore* store : place_.standby) {
      Result<Coded> found = read(*store);
      if (!found.ok()) {
        problems += "; " + found.error().message;
        continue;
      }
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
  std::vector<std::pair<std::string, std::string>> mended_;  // manifests: key and bytes
  std::set<std::string> revived_;                            // digests
  std::mutex mutex_;
  RepairReport report_;  // while chunks are mended: guarded by mutex_
};

}  // namespace

Result<RepairReport> repair(const ChunkPlace& place, const RepairRequest& request) {
  return Repairer(place, request).run();
}

}  // namespace tradewind::checkpoint
