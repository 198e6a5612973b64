#include <mutex>
#include <string>
#include <vector>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"
#include "edge/checkpoint/history.h"
#include "edge/checkpoint/parallel.h"

namespace tradewind::checkpoint {
namespace {

enum class Depth { presence, bytes };

// Looks at one store alone.
class StoreCheck {
 public:
  StoreCheck(objectstore::ObjectStore& store, const std::string& job_prefix, Depth depth)
      : store_(store), alone_{&store, nullptr, {}, job_prefix}, depth_(depth) {}

  Status run(const std::vector<ManifestId>& checkpoints, VerifyReport& report) {
    TW_ASSIGN_OR_RETURN(const KeptManifests kept, read_kept(alone_, checkpoints));
    for (const UnreadableManifest& each : kept.unreadable) problems_.push_back(each.problem.message);
    const std::vector<ChunkRef>& chunks = kept.chunks;
    const auto bytes_of = [&](std::size_t index) { return chunks[index].size; };
    const auto check_one = [&](std::size_t index) { return check(chunks[index]); };
    TW_RETURN_IF_ERROR(for_each_parallel(chunks.size(), bytes_of, check_one));
    report.manifests += kept.whole;
    report.chunks += chunks.size();
    for (const ChunkRef& chunk : chunks) report.bytes += chunk.size;
    report.problems.insert(report.problems.end(), problems_.begin(), problems_.end());
    return {};
  }

 private:
  Status check(const ChunkRef& chunk) {
    if (depth_ == Depth::presence) return check_presence(chunk);
    const Result<std::string> plain = read_chunk(store_, alone_.job_prefix, chunk);
    if (plain.ok()) return {};
    const Code code = plain.error().code;
    if (code != Code::corrupt && code != Code::not_found) return plain.error();
    add_problem(plain.error().message);
    return {};
  }

  Status check_presence(const ChunkRef& chunk) {
    TW_ASSIGN_OR_RETURN(const bool there, has_chunk(store_, alone_.job_prefix, chunk));
    if (!there) {
      add_problem(chunk_key(alone_.job_prefix, chunk.digest) + " in " + store_.url() +
                  " is missing, or has a size that it cannot have");
    }
    return {};
  }

  void add_problem(std::string problem) {
    const std::lock_guard lock(mutex_);
    problems_.push_back(std::move(problem));
  }

  objectstore::ObjectStore& store_;
  ChunkPlace alone_;
  const Depth depth_;
  std::mutex mutex_;
  std::vector<std::string> problems_;  // while chunks are checked: guarded by mutex_
};

Result<VerifyReport> verify_to(Depth depth, const ChunkPlace& place) {
  TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> checkpoints, committed_checkpoints(place));
  VerifyReport report;
  TW_RETURN_IF_ERROR(StoreCheck(*place.home, place.job_prefix, depth).run(checkpoints, report));
  for (objectstore::ObjectStore* standby : place.standby) {
    const Status checked = StoreCheck(*standby, place.job_prefix, depth).run(checkpoints, report);
    if (!checked.ok()) {
      report.problems.push_back(standby->url() + " cannot be read: " + describe(checked.error()));
    }
  }
  return report;
}

}  // namespace

Result<VerifyReport> verify(const ChunkPlace& place) {
  return verify_to(Depth::bytes, place);
}

Result<VerifyReport> verify_presence(const ChunkPlace& place) {
  return verify_to(Depth::presence, place);
}

}  // namespace tradewind::checkpoint
