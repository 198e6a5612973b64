// Reading a folder that a program may be writing to, so that what comes out is what lay there at one moment.
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "core/model/manifest.h"

namespace tradewind::checkpoint {

// Takes each chunk that was read; called from several threads at once. It may be given chunks of a file that
// turns out to have changed meanwhile and is read again.
using ChunkSink = std::function<Status(const ChunkRef& ref, std::string_view plain)>;

// The folder's files, sorted by path, as they all were at one moment: each is read between two looks at the
// whole tree that found it the same. What changed is read again, a few times over some seconds; then
// unavailable, naming it. not_found: no such folder. unauthorized: it cannot be read. `shown` names
// the folder in errors.
Result<std::vector<ManifestFile>> capture(const std::filesystem::path& folder, const std::string& shown,
                                          const ChunkSink& sink);

// The same with files cut where those of `layout` are (sorted by path), to compare with it.
Result<std::vector<ManifestFile>> capture_like(const std::filesystem::path& folder,
                                               const std::vector<ManifestFile>& layout);

}  // namespace tradewind::checkpoint
