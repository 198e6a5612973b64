#include "edge/checkpoint/package.h"

#include <optional>
#include <vector>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/history.h"
#include "edge/io/files.h"

namespace tradewind::checkpoint {
namespace {

using std::filesystem::path;

// A path of the task: its number in the package, and where the task says it.
struct Part {
  std::string name;
  std::string* said;  // of the task
};

std::vector<Part> parts_of(JobSpec& spec) {
  std::vector<Part> parts;
  if (!spec.workdir.empty()) parts.push_back({"workdir", &spec.workdir});
  int number = 0;
  for (auto& [target, mount] : spec.file_mounts) {
    if (!is_url(mount.source)) parts.push_back({"mount-" + std::to_string(number++), &mount.source});
  }
  return parts;
}

// Of a folder, or of a file alone: whoever unpacks it must know which it was.
ChunkPlace place_of(const Part& part, bool is_file, objectstore::ObjectStore& home,
                    const std::string& job_prefix) {
  ChunkPlace place;
  place.home = &home;
  place.job_prefix = job_prefix + "package/" + part.name + (is_file ? "-file/" : "/");
  place.has_ledger = false;
  return place;
}

// A folder that holds the one file: checkpoints are of folders.
Result<io::TempDir> folder_around(const path& file) {
  TW_ASSIGN_OR_RETURN(io::TempDir folder, io::TempDir::make("tradewind-package-"));
  std::error_code problem;
  std::filesystem::copy_file(file, folder.path() / file.filename(), problem);
  if (!problem) return folder;
  return Error{Code::unavailable, "cannot copy " + file.string() + ": " + problem.message()};
}

Status pack_part(const Part& part, objectstore::ObjectStore& home, const std::string& job_prefix, Time now) {
  const path source = *part.said;
  std::error_code problem;
  const std::filesystem::file_status status = std::filesystem::status(source, problem);
  const bool is_file = std::filesystem::is_regular_file(status);
  const ChunkPlace place = place_of(part, is_file, home, job_prefix);
  TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> there, committed_checkpoints(place));
  if (!there.empty()) return {};
  if (!std::filesystem::exists(status)) {
    return Error{Code::invalid_argument,
                 "there is no " + source.string() + " on this machine, which the task names",
                 "a task's paths are those of the machine that it was submitted from"};
  }
  SaveRequest request;
  request.folder = source;
  request.now = now;
  request.shown = source.string();
  std::optional<io::TempDir> around;
  if (is_file) {
    TW_ASSIGN_OR_RETURN(io::TempDir made, folder_around(source));
    around.emplace(std::move(made));
    request.folder = around->path();
  }
  TW_ASSIGN_OR_RETURN([[maybe_unused]] const Saved saved, save(request, place));
  return {};
}

// Where it lies then.
Result<path> unpack_part(const Part& part, objectstore::ObjectStore& home, const std::string& job_prefix,
                         const path& folder) {
  for (const bool is_file : {false, true}) {
    const ChunkPlace place = place_of(part, is_file, home, job_prefix);
    TW_ASSIGN_OR_RETURN(const std::vector<ManifestId> there, committed_checkpoints(place));
    if (there.empty()) continue;
    TW_ASSIGN_OR_RETURN([[maybe_unused]] const Restored restored,
                        restore(place, {there.back(), folder / part.name}));
    return is_file ? folder / part.name / path(*part.said).filename() : folder / part.name;
  }
  return Error{Code::corrupt, "the job's store has no copy of " + *part.said + ", which the task names"};
}

}  // namespace

bool needs_package(const JobSpec& spec) {
  JobSpec copy = spec;
  return !parts_of(copy).empty();
}

Status pack(const JobSpec& spec, objectstore::ObjectStore& home, const std::string& job_prefix, Time now) {
  JobSpec copy = spec;
  for (const Part& part : parts_of(copy)) {
    TW_RETURN_IF_ERROR(pack_part(part, home, job_prefix, now));
  }
  return {};
}

Status unpack(JobSpec& spec, objectstore::ObjectStore& home, const std::string& job_prefix,
              const path& folder) {
  TW_RETURN_IF_ERROR(io::make_folders(folder, 0700));
  for (const Part& part : parts_of(spec)) {
    TW_ASSIGN_OR_RETURN(const path there, unpack_part(part, home, job_prefix, folder));
    *part.said = there.string();
  }
  return {};
}

}  // namespace tradewind::checkpoint
