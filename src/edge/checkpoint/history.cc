#include "edge/checkpoint/history.h"

#include <algorithm>

#include "edge/checkpoint/ledger.h"

namespace tradewind::checkpoint {

Result<std::vector<ManifestId>> committed_checkpoints(const ChunkPlace& place) {
  TW_ASSIGN_OR_RETURN(const std::vector<LedgerRecord> records, read_ledger(*place.home, place.job_prefix, 0));
  LedgerView view;
  std::vector<ManifestId> checkpoints;
  for (const LedgerRecord& record : records) {
    TW_RETURN_IF_ERROR(fold(view, record));
    if (record.kind == LedgerKind::checkpoint) checkpoints.push_back(record.manifest);
  }
  std::vector<ManifestId> newest_first;
  for (auto id = checkpoints.rbegin(); id != checkpoints.rend(); ++id) {
    if (std::find(newest_first.begin(), newest_first.end(), *id) == newest_first.end())
      newest_first.push_back(*id);
  }
  return std::vector<ManifestId>(newest_first.rbegin(), newest_first.rend());
}

}  // namespace tradewind::checkpoint
