// What lies in a folder, as one look tells it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "core/model/manifest.h"

struct stat;

namespace tradewind::checkpoint {

// Names that begin so are left out, at every depth: a program writes "<folder>/.new.model" and renames it to
// "<folder>/model" when it is whole.
constexpr std::string_view temporary_prefix = ".new.";

struct TreeEntry {
  std::string path;  // relative, '/' between parts
  FileKind kind = FileKind::file;
  std::uint32_t mode = 0;
  std::uint64_t size = 0;  // of files
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::string target = {};  // of symlinks
};
// Whether nothing was written between two looks. Of folders only the name and mode count: their times change
// with each temporary file in them.
bool same(const TreeEntry& a, const TreeEntry& b);
void set_facts(TreeEntry& entry, const struct stat& facts);

// All below the open folder `root`, sorted by path. Sockets, pipes and devices are left out: they hold no
// state. Follows no link. `shown` names the folder in errors: unauthorized, invalid_argument (a name or
// target that is not UTF-8, which a manifest cannot hold).
Result<std::vector<TreeEntry>> read_tree(int root, const std::string& shown);

}  // namespace tradewind::checkpoint
