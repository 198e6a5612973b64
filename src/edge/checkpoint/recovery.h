// From where a job could go on if its place, or one of its stores, went away now.
#pragma once

#include <vector>

#include "core/model/ledger_record.h"
#include "core/model/recovery_point.h"
#include "edge/checkpoint/checkpoint.h"

namespace tradewind::checkpoint {

// Of the home store, then of each standby store. A manifest comes after its chunks: where it is, the
// checkpoint was whole; `verify` reads what became of it. Asks each store a few times at most: one that lags
// by more than sixteen checkpoints has no newest one here.
std::vector<RecoveryPoint> recovery_points(const ChunkPlace& place, const std::vector<LedgerRecord>& ledger);

}  // namespace tradewind::checkpoint
