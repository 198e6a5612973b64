#include "app/agent/data_targets.h"

#include <algorithm>
#include <system_error>

#include "base/reversed.h"
#include "edge/data/place.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;

bool is_link(const fs::path& path) {
  std::error_code failed;
  return fs::is_symlink(fs::symlink_status(path, failed));
}

// Of a job that was killed: the link hangs, and leads to where only we place things.
bool was_left_behind(const fs::path& path) {
  std::error_code failed;
  if (!is_link(path) || fs::exists(path, failed)) return false;
  const fs::path leads_to = fs::read_symlink(path, failed);
  return !failed && std::find(leads_to.begin(), leads_to.end(), fs::path(placed_folder)) != leads_to.end();
}

Error target_error(const fs::path& target, const std::error_code& failed) {
  Error error = io::errno_error(failed.value(), "make the data's target " + target.string());
  error.hint = "use a target in the work folder instead, such as '" + target.filename().string() + "'";
  return error;
}

}  // namespace

Status DataTargets::check_way(const fs::path& work, const fs::path& relative) {
  fs::path on_the_way = work;
  for (const fs::path& part : relative) {
    on_the_way /= part;
    if (!is_link(on_the_way)) continue;
    return Error{Code::invalid_argument,
                 "the target '" + relative.string() + "' leads through the link '" +
                     on_the_way.lexically_relative(work).string() + "' of the workdir",
                 "give the data a target that is no link in the workdir"};
  }
  return {};
}

Status DataTargets::lay_into(const fs::path& work, const fs::path& relative, const fs::path& made) {
  TW_RETURN_IF_ERROR(check_way(work, relative));
  return data::lay_over(made, work / relative);
}

Status DataTargets::make_folders(const fs::path& folder) {
  if (folder.empty() || io::path_exists(folder)) return {};
  TW_RETURN_IF_ERROR(make_folders(folder.parent_path()));
  std::error_code failed;
  if (fs::create_directory(folder, failed)) folders_.push_back(folder);
  return failed ? Status(target_error(folder, failed)) : Status();
}

Status DataTargets::link(const fs::path& target, const fs::path& made) {
  std::error_code failed;
  if (was_left_behind(target)) fs::remove(target, failed);
  if (io::path_exists(target)) {
    return Error{Code::conflict,
                 "there is something at the data's target " + target.string() +
                     " on this machine, which is not overwritten",
                 "use a target in the work folder instead, such as '" + target.filename().string() + "'"};
  }
  TW_RETURN_IF_ERROR(make_folders(target.parent_path()));
  fs::create_symlink(made, target, failed);
  if (failed) return target_error(target, failed);
  links_.push_back({target, made});
  return {};
}

void DataTargets::release() {
  std::error_code failed;
  for (const Link& each : links_) {
    if (is_link(each.target) && fs::read_symlink(each.target, failed) == each.made) {
      fs::remove(each.target, failed);
    }
  }
  links_.clear();
  for (const fs::path& folder : reversed(folders_)) fs::remove(folder, failed);  // not where it is in use
  folders_.clear();
}

}  // namespace tradewind::agent
