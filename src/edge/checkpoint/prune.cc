#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "core/model/stored_names.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/history.h"
#include "edge/checkpoint/under_way.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::ObjectInfo;
using objectstore::ObjectStore;

std::vector<ObjectStore*> other_stores(const ChunkPlace& place) {
  std::vector<ObjectStore*> stores = place.standby;
  if (place.local != nullptr) stores.push_back(place.local);
  return stores;
}

std::string last_part(const std::string& key) {
  return key.substr(key.rfind('/') + 1);
}

enum class Doomed {
  manifest,
  manifest_between_others,
  chunk,  // or what else goes by its age
};

// conflict: a chunk that was written again since it was planned to go is needed by somebody.
Status remove_from(ObjectStore& store, const ChunkPlace& place, const std::string& key, Doomed what,
                   Time young_from) {
  if (what == Doomed::chunk) return store.remove_if_older(key, young_from);
  if (what == Doomed::manifest_between_others) {
    const std::string word = pruned_key(place.job_prefix, ManifestId(last_part(key)));
    TW_RETURN_IF_ERROR(store.put(word, "pruned\n", objectstore::PutCondition::always));
  }
  return store.remove(key);
}

class Planner {
 public:
  Planner(const ChunkPlace& place, Time now, Duration grace) : place_(place), young_from_(now - grace) {}

  // Marks what the newest `keep` checkpoints need. What cannot be read cannot be spared: then nothing may be
  // removed.
  Status keep_newest(const std::vector<ManifestId>& checkpoints, std::size_t keep) {
    for (const ManifestId& id : checkpoints) committed_.emplace(id, committed_.size() + 1);
    const std::size_t first = checkpoints.size() - std::min(keep, checkpoints.size());
    for (std::size_t i = checkpoints.size(); i-- > first;) {
      const Result<Manifest> manifest = read_manifest(place_, checkpoints[i]);
      if (!manifest.ok()) {
        // An earlier pruning kept fewer, or another one removes it just now.
        if (manifest.error().code == Code::not_found && !kept_.empty()) continue;
        return Error{
            manifest.error().code == Code::not_found ? Code::corrupt : manifest.error().code,
            "nothing is pruned, since a checkpoint to keep cannot be read: " + manifest.error().message,
            "tradewind checkpoint verify tells more"};
      }
      need(checkpoints[i], *manifest);
      kept_.insert(checkpoints[i]);
    }
    return {};
  }

