// What changed from one checkpoint to another, by their manifests alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/manifest.h"

namespace tradewind {

enum class Change { added, removed, content, facts };  // facts: the mode, or where a link leads
std::string_view to_text(Change change);

struct FileChange {
  std::string path;
  Change change = Change::content;
  std::uint64_t bytes_before = 0;  // 0: was not there
  std::uint64_t bytes_after = 0;   // 0: is not there any more
  // Of chunks that no file of the first checkpoint has; one that stands several times counts once, where it
  // comes first.
  std::uint64_t bytes_new = 0;
};

struct ManifestDiff {
  std::vector<FileChange> files;  // by path
  std::uint64_t bytes_before = 0;
  std::uint64_t bytes_after = 0;
  std::uint64_t bytes_new = 0;   // of the second's chunks that the first does not have
  std::uint64_t bytes_gone = 0;  // the other way round
};
// Times alone are no change. A file that became a folder or a link, or the other way round, is a change of
// its content.
ManifestDiff diff(const Manifest& before, const Manifest& after);

}  // namespace tradewind
