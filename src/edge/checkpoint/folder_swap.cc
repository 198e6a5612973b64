#include "edge/checkpoint/folder_swap.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/io/files.h"
#include "edge/objectstore/posix_file.h"

namespace tradewind::checkpoint {
namespace {

using std::filesystem::path;

path beside(const path& folder, const char* ending) {
  return folder.parent_path() / ("." + folder.filename().string() + ending);
}

Error swap_error(int error_number, const path& folder) {
  if (error_number == EBUSY || error_number == EXDEV) {
    return {Code::invalid_argument, "'" + folder.string() + "' is a mount point and cannot be replaced",
            "set checkpoint.path to a folder inside it"};
  }
  return objectstore::file_error(error_number, "replace", folder.string());
}

Status rename_or_error(const path& from, const path& to, const path& folder) {
  if (::rename(from.c_str(), to.c_str()) != 0) return swap_error(errno, folder);
  return {};
}

}  // namespace

path folder_being_made(const path& folder) {
  return beside(folder, ".tradewind-new");
}

path folder_put_aside(const path& folder) {
  return beside(folder, ".tradewind-old");
}

Status recover_folder(const path& folder) {
  const path old = folder_put_aside(folder);
  if (!io::path_exists(folder) && io::path_exists(old)) {
    TW_RETURN_IF_ERROR(rename_or_error(old, folder, folder));
  }
  return io::remove_tree(old);
}

Status flush_folder(const path& folder) {
  TW_ASSIGN_OR_RETURN(const objectstore::UniqueFd opened, objectstore::open_folder(folder.string()));
  if (::syncfs(opened.get()) != 0) return objectstore::file_error(errno, "write", folder.string());
  return {};
}

Status swap_in_folder(const path& folder, SwapBy how) {
  const path made = folder_being_made(folder);
  const path old = folder_put_aside(folder);
  struct stat facts {};
  const bool replaces = ::lstat(folder.c_str(), &facts) == 0;
  if (replaces && !S_ISDIR(facts.st_mode)) {
    return Error{Code::invalid_argument, "'" + folder.string() + "' is no folder", "move it away"};
  }
  if (!replaces) {
    TW_RETURN_IF_ERROR(rename_or_error(made, folder, folder));
    return io::sync_folder(folder.parent_path());
  }
  bool exchanged = false;
  if (how == SwapBy::exchange) {
    exchanged = ::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) == 0;
    if (!exchanged && errno != EINVAL && errno != ENOSYS) return swap_error(errno, folder);
  }
  if (!exchanged) {
    TW_RETURN_IF_ERROR(rename_or_error(folder, old, folder));
    TW_RETURN_IF_ERROR(rename_or_error(made, folder, folder));
  }
  TW_RETURN_IF_ERROR(io::sync_folder(folder.parent_path()));
  return io::remove_tree(exchanged ? made : old);
}

}  // namespace tradewind::checkpoint
