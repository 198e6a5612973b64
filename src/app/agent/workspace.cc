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
  if (failed)
    return io::errno_error(failed.value(), "copy " + entry.path().string() + " to " + target.string());
  return {};
}

Status copy_folder(const fs::path& source, const fs::path& target) {
  std::error_code failed;
  fs::recursive_directory_iterator walk(source, failed);
  if (failed) return io::errno_error(failed.value(), "read the workdir " + source.string());
  while (walk != fs::recursive_directory_iterator()) {
    const fs::path to = target / walk->path().lexically_relative(source);
    // A work folder may hold the scratch folder: that is not copied into itself.
    if (walk->path() == target.parent_path()) {
      walk.disable_recursion_pending();
    } else {
      TW_RETURN_IF_ERROR(copy_entry(*walk, to));
    }
    walk.increment(failed);
    if (failed) return io::errno_error(failed.value(), "read the workdir " + source.string());
  }
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
  if (!spec.workdir.empty()) TW_RETURN_IF_ERROR(copy_folder(spec.workdir, workspace.work));
  if (!workspace.checkpoint.empty()) TW_RETURN_IF_ERROR(io::make_folders(workspace.checkpoint));
  return io::append_file(workspace.progress, "");
}

}  // namespace tradewind::agent
