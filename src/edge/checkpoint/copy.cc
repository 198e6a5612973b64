#include "edge/checkpoint/copy.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/history.h"
#include "edge/checkpoint/inventory.h"
#include "edge/checkpoint/parallel.h"
#include "edge/checkpoint/under_way.h"

namespace tradewind::checkpoint {
namespace {

using objectstore::PutCondition;

// Those of the newest checkpoint that really lie there.
Result<std::set<std::string>> reliable_chunks(const ChunkPlace& to, const std::vector<ManifestId>& present) {
  std::set<std::string> reliable;
  if (present.empty()) return reliable;
  const Result<Manifest> newest = read_manifest(to, present.back());
  if (!newest.ok()) return newest.error().code == Code::corrupt ? Result(reliable) : newest.error();
  const Inventory inventory(*to.home, to.job_prefix);
  const std::vector<ChunkRef> chunks = distinct_chunks(*newest);
  std::mutex mutex;
  const auto look = [&](std::size_t index) -> Status {
    const ChunkRef& chunk = chunks[index];
    const Result<objectstore::ObjectInfo> info = inventory.stat(chunk_key(to.job_prefix, chunk.digest));
    if (!info.ok()) return info.error().code == Code::not_found ? Status() : Status(info.error());
    const std::lock_guard lock(mutex);
    if (may_be(*info, chunk)) reliable.insert(chunk.digest);
    return {};
  };
  const auto no_bytes = [](std::size_t) { return std::uint64_t{0}; };
  TW_RETURN_IF_ERROR(for_each_parallel(chunks.size(), no_bytes, look));
  return reliable;
}

// By a copy that was cut: young enough that nobody prunes it before this one is done.
Result<bool> came_over_lately(const Inventory& inventory, const ChunkPlace& to, const ChunkRef& chunk,
                              Time now) {
  const Result<objectstore::ObjectInfo> info = inventory.stat(chunk_key(to.job_prefix, chunk.digest));
  if (!info.ok() && info.error().code == Code::not_found) return false;
  if (!info.ok()) return info.error();
  return may_be(*info, chunk) && now - info->modified_at < reuse_age_max;
}

Status copy_manifest(const ChunkPlace& from, const ChunkPlace& to, const ManifestId& id) {
  TW_ASSIGN_OR_RETURN(const CodedManifest read, read_coded_manifest(*from.home, from.job_prefix, id));
  return to.home->put(manifest_key(to.job_prefix, id), read.coded, PutCondition::always);
}

struct Moved {
  std::uint64_t stored = 0;  // packed
  bool within = false;       // by the server
};

void add(const Moved& moved, const ChunkRef& chunk, CopyCount& count) {
  (moved.within ? count.chunks_within : count.chunks) += 1;
  (moved.within ? count.bytes_within : count.bytes) += chunk.size;
  (moved.within ? count.stored_within : count.bytes_stored) += moved.stored;
}

// Called from several threads at once.
class ChunkMover {
 public:
  ChunkMover(const ChunkPlace& from, const ChunkPlace& to)
      : from_(from), to_(to), within_(is_within_a_server(from, to)) {}

  Result<Moved> move(const ChunkRef& chunk) {
    const std::string key = chunk_key(to_.job_prefix, chunk.digest);
    if (within_) {
      const std::optional<std::uint64_t> stored =
          to_.home->copy_from(*from_.home, chunk_key(from_.job_prefix, chunk.digest), key);
      // One of a size that it cannot have is met, and told, by who reads it.
      if (stored && may_be({key, *stored, {}}, chunk)) return Moved{*stored, true};
      within_ = false;  // a server that refuses one will refuse the next
    }
    TW_ASSIGN_OR_RETURN(const CodedChunk read, read_coded_chunk(*from_.home, from_.job_prefix, chunk));
    TW_RETURN_IF_ERROR(to_.home->put(key, read.coded, PutCondition::always));
    return Moved{read.coded.size(), false};
  }

