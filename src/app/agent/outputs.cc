#include "app/agent/outputs.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <system_error>

#include "base/text.h"
#include "core/model/json.h"
#include "core/model/kept_outputs.h"
#include "edge/checkpoint/digest.h"
#include "edge/io/errno_error.h"
#include "edge/io/unique_fd.h"
#include "edge/objectstore/posix_file.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t names_in_note_max = 5;

struct Output {
  std::string name;  // as the user will find it
  fs::path file;
};

bool lies_within(const fs::path& file, const fs::path& folder) {
  std::error_code failed;
  const fs::path real_file = fs::canonical(file, failed);
  if (failed) return false;
  const fs::path real_folder = fs::canonical(folder, failed);
  if (failed) return false;
  const fs::path relative = real_file.lexically_relative(real_folder);
  return !relative.empty() && *relative.begin() != "..";
}

void collect(const fs::path& root, const fs::path& start, const Workspace& workspace,
             std::map<std::string, fs::path>& found) {
  std::error_code failed;
  const auto add = [&](const fs::path& file) {
    std::error_code ignored;
    if (fs::is_regular_file(file, ignored) && lies_within(file, workspace.scratch)) {
      found[file.lexically_relative(root).generic_string()] = file;
    }
  };
  if (!fs::is_directory(start, failed)) return add(start);
  for (fs::recursive_directory_iterator walk(start, failed), end; !failed && walk != end;
       walk.increment(failed)) {
    add(walk->path());
  }
}

// Reads up to one part; fewer bytes at the end of the file.
Result<std::string> read_part(int fd, std::uint64_t offset, const fs::path& file) {
  std::string part;
  const int failed = objectstore::read_at(fd, offset, kept_part_bytes, part);
  if (failed != 0) return io::errno_error(failed, "read the output " + file.string());
  return part;
}

Result<KeptFile> keep_file(objectstore::ObjectStore& store, const std::string& job_prefix,
                           const std::string& name, const fs::path& file) {
  const io::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat found = {};
  if (!fd.valid() || ::fstat(fd.get(), &found) != 0)
    return io::errno_error(errno, "read the output " + file.string());
  KeptFile kept{name, 0, static_cast<std::uint32_t>(found.st_mode & 07777U), {}, {}};
  checkpoint::Sha256 hash;
  for (int number = 1;; ++number) {
    TW_ASSIGN_OR_RETURN(const std::string part, read_part(fd.get(), kept.size_bytes, file));
    if (part.empty() && number > 1) break;
    char suffix[16];
    std::snprintf(suffix, sizeof suffix, ".%04d", number);
    const std::string key = "outputs/" + encode_output_path(name) + suffix;
    TW_RETURN_IF_ERROR(store.put(job_prefix + key, part, objectstore::PutCondition::always));
    kept.parts.push_back(key);
    hash.update(part);
    kept.size_bytes += part.size();
    if (part.size() < kept_part_bytes) break;
  }
  kept.sha256 = hash.hex();
  return kept;
}

std::string note_of(const std::vector<std::string>& missing) {
  if (missing.empty()) return {};
  const std::size_t named = std::min(missing.size(), names_in_note_max);
  std::string note = "outputs not kept: " + join(std::span(missing).first(named), ", ");
  if (named < missing.size()) note += " and " + std::to_string(missing.size() - named) + " more";
  return note;
}

}  // namespace

std::map<std::string, fs::path> files_of_output(const Workspace& workspace, const std::string& path) {
  std::map<std::string, fs::path> found;
  for (const fs::path& root : {workspace.work, workspace.outputs}) {
    fs::path start = (root / path).lexically_normal();
    if (!start.has_filename()) start = start.parent_path();
    if (!found.empty() || !lies_within(start, root)) continue;
    std::error_code failed;
    const bool is_file = fs::is_regular_file(start, failed);
    collect(is_file ? start.parent_path() : start, start, workspace, found);
    if (is_file && !found.empty()) found = {{"", found.begin()->second}};
  }
  return found;
}

std::string encode_output_path(std::string_view path) {
  std::string key;
  for (const char letter : path) {
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                       (letter >= '0' && letter <= '9') || letter == '.' || letter == '-' || letter == '/';
    if (plain) {
      key += letter;
    } else {
      char code[4];
      std::snprintf(code, sizeof code, "_%02X", static_cast<unsigned>(static_cast<unsigned char>(letter)));
      key += code;
    }
  }
  return key;
}

Result<std::string> keep_outputs(objectstore::ObjectStore& store, const std::string& job_prefix,
                                 const Workspace& workspace, const std::vector<std::string>& paths) {
  std::map<std::string, fs::path> found;
  collect(workspace.outputs, workspace.outputs, workspace, found);
  std::vector<std::string> missing;
  for (const std::string& path : paths) {
    const fs::path start = (workspace.work / path).lexically_normal();
    std::error_code failed;
    if (!fs::exists(start, failed) || !lies_within(start, workspace.work)) {
      missing.push_back(path);
    } else {
      collect(workspace.work, start, workspace, found);
    }
  }
  std::vector<KeptFile> files;
  for (const auto& [name, file] : found) {
    Result<KeptFile> kept = keep_file(store, job_prefix, name, file);
    if (kept.ok()) {
      files.push_back(*std::move(kept));
    } else if (kept.error().code == Code::unavailable || kept.error().code == Code::rate_limited) {
      return kept.error();
    } else {
      missing.push_back(name);
    }
  }
  if (!files.empty()) {
    TW_RETURN_IF_ERROR(
        store.put(job_prefix + "outputs.json", to_pretty(to_json(files)), objectstore::PutCondition::always));
  }
  return note_of(missing);
}

}  // namespace tradewind::agent
