#include "app/agent/workspace.h"

#include <algorithm>
#include <system_error>

#include "edge/io/errno_error.h"
#include "edge/io/files.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;

bool climbs(const fs::path& path) {
  return std::any_of(path.begin(), path.end(), [](const fs::path& part) { return part == ".."; });
}

bool lies_inside(const fs::path& path, const fs::path& folder) {
  const fs::path relative = path.lexically_normal().lexically_relative(folder.lexically_normal());
  return !relative.empty() && *relative.begin() != ".." && relative != ".";
}

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

// Without `except`: a work folder may hold the scratch folder, which is not copied into itself.
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
  if (failed) return io::errno_error(failed.value(), "read the workdir " + source.string());
  return {};
}

}  // namespace

Result<Workspace> plan_workspace(const fs::path& scratch, const JobSpec& spec) {
  Workspace workspace{
      scratch, scratch / "work", scratch / "outputs", scratch / "progress.jsonl", scratch / "held", {}};
  if (spec.checkpoint.path.empty()) return workspace;
  const fs::path path(spec.checkpoint.path);
  workspace.checkpoint = path.is_absolute() ? path : workspace.work / path;
  workspace.checkpoint = workspace.checkpoint.lexically_normal();
  if (!workspace.checkpoint.has_filename()) workspace.checkpoint = workspace.checkpoint.parent_path();
  const fs::path& within = path.is_absolute() ? workspace.scratch : workspace.work;
  if (climbs(path) || !lies_inside(workspace.checkpoint, within)) {
    return Error{
        Code::invalid_argument,
        "checkpoint.path '" + spec.checkpoint.path + "' is not a folder inside the workdir",
        "use a relative path such as 'checkpoint'; the program finds it in $TRADEWIND_CHECKPOINT_DIR"};
  }
  return workspace;
}

Status prepare_workspace(const Workspace& workspace, const JobSpec& spec) {
  TW_RETURN_IF_ERROR(io::remove_tree(workspace.work));
  TW_RETURN_IF_ERROR(io::make_folders(workspace.work));
  TW_RETURN_IF_ERROR(io::make_folders(workspace.outputs));
  if (!spec.workdir.empty())
    TW_RETURN_IF_ERROR(copy_folder(spec.workdir, workspace.work, workspace.work.parent_path()));
  if (!workspace.checkpoint.empty()) TW_RETURN_IF_ERROR(io::make_folders(workspace.checkpoint));
  return io::append_file(workspace.progress, "");
}

}  // namespace tradewind::agent
