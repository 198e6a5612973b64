#include "edge/checkpoint/recovery.h"

#include "base/reversed.h"
#include "edge/checkpoint/chunk.h"
#include "edge/checkpoint/copies.h"

namespace tradewind::checkpoint {
namespace {

constexpr int looks_max = 16;

RecoveryPoint recovery_point(objectstore::ObjectStore& store, const std::string& job_prefix,
                             const std::vector<LedgerRecord>& ledger) {
  RecoveryPoint point{store.url()};
  int looks = 0;
  for (const LedgerRecord& record : reversed(ledger)) {
    if (record.kind != LedgerKind::checkpoint) continue;
    if (++looks > looks_max) break;
    const Result<objectstore::ObjectInfo> found = store.stat(manifest_key(job_prefix, record.manifest));
    if (found.ok()) {
      point.step = record.step;
      point.at = record.at;
      point.manifest = record.manifest;
      break;
    }
    if (found.error().code != Code::not_found) {
      point.problem = found.error().message;
      break;
    }
  }
  return point;
}

}  // namespace

std::vector<RecoveryPoint> recovery_points(const ChunkPlace& place, const std::vector<LedgerRecord>& ledger) {
  std::vector<RecoveryPoint> points;
  for (objectstore::ObjectStore* store : durable_stores(place)) {
    points.push_back(recovery_point(*store, place.job_prefix, ledger));
  }
  return points;
}

}  // namespace tradewind::checkpoint
