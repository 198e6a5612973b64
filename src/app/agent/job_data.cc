#include "app/agent/job_data.h"

#include "app/agent/copy_tree.h"
#include "base/text.h"
#include "edge/data/cache.h"
#include "edge/data/checkpoint_source.h"
#include "edge/data/place.h"
#include "edge/data/source.h"
#include "edge/io/files.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;
using data::Brought;
using data::DataCache;
using data::Source;

constexpr int damaged_cache_tries_max = 3;

Error about(const std::string& what, const Error& error) {
  return {error.code, what + ": " + error.message, error.hint};
}

void add(DataReport& sum, DataReport more) {
  sum.bytes_moved += more.bytes_moved;
  sum.bytes_reused += more.bytes_reused;
  for (std::string& line : more.lines) sum.lines.push_back(std::move(line));
}

std::string line_of(const std::string& what, const std::string& source, const std::string& objects,
                    const DataReport& report) {
  return what + ": " + objects + " from " + source + ", " + format_bytes(report.bytes_moved) + " moved, " +
         format_bytes(report.bytes_reused) + " reused";
}

}  // namespace

bool has_data(const JobSpec& spec) {
  return !spec.file_mounts.empty() || !spec.inputs.empty();
}

Result<DataReport> JobData::fetch(const One& one, const std::function<bool()>& cancelled) {
  TW_ASSIGN_OR_RETURN(const Source source, Source::open(one.source, parts_.helpers));
  TW_ASSIGN_OR_RETURN(const DataCache cache, DataCache::open(parts_.cache));
  TW_RETURN_IF_ERROR(io::remove_tree(one.made));
  DataReport report;
  TW_ASSIGN_OR_RETURN(const bool is_checkpoint, source.holds_checkpoints());
  if (is_checkpoint) {
    TW_ASSIGN_OR_RETURN(const checkpoint::TransferCount count, data::restore_newest(source, cache, one.made));
    report.bytes_moved = count.bytes_moved;
    report.bytes_reused = count.bytes_reused;
    report.lines.push_back(line_of(one.what, one.source, "the newest checkpoint", report));
    return report;
  }
  const data::Access access = one.read_only ? data::Access::read_only : data::Access::writable;
  for (int tries = 1;; ++tries) {
    TW_ASSIGN_OR_RETURN(const Brought brought, data::bring(source, cache, cancelled));
    report.bytes_moved += brought.bytes_moved;
    report.bytes_reused = brought.bytes_reused;
    const Status placed = data::place(brought, one.source, cache, one.made, access);
    if (placed.ok()) {
      report.lines.push_back(
          line_of(one.what, one.source, count_text(brought.objects.size(), "object"), report));
      return report;
    }
    if (placed.error().code != Code::corrupt || tries == damaged_cache_tries_max) return placed.error();
    TW_RETURN_IF_ERROR(io::remove_tree(one.made));
  }
}

Result<DataReport> JobData::mount_source(const One& one) {
  TW_RETURN_IF_ERROR(datamount::can_mount());
  TW_ASSIGN_OR_RETURN(Source source, Source::open(one.source, parts_.helpers));
  TW_ASSIGN_OR_RETURN(const bool is_checkpoint, source.holds_checkpoints());
  if (is_checkpoint) {
    return Error{Code::invalid_argument, one.source + " is a store of checkpoints, which cannot be mounted",
                 "write mode: COPY, which brings the newest of them"};
  }
  TW_ASSIGN_OR_RETURN(
      std::unique_ptr<datamount::Mount> mount,
      datamount::mount({std::move(source), one.made, parts_.cache / "blocks", 0, parts_.say}));
  DataReport report;
  report.lines.push_back(one.what + ": " + count_text(mount->files(), "object") + " of " + one.source +
                         " mounted, " + format_bytes(mount->bytes()));
  const std::lock_guard lock(mutex_);
  if (released_) return Error{Code::cancelled, "the job is leaving"};
  mounts_.push_back({one.what, one.source, std::move(mount)});
  return report;
}

