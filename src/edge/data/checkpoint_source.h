// A store of checkpoints as a source of data: what a job, or `tradewind checkpoint save`, left there.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/data/cache.h"
#include "edge/data/source.h"

namespace tradewind::data {

// Makes `target` hold the newest checkpoint's files. Its chunks stay in the cache, so that it does not travel
// twice. not_found: there is none; else the errors of checkpoint::restore.
Result<checkpoint::TransferCount> restore_newest(const Source& source, const DataCache& cache,
                                                 const std::filesystem::path& target);

}  // namespace tradewind::data
