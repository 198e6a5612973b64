#include "edge/checkpoint/folder_view.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/reversed.h"
#include "edge/checkpoint/tree.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"
#include "edge/io/unique_fd.h"

namespace tradewind::checkpoint {
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

// What a copy does not bring along by itself.
Status copy_facts(const fs::path& source, const struct stat& seen, int copy) {
  const timespec times[2] = {{0, UTIME_OMIT}, seen.st_mtim};
  if (::fchmod(copy, seen.st_mode & 07777U) != 0 || ::futimens(copy, times) != 0) {
    return io::errno_error(errno, "copy " + source.string());
  }
  return {};
}

bool is_still(const fs::path& source, const FolderEntry& entry) {
  struct stat found = {};
  FolderEntry now = entry;
  return ::lstat(source.c_str(), &found) == 0 && describe_entry(found, now) && now == entry;
}

// A copy that shares the file's blocks. False: the file system, or this file, has none.
Result<bool> clone_file(const fs::path& source, const FolderEntry& entry, const fs::path& target) {
  const io::UniqueFd from(::open(source.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!from.valid()) return false;
  const io::UniqueFd to(::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!to.valid()) return io::errno_error(errno, "make " + target.string());
  struct stat seen = {};
  if (::ioctl(to.get(), FICLONE, from.get()) != 0 || ::fstat(from.get(), &seen) != 0) {
    ::unlink(target.c_str());
    return false;
  }
  TW_RETURN_IF_ERROR(copy_facts(source, seen, to.get()));
  if (!is_still(source, entry)) return moved_on(entry.path);
  return true;
}

Status copy_file(const fs::path& source, const FolderEntry& entry, const fs::path& target) {
  struct stat seen = {};
  std::error_code failed;
  if (::lstat(source.c_str(), &seen) != 0) return moved_on(entry.path);
  fs::copy_file(source, target, failed);
  if (failed) return io::errno_error(failed.value(), "copy " + source.string());
  const io::UniqueFd copy(::open(target.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!copy.valid()) return io::errno_error(errno, "read " + target.string());
  TW_RETURN_IF_ERROR(copy_facts(source, seen, copy.get()));
  return is_still(source, entry) ? Status() : Status(moved_on(entry.path));
}

// `may_clone` is cleared once a file system has refused: it will refuse each.
Status hold_file(const fs::path& source, const FolderEntry& entry, const fs::path& target, bool& may_clone) {
  if (may_clone) {
    TW_ASSIGN_OR_RETURN(may_clone, clone_file(source, entry, target));
    if (may_clone) return {};
  }
  if (::link(source.c_str(), target.c_str()) == 0) {
    return is_still(target, entry) ? Status() : Status(moved_on(entry.path));
  }
  if (errno == ENOENT) return moved_on(entry.path);
  return copy_file(source, entry, target);
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

// After all that is in them.
Status set_folder_times(const fs::path& folder, const FolderView& view, const fs::path& target) {
  for (const FolderEntry& entry : reversed(view)) {
    if (entry.kind != FolderEntry::Kind::folder) continue;
    struct stat found = {};
    if (::lstat((folder / entry.path).c_str(), &found) != 0) return moved_on(entry.path);
    const timespec times[2] = {{0, UTIME_OMIT}, found.st_mtim};
    const fs::path held = target / entry.path;
    if (::utimensat(AT_FDCWD, held.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
      return io::errno_error(errno, "set the time of " + held.string());
    }
  }
  return {};
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
    const bool is_temporary = walk->path().filename().string().starts_with(temporary_prefix);
    if (is_temporary) walk.disable_recursion_pending();
    // What vanished since it was listed was not there.
    if (!is_temporary && ::lstat(walk->path().c_str(), &found) == 0 && describe_entry(found, entry)) {
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
  bool may_clone = true;
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
        TW_RETURN_IF_ERROR(hold_file(source, entry, held, may_clone));
        break;
    }
  }
  return set_folder_times(folder, view, target);
}

bool is_as_seen(const fs::path& target, const FolderView& view) {
  return std::ranges::all_of(view, [&](const FolderEntry& entry) {
    struct stat found = {};
    FolderEntry now;
    if (::lstat((target / entry.path).c_str(), &found) != 0 || !describe_entry(found, now)) return false;
    return now.kind == entry.kind && now.size == entry.size && now.mtime_ns == entry.mtime_ns;
  });
}

}  // namespace tradewind::checkpoint