// `is_moved`: it may be moved to where the program looks, rather than linked.
Status JobData::put_at(const std::string& target, const fs::path& made, bool is_moved,
                       const Workspace& workspace) {
  TW_ASSIGN_OR_RETURN(const std::string normal, normal_target(target));
  const std::lock_guard lock(mutex_);
  if (released_) return Error{Code::cancelled, "the job is leaving"};
  if (normal.front() == '~') {
    if (parts_.home_dir.empty()) {
      return Error{Code::invalid_argument, "'~' stands for no folder on this machine, which has no HOME",
                   "use a target in the work folder"};
    }
    return targets_.link(parts_.home_dir / normal.substr(2), made);
  }
  if (normal.front() == '/') return targets_.link(normal, made);
  if (is_moved) return DataTargets::lay_into(workspace.work, normal, made);
  TW_RETURN_IF_ERROR(DataTargets::check_way(workspace.work, normal));
  return targets_.link(workspace.work / normal, made);
}

Result<DataReport> JobData::bring_mount(const std::string& target, const FileMount& mount,
                                        const fs::path& made, const Workspace& workspace,
                                        const std::function<bool()>& cancelled) {
  const std::string what = "file_mounts." + target;
  DataReport report;
  if (!is_url(mount.source)) {
    TW_RETURN_IF_ERROR(io::remove_tree(made));
    const Status copied = copy_tree(mount.source, made, workspace.scratch);
    if (!copied.ok()) return about(what, copied.error());
    report.lines.push_back(what + ": a copy of " + mount.source);
  } else {
    const One one{what, mount.source, made, false};
    Result<DataReport> fetched = mount.mode == MountMode::mount ? mount_source(one) : fetch(one, cancelled);
    if (!fetched.ok()) return about(what, fetched.error());
    report = *std::move(fetched);
  }
  const Status put = put_at(target, made, mount.mode == MountMode::copy, workspace);
  if (!put.ok()) return about(what, put.error());
  return report;
}

Result<DataReport> JobData::bring(const JobSpec& spec, const Workspace& workspace,
                                  const std::function<bool()>& cancelled) {
  {
    const std::lock_guard lock(mutex_);
    targets_.release();  // of a try that failed
    mounts_.clear();
  }
  datamount::detach_stale("/");
  DataReport sum;
  int number = 0;
  for (const auto& [target, mount] : spec.file_mounts) {
    const fs::path made = workspace.placed / std::to_string(number++);
    TW_ASSIGN_OR_RETURN(DataReport report, bring_mount(target, mount, made, workspace, cancelled));
    add(sum, std::move(report));
  }
  for (const auto& [name, input] : spec.inputs) {
    const std::string what = "inputs." + name;
    Result<DataReport> fetched = fetch({what, input.source, workspace.inputs / name, true}, cancelled);
    if (!fetched.ok()) return about(what, fetched.error());
    add(sum, *std::move(fetched));
  }
  return sum;
}

DataReport JobData::prefetch(const JobSpec& spec, const std::function<bool()>& cancelled) {
  DataReport sum;
  std::vector<std::string> sources;
  for (const auto& [target, mount] : spec.file_mounts) {
    if (is_url(mount.source) && mount.mode == MountMode::copy) sources.push_back(mount.source);
  }
  for (const auto& [name, input] : spec.inputs) sources.push_back(input.source);
  const Result<DataCache> cache = DataCache::open(parts_.cache);
  for (const std::string& url : sources) {
    if (!cache.ok() || cancelled()) break;
    const Result<Source> source = Source::open(url, parts_.helpers);
    if (!source.ok() || source->holds_checkpoints().value_or(true)) continue;
    const Result<Brought> brought = data::bring(*source, *cache, cancelled);
    if (brought.ok()) sum.bytes_moved += brought->bytes_moved;
  }
  return sum;
}

std::vector<std::string> JobData::release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  targets_.release();
  std::vector<std::string> lines;
  for (const Mounted& each : mounts_) {
    const datamount::BlockCount count = each.mount->count();
    lines.push_back(each.what + ": of " + each.source + ", " + format_bytes(count.bytes_moved) + " moved, " +
                    format_bytes(count.bytes_reused) + " reused");
  }
  mounts_.clear();
  return lines;
}

}  // namespace tradewind::agent
