#include "app/agent/folder_view.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "edge/io/errno_error.h"
#include "edge/io/files.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;

std::int64_t nanoseconds_of(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// False for what is no file, folder or link.
bool describe_entry(const struct stat& found, FolderEntry& entry) {
  entry.device = found.st_dev;
  entry.inode = found.st_ino;
  if (S_ISDIR(found.st_mode)) {
    entry.kind = FolderEntry::Kind::folder;
  } else if (S_ISLNK(found.st_mode)) {
    entry.kind = FolderEntry::Kind::link;
  } else if (S_ISREG(found.st_mode)) {
    entry.kind = FolderEntry::Kind::file;
    entry.size = static_cast<std::uint64_t>(found.st_size);
    entry.mtime_ns = nanoseconds_of(found.st_mtim);
  } else {
    return false;
  }
  return true;
}

Error moved_on(const std::string& path) {
  return {Code::conflict, "'" + path + "' changed since the program announced its save"};
}

Status hold_file(const fs::path& source, const FolderEntry& entry, const fs::path& target) {
  if (::link(source.c_str(), target.c_str()) != 0) {
    if (errno == ENOENT) return moved_on(entry.path);
    std::error_code failed;
    fs::copy_file(source, target, failed);
    if (failed) return io::errno_error(failed.value(), "copy " + source.string());
    struct stat copied = {};
    FolderEntry now = entry;
    if (::lstat(source.c_str(), &copied) != 0 || !describe_entry(copied, now) || !(now == entry)) {
      return moved_on(entry.path);
    }
    return {};
  }
  struct stat linked = {};
  if (::lstat(target.c_str(), &linked) != 0) return io::errno_error(errno, "read " + target.string());
  FolderEntry now;
  now.path = entry.path;
  if (!describe_entry(linked, now) || !(now == entry)) return moved_on(entry.path);
  return {};
}

Status hold_folder_entry(const fs::path& source, const fs::path& target) {
  struct stat found = {};
  if (::lstat(source.c_str(), &found) != 0 || !S_ISDIR(found.st_mode))
    return moved_on(source.filename().string());
  if (::mkdir(target.c_str(), 0700) != 0) return io::errno_error(errno, "make " + target.string());
  if (::chmod(target.c_str(), (found.st_mode & 07777U) | 0700U) != 0) {
    return io::errno_error(errno, "set the mode of " + target.string());
  }
  return {};
}

Status hold_link(const fs::path& source, const FolderEntry& entry, const fs::path& target) {
  std::error_code failed;
  fs::copy_symlink(source, target, failed);
  return failed ? Status(moved_on(entry.path)) : Status();
}

}  // namespace

Result<FolderView> look_at_folder(const fs::path& folder) {
  FolderView view;
  std::error_code failed;
  fs::recursive_directory_iterator walk(folder, failed);
  if (failed) return io::errno_error(failed.value(), "read the folder " + folder.string());
  while (walk != fs::recursive_directory_iterator()) {
    FolderEntry entry;
    struct stat found = {};
    // What vanished since it was listed was not there.
    if (::lstat(walk->path().c_str(), &found) == 0 && describe_entry(found, entry)) {
      entry.path = walk->path().lexically_relative(folder).string();
      view.push_back(std::move(entry));
    }
    walk.increment(failed);
    if (failed) return Error{Code::conflict, "'" + folder.string() + "' changed while it was read"};
  }
  std::sort(view.begin(), view.end(),
            [](const FolderEntry& left, const FolderEntry& right) { return left.path < right.path; });
  return view;
}

Status hold_folder(const fs::path& folder, const FolderView& view, const fs::path& target) {
  TW_RETURN_IF_ERROR(io::remove_tree(target));
  TW_RETURN_IF_ERROR(io::make_folders(target, 0700));
  for (const FolderEntry& entry : view) {
    const fs::path source = folder / entry.path;
    const fs::path held = target / entry.path;
    switch (entry.kind) {
      case FolderEntry::Kind::folder:
        TW_RETURN_IF_ERROR(hold_folder_entry(source, held));
        break;
      case FolderEntry::Kind::link:
        TW_RETURN_IF_ERROR(hold_link(source, entry, held));
        break;
      case FolderEntry::Kind::file:
        TW_RETURN_IF_ERROR(hold_file(source, entry, held));
        break;
    }
  }
  return {};
}

}  // namespace tradewind::agent