  // A manifest that no record names, if it is young, may be of a save that is about to be committed.
  Status keep_uncommitted(ObjectStore& store) {
    TW_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> manifests,
                        list_all(store, place_.job_prefix + "manifests/"));
    for (const ObjectInfo& object : manifests) {
      const ManifestId id(last_part(object.key));
      if (object.modified_at < young_from_ || committed_.contains(id) || !is_digest(id.text())) continue;
      const Result<Manifest> manifest = read_manifest(place_, id);
      if (manifest.ok()) need(id, *manifest);
      // One that is damaged may have been committed since the ledger was read. Once it is old, it is known.
      if (!manifest.ok() && manifest.error().code != Code::not_found) return manifest.error();
    }
    return {};
  }

  // Before the manifests are listed: what is not told any more has its manifest by then.
  Status keep_under_way(ObjectStore& store) {
    TW_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> told,
                        list_all(store, under_way_folder(place_.job_prefix)));
    for (const ObjectInfo& object : told) {
      if (object.modified_at < young_from_) {
        left_behind_.push_back(object.key);
        continue;
      }
      const Result<std::set<std::string>> digests = read_under_way(store, object.key);
      if (digests.ok()) needed_chunks_.insert(digests->begin(), digests->end());
      if (!digests.ok() && digests.error().code != Code::not_found) return digests.error();
    }
    return {};
  }

  Status find_unneeded(ObjectStore& store) {
    TW_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> manifests,
                        list_all(store, place_.job_prefix + "manifests/"));
    for (const ObjectInfo& object : manifests) {
      const ManifestId id(last_part(object.key));
      if (needed_manifests_.contains(id)) continue;
      // A committed one is not needed whatever its age: newer ones are.
      if (object.modified_at >= young_from_ && !committed_.contains(id)) continue;
      const auto committed = committed_.find(id);
      unneeded_manifests_.emplace(committed == committed_.end() ? 0 : committed->second, object.key);
      remove_bytes_ += object.size_bytes;
    }
    TW_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> chunks, list_all(store, place_.job_prefix + "chunks/"));
    for (const ObjectInfo& object : chunks) {
      const std::string digest = last_part(object.key);
      if (needed_chunks_.contains(digest)) continue;
      if (object.modified_at >= young_from_) {
        // Where one store has a young copy, a save may rely on it: the others keep theirs.
        young_chunks_.insert(object.key);
        continue;
      }
      unneeded_chunks_[object.key] += object.size_bytes;
    }
    return {};
  }

  PrunePlan plan() const {
    PrunePlan plan;
    plan.keep_manifests = kept_.size();
    plan.young_from = young_from_;
    plan.remove_bytes = remove_bytes_;
    // Manifests first: a crash in between leaves chunks that the next plan finds, never a checkpoint without
    // its chunks. Of these the oldest first: one that is missing between others looks like a loss.
    const std::size_t oldest = oldest_kept();
    for (const auto& [age, key] : unneeded_manifests_) {
      plan.remove_keys.push_back(key);
      if (age > oldest) plan.leave_word.insert(key);
    }
    for (const auto& [key, bytes] : unneeded_chunks_) {
      // A manifest that was seen later may need what an earlier list showed.
      if (young_chunks_.contains(key) || needed_chunks_.contains(last_part(key))) continue;
      plan.remove_keys.push_back(key);
      plan.remove_bytes += bytes;
    }
    plan.remove_keys.insert(plan.remove_keys.end(), left_behind_.begin(), left_behind_.end());
    return plan;
  }

 private:
  // Its place; without a ledger nothing is missed, whatever goes.
  std::size_t oldest_kept() const {
    std::size_t oldest = committed_.size();
    for (const ManifestId& id : kept_) oldest = std::min(oldest, committed_.at(id));
    return place_.has_ledger ? oldest : committed_.size();
  }

  void need(const ManifestId& id, const Manifest& manifest) {
    needed_manifests_.insert(id);
    for (const ManifestFile& file : manifest.files) {
      for (const ChunkRef& chunk : stored_chunks(file)) needed_chunks_.insert(chunk.digest);
    }
  }

  const ChunkPlace& place_;
  Time young_from_;
  std::map<ManifestId, std::size_t> committed_;  // with their place, the oldest's is 1
  std::set<ManifestId> kept_;
  std::set<ManifestId> needed_manifests_;
  std::set<std::string> needed_chunks_;
  std::set<std::pair<std::size_t, std::string>> unneeded_manifests_;  // place and key; 0: no record names it
  std::map<std::string, std::uint64_t> unneeded_chunks_;
  std::set<std::string> young_chunks_;
  std::vector<std::string> left_behind_;  // by saves that were cut
  std::uint64_t remove_bytes_ = 0;
};

// Without a ledger, of one and the same list: those that a save may have begun from that began at
// `young_from` or later, which are the young and the newest before them; then the newest by age. One that
// comes after the list is young, and spared as what is not committed yet.
Status keep_of_stored(const ChunkPlace& place, std::size_t keep, Time young_from, Planner& planner) {
  TW_ASSIGN_OR_RETURN(const std::vector<ObjectInfo> manifests, stored_manifests(place));
  const auto young = std::ranges::count_if(
      manifests, [young_from](const ObjectInfo& manifest) { return manifest.modified_at >= young_from; });
  TW_RETURN_IF_ERROR(planner.keep_newest(ids_of(manifests), static_cast<std::size_t>(young) + 1));
  TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> oldest_first, by_age(place, manifests));
  return planner.keep_newest(oldest_first, keep);
}

