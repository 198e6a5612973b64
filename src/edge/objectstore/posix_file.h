// Files below a folder that is held open, reached part by part and never through a symbolic link: what the
// file store and the checkpoints stand on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "edge/io/unique_fd.h"

namespace tradewind::objectstore {

using io::UniqueFd;

// "cannot <action> '<path>': <reason>", with the code that callers decide on and the cure where one is known:
// unauthorized (EACCES, EPERM, EROFS), not_found (ENOENT), conflict (EEXIST), corrupt (ELOOP: a symbolic link
// where none is followed), invalid_argument (names that the file system refuses), else unavailable (a full
// disk among them).
Error file_error(int error_number, std::string_view action, const std::string& path);

// A folder, following symbolic links: for roots that a person named.
Result<UniqueFd> open_folder(const std::string& path);

// How open_beneath reaches the last part.
struct OpenMode {
  int flags = 0;              // of open(2); O_CLOEXEC and O_NOFOLLOW are added
  unsigned mode = 0644;       // of a file that O_CREAT makes
  bool make_folders = false;  // missing folders on the way are made (0755) and their parents synced
};
// Opens `relative` (parts joined by '/') below `folder`. No part may be a symbolic link or "..". The errno of
// the failure is the error: the caller knows what it means.
struct Opened {
  UniqueFd descriptor;
  int error_number = 0;  // 0: opened
};
Opened open_beneath(int folder, std::string_view relative, const OpenMode& how);
// The folder that holds `relative`, and the name of its last part.
Opened open_parent_beneath(int folder, std::string_view relative, bool make_folders);
std::string_view last_part(std::string_view relative);

// Both return 0 or an errno. Neither stops at an interrupted or partial call.
int write_all(int descriptor, std::string_view bytes);
int write_all_at(int descriptor, std::string_view bytes, std::uint64_t offset);
// Reads until `size` bytes or the end of the file; what was read is in `bytes`.
int read_at(int descriptor, std::uint64_t offset, std::uint64_t size, std::string& bytes);

}  // namespace tradewind::objectstore
