#include "app/agent/workspace.h"

#include <algorithm>

#include "app/agent/copy_tree.h"
#include "app/agent/data_targets.h"
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

}  // namespace

Result<Workspace> plan_workspace(const fs::path& scratch, const JobSpec& spec) {
  Workspace workspace{
      scratch,          scratch / "work",   scratch / "outputs",     scratch / "progress.jsonl",
      scratch / "held", scratch / "inputs", scratch / placed_folder, {}};
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