Status keep_of_ledger(const ChunkPlace& place, std::size_t keep, Planner& planner) {
  TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> checkpoints, committed_checkpoints(place));
  return planner.keep_newest(checkpoints, keep);
}

// One that came since the list of the newest is young, and stays as such.
Status keep_chosen(const ChunkPlace& place, const Retention& retention, Planner& planner) {
  TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> ids, committed_checkpoints(place));
  std::vector<Candidate> candidates;
  for (const ManifestId& id : ids) {
    const Result<Manifest> manifest = read_manifest(place, id);
    if (manifest.ok()) candidates.push_back({id, manifest->created_at, manifest->metrics});
    if (!manifest.ok() && manifest.error().code == Code::unavailable) return manifest.error();
  }
  std::ranges::stable_sort(candidates, {}, &Candidate::created_at);
  const std::set<ManifestId> chosen = chosen_by(retention, candidates);
  return planner.keep_newest(std::vector<ManifestId>(chosen.begin(), chosen.end()), chosen.size());
}

}  // namespace

Result<PrunePlan> plan_prune(const ChunkPlace& place, int keep, Time now, Duration grace) {
  return plan_prune(place, Retention{.last = keep}, now, grace);
}

Result<PrunePlan> plan_prune(const ChunkPlace& place, const Retention& retention, Time now, Duration grace) {
  if (retention.last < 1) {
    return Error{Code::invalid_argument, "cannot keep " + std::to_string(retention.last) + " checkpoints",
                 "keep at least 1"};
  }
  Planner planner(place, now, grace);
  const auto wanted = static_cast<std::size_t>(retention.last);
  TW_RETURN_IF_ERROR(place.has_ledger ? keep_of_ledger(place, wanted, planner)
                                      : keep_of_stored(place, wanted, now - grace, planner));
  if (retention.chooses()) TW_RETURN_IF_ERROR(keep_chosen(place, retention, planner));
  TW_RETURN_IF_ERROR(planner.keep_under_way(*place.home));
  TW_RETURN_IF_ERROR(planner.keep_uncommitted(*place.home));
  TW_RETURN_IF_ERROR(planner.find_unneeded(*place.home));
  for (ObjectStore* store : other_stores(place)) {
    // One that is away is looked at the next time. A save of which we saw nothing at home has only young
    // chunks and those of its parent, here too.
    if (planner.keep_uncommitted(*store).ok()) static_cast<void>(planner.find_unneeded(*store));
  }
  return planner.plan();
}

Status execute(const ChunkPlace& place, const PrunePlan& plan) {
  for (const std::string& key : plan.remove_keys) {
    const bool is_manifest = key.starts_with(place.job_prefix + "manifests/");
    // Only what pruning may ever name, whoever made the plan.
    if (!is_manifest && !key.starts_with(place.job_prefix + "chunks/") &&
        !key.starts_with(under_way_folder(place.job_prefix))) {
      return Error{Code::invalid_argument, "'" + key + "' is no chunk or manifest of this job"};
    }
    const Doomed what = !is_manifest                    ? Doomed::chunk
                        : plan.leave_word.contains(key) ? Doomed::manifest_between_others
                                                        : Doomed::manifest;
    Status removed = remove_from(*place.home, place, key, what, plan.young_from);
    // Whoever needs it may not have reached the other stores: they keep theirs.
    if (!removed.ok() && removed.error().code == Code::conflict) continue;
    if (!removed.ok()) return removed;
    for (ObjectStore* store : other_stores(place)) {
      static_cast<void>(remove_from(*store, place, key, what, plan.young_from));
    }
  }
  return {};
}

}  // namespace tradewind::checkpoint
