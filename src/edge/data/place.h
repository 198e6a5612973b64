// Laying out brought objects as files for a program.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "edge/data/bring.h"

namespace tradewind::data {

enum class Access { writable, read_only };

// Makes `target`, which must not exist, of the objects: a folder, or a file where the source is one object.
// Each file is a copy of its own, sharing blocks with the cache where the file system can (reflink), never a
// second name of the cached file: whoever may write his own file may also make a hard link writable again,
// and would change what later jobs get. Each byte is proved on its way. Files have the objects' times;
// read-only ones mode 0444 in folders of mode 0555. corrupt: the cached bytes are not those that were
// brought; they are forgotten, so that the next try brings them again. unavailable: the disk is full.
// What was made of `target` when it fails stays.
Status place(const Brought& brought, const std::string& source, const DataCache& cache,
             const std::filesystem::path& target, Access access);

// Puts `made` at `target`: renamed, or laid over the folder that is there, whose files of the same names go.
// invalid_argument: a file would have to replace a folder, or the other way round; the name is told.
Status lay_over(const std::filesystem::path& made, const std::filesystem::path& target);

}  // namespace tradewind::data