 private:
  const ChunkPlace& from_;
  const ChunkPlace& to_;
  std::atomic<bool> within_;
};

// Tells a copy from the others into its target.
std::string facts_of(const ChunkPlace& from, const CopyPlan& plan, Time now) {
  std::string facts = "copy " + from.home->url() + " " + format_utc(now);
  for (const ManifestId& id : plan.checkpoints) facts += " " + id.text();
  return facts;
}

}  // namespace

Result<CopyPlan> plan_copy(const ChunkPlace& from, const ChunkPlace& to,
                           const std::vector<ManifestId>& checkpoints) {
  TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> present, committed_checkpoints(to));
  TW_ASSIGN_OR_RETURN(std::set<std::string> reliable, reliable_chunks(to, present));
  CopyPlan plan;
  plan.relied_on = reliable;
  for (const ManifestId& id : checkpoints) {
    if (std::ranges::find(present, id) != present.end()) continue;
    TW_ASSIGN_OR_RETURN(const Manifest manifest, read_manifest(from, id));
    plan.checkpoints.push_back(id);
    plan.bytes += total_bytes(manifest);
    for (ChunkRef& chunk : distinct_chunks(manifest)) {
      if (!reliable.insert(chunk.digest).second) continue;
      plan.bytes_missing += chunk.size;
      plan.chunks.push_back(std::move(chunk));
    }
  }
  return plan;
}

bool is_within_a_server(const ChunkPlace& from, const ChunkPlace& to) {
  const std::string domain = to.home->copy_domain();
  return !domain.empty() && domain == from.home->copy_domain();
}

Result<std::uint64_t> packed_bytes(const ChunkPlace& from, const CopyPlan& plan) {
  if (plan.chunks.empty()) return std::uint64_t{0};
  std::set<std::string> missing;
  for (const ChunkRef& chunk : plan.chunks) missing.insert(chunk_key(from.job_prefix, chunk.digest));
  TW_ASSIGN_OR_RETURN(const std::vector<objectstore::ObjectInfo> objects,
                      list_all(*from.home, from.job_prefix + "chunks/"));
  std::uint64_t bytes = 0;
  for (const objectstore::ObjectInfo& object : objects) {
    if (missing.contains(object.key)) bytes += object.size_bytes;
  }
  return bytes;
}

Result<CopyCount> copy(const ChunkPlace& from, const ChunkPlace& to, const CopyPlan& plan, Time now,
                       const std::function<void(std::uint64_t)>& on_chunk, const Clock* clock) {
  CopyCount count;
  std::mutex mutex;
  const Inventory inventory(*to.home, to.job_prefix);
  UnderWay under_way(*to.home, to.job_prefix, facts_of(from, plan, now), clock);
  const auto relied_on = [&plan] {
    std::set<std::string> digests = plan.relied_on;
    for (const ChunkRef& chunk : plan.chunks) digests.insert(chunk.digest);
    return digests;
  };
  ChunkMover mover(from, to);
  const auto copy_chunk = [&](std::size_t index) -> Status {
    const ChunkRef& chunk = plan.chunks[index];
    TW_ASSIGN_OR_RETURN(const bool there, came_over_lately(inventory, to, chunk, now + under_way.elapsed()));
    Moved moved;
    if (!there) {
      TW_ASSIGN_OR_RETURN(moved, mover.move(chunk));
    }
    if (on_chunk) on_chunk(chunk.size);
    TW_RETURN_IF_ERROR(under_way.keep_up(relied_on));
    const std::lock_guard lock(mutex);
    if (!there) add(moved, chunk, count);
    return {};
  };
  const auto bytes_of = [&](std::size_t index) { return plan.chunks[index].size; };
  const Status copied = for_each_parallel(plan.chunks.size(), bytes_of, copy_chunk);
  if (!copied.ok()) return copied.error();
  for (const ManifestId& id : plan.checkpoints) {
    TW_RETURN_IF_ERROR(under_way.keep_up(relied_on));
    TW_RETURN_IF_ERROR(under_way.check());
    TW_RETURN_IF_ERROR(copy_manifest(from, to, id));
    ++count.checkpoints;
  }
  under_way.end();
  return count;
}

}  // namespace tradewind::checkpoint
