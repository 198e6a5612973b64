// Two programs that do what the engine does without its care: for the mutants.
#pragma once

#include <filesystem>

#include "edge/checkpoint/checkpoint.h"

namespace tradewind::storesim {

// Writes a checkpoint's files as they come. `proves`: each chunk is checked by its digest. `beside`: the
// folder takes its place when it is whole, in one step; else it is written where it lies.
Result<Manifest> restore_carelessly(const checkpoint::ChunkPlace& place, const ManifestId& id,
                                    const std::filesystem::path& folder, bool proves, bool beside);

// Puts all that the first standby store has into the home store.
Status repair_carelessly(const checkpoint::ChunkPlace& place);

}  // namespace tradewind::storesim
