// What a folder held at one moment, and a second, unchanging name for exactly that.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace tradewind::agent {

struct FolderEntry {
  enum class Kind { file, folder, link };
  std::string path;  // relative, '/' between parts
  Kind kind = Kind::file;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;     // of files
  std::int64_t mtime_ns = 0;  // of files
  bool operator==(const FolderEntry&) const = default;
};
// Sorted by path. Equal views: no file was written or replaced in between.
using FolderView = std::vector<FolderEntry>;

// Sockets, pipes and devices are left out. not_found when there is no such folder.
Result<FolderView> look_at_folder(const std::filesystem::path& folder);

// Makes `target` (removed first) hold the files of `view` under a second name each (hard links), so that a
// program that replaces its files by renaming does not change what is read from there. A file system that
// has no hard links gets copies. conflict: a file of the view is no longer the one that was seen.
Status hold_folder(const std::filesystem::path& folder, const FolderView& view,
                   const std::filesystem::path& target);

}  // namespace tradewind::agent
