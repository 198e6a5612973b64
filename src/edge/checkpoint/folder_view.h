// What a folder held at one moment, and a second, unchanging name for exactly that.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace tradewind::checkpoint {

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

// Sockets, pipes and devices are left out, and what begins with temporary_prefix. not_found when there is no
// such folder.
Result<FolderView> look_at_folder(const std::filesystem::path& folder);

// Makes `target` (removed first) hold the files of `view` as they are, so that a program that goes on does
// not change what is read from there: as copies that share their blocks where the file system has those, else
// under a second name each (hard links: they hold what is replaced by renaming, and do not hold what is
// written in place), else as plain copies. conflict: a file of the view is no longer the one that was seen.
Status hold_folder(const std::filesystem::path& folder, const FolderView& view,
                   const std::filesystem::path& target);

// Whether what is held is still what was seen: nothing was written in place.
bool is_as_seen(const std::filesystem::path& target, const FolderView& view);

}  // namespace tradewind::checkpoint
