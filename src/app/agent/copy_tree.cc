#include "app/agent/copy_tree.h"

#include <system_error>

#include "edge/io/errno_error.h"
#include "edge/io/files.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;

// A folder that is in use holds files that come and go: what has gone since it was seen is no loss.
bool has_gone(const fs::path& path) {
  std::error_code failed;
  return fs::symlink_status(path, failed).type() == fs::file_type::not_found;
}

// Folders are made, not filled.
Status copy_entry(const fs::directory_entry& entry, const fs::path& target) {
  std::error_code failed;
  const fs::file_status status = entry.symlink_status(failed);
  if (!failed && fs::is_symlink(status)) {
    fs::copy_symlink(entry.path(), target, failed);
  } else if (!failed && fs::is_directory(status)) {
    fs::create_directory(target, entry.path(), failed);
  } else if (!failed && fs::is_regular_file(status)) {
    fs::copy_file(entry.path(), target, failed);
  }
  if (!failed || has_gone(entry.path())) return {};
  return io::errno_error(failed.value(), "copy " + entry.path().string() + " to " + target.string());
}

}  // namespace

Status copy_folder(const fs::path& source, const fs::path& target, const fs::path& except) {
  std::error_code failed;
  fs::directory_iterator entry(source, failed);
  for (; !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    if (entry->path() == except) continue;
    const fs::path to = target / entry->path().filename();
    TW_RETURN_IF_ERROR(copy_entry(*entry, to));
    std::error_code unknown;
    const bool is_folder = fs::is_directory(entry->symlink_status(unknown));
    if (is_folder && !has_gone(entry->path())) {
      // It may have gone before it was made.
      fs::create_directory(to, unknown);
      Status copied = copy_folder(entry->path(), to, except);
      if (!copied.ok() && !has_gone(entry->path())) return copied;
    }
  }
  if (failed) return io::errno_error(failed.value(), "read " + source.string());
  return {};
}

Status copy_tree(const fs::path& source, const fs::path& target, const fs::path& except) {
  std::error_code failed;
  TW_RETURN_IF_ERROR(io::make_folders(target.parent_path()));
  if (fs::is_directory(source, failed)) {
    TW_RETURN_IF_ERROR(io::make_folders(target));
    return copy_folder(source, target, except);
  }
  if (!failed) fs::copy_file(source, target, failed);
  if (failed) return io::errno_error(failed.value(), "copy " + source.string() + " to " + target.string());
  return {};
}

}  // namespace tradewind::agent
