#include "edge/data/fetch_outputs.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "edge/checkpoint/digest.h"
#include "edge/checkpoint/parallel.h"
#include "edge/data/file_hash.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"
#include "edge/io/unique_fd.h"
#include "edge/objectstore/posix_file.h"

namespace tradewind::data {
namespace {

namespace fs = std::filesystem;

enum class Found { nothing, the_same, another, no_file };

Result<Found> what_lies_at(const fs::path& target, const KeptFile& file) {
  struct stat found = {};
  if (::lstat(target.c_str(), &found) != 0) {
    if (errno == ENOENT) return Found::nothing;
    return io::errno_error(errno, "look at " + target.string());
  }
  if (!S_ISREG(found.st_mode)) return Found::no_file;
  if (file.sha256.empty() || static_cast<std::uint64_t>(found.st_size) != file.size_bytes) {
    return Found::another;
  }
  TW_ASSIGN_OR_RETURN(const std::string digest, sha256_of_file(target));
  return digest == file.sha256 ? Found::the_same : Found::another;
}

// The files that have to come. Looked at before any does: either all may, or none.
Result<std::vector<KeptFile>> missing_of(const FetchRequest& request) {
  std::vector<KeptFile> missing;
  for (const KeptFile& file : request.files) {
    const fs::path target = request.folder / file.path;
    TW_ASSIGN_OR_RETURN(const Found found, what_lies_at(target, file));
    if (found == Found::no_file) {
      return Error{Code::conflict, target.string() + " is there, and is no file",
                   "say another folder, or move it away"};
    }
    if (found == Found::another && !request.overwrite) {
      return Error{Code::conflict, target.string() + " is there, and is not what the job has kept",
                   "say another folder, or --overwrite"};
    }
    if (found != Found::the_same) missing.push_back(file);
  }
  return missing;
}

// A file on its way, under another name until it is whole.
class Arriving {
 public:
  // REQUIRES: all of it outlives this.
  Arriving(objectstore::ObjectStore& store, const std::string& job_prefix, const KeptFile& file,
           const fs::path& target, const std::function<void(std::uint64_t)>& on_bytes)
      : store_(store),
        job_prefix_(job_prefix),
        file_(file),
        target_(target),
        part_(target.parent_path() / ("." + target.filename().string() + ".tradewind-part")),
        on_bytes_(on_bytes) {}

  Status bring() {
    TW_RETURN_IF_ERROR(io::make_folders(target_.parent_path()));
    TW_RETURN_IF_ERROR(open());
    // Without a digest nothing would tell whether what is there belongs to this file.
    TW_ASSIGN_OR_RETURN(const std::size_t had, file_.sha256.empty() ? Result<std::size_t>(0) : parts_there());
    Status whole = take_from(had);
    if (!whole.ok() && whole.error().code == Code::corrupt && had > 0) whole = take_from(0);
    if (!whole.ok()) {
      if (whole.error().code == Code::corrupt) ::unlink(part_.c_str());
      return whole;
    }
    return finish();
  }

 private:
  Status open() {
    fd_ = io::UniqueFd(::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd_.valid()) return io::errno_error(errno, "write " + part_.string());
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0) return {};
    if (errno != EWOULDBLOCK) return io::errno_error(errno, "lock " + part_.string());
    return Error{Code::conflict, "another program is bringing " + target_.string(), "wait for it"};
  }

  Result<std::size_t> parts_there() const {
    struct stat found = {};
    if (::fstat(fd_.get(), &found) != 0) return io::errno_error(errno, "look at " + part_.string());
    const std::size_t whole = static_cast<std::size_t>(found.st_size) / kept_part_bytes;
    return std::min(whole, file_.parts.size());
  }

  Status take_from(std::size_t first) {
    if (::ftruncate(fd_.get(), static_cast<off_t>(first * kept_part_bytes)) != 0) {
      return io::errno_error(errno, "write " + part_.string());
    }
    checkpoint::Sha256 hash;
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < file_.parts.size(); ++i) {
      TW_ASSIGN_OR_RETURN(const std::string bytes, i < first ? read_back(i) : take(i));
      hash.update(bytes);
      size += bytes.size();
      on_bytes_(bytes.size());
    }
    const bool equal = file_.sha256.empty() || hash.hex() == file_.sha256;
    if (size == file_.size_bytes && equal) return {};
    return Error{Code::corrupt, "'" + file_.path + "' in " + store_.url() + " is not what the job has kept"};
  }

  Result<std::string> read_back(std::size_t number) const {
    std::string bytes;
    const int failed = objectstore::read_at(fd_.get(), static_cast<std::uint64_t>(number) * kept_part_bytes,
                                            kept_part_bytes, bytes);
    if (failed != 0) return io::errno_error(failed, "read " + part_.string());
    return bytes;
  }

  Result<std::string> take(std::size_t number) {
    Result<std::string> bytes = store_.get(job_prefix_ + file_.parts[number]);
    if (!bytes.ok() && bytes.error().code == Code::not_found) {
      return Error{Code::corrupt, "a part of '" + file_.path + "' is missing: " + bytes.error().message};
    }
    if (!bytes.ok()) return bytes;
    const int failed =
        objectstore::write_all_at(fd_.get(), *bytes, static_cast<std::uint64_t>(number) * kept_part_bytes);
    if (failed != 0) return io::errno_error(failed, "write " + part_.string());
    return bytes;
  }

  Status finish() {
    if (::fchmod(fd_.get(), static_cast<mode_t>(file_.mode & 0777U)) != 0 ||
        ::rename(part_.c_str(), target_.c_str()) != 0) {
      return io::errno_error(errno, "write " + target_.string());
    }
    return {};
  }

  objectstore::ObjectStore& store_;
  const std::string& job_prefix_;
  const KeptFile& file_;
  const fs::path& target_;
  const fs::path part_;
  const std::function<void(std::uint64_t)>& on_bytes_;
  io::UniqueFd fd_;
};

}  // namespace

Result<std::vector<KeptFile>> read_kept_outputs(objectstore::ObjectStore& store,
                                                const std::string& job_prefix) {
  const Result<std::string> text = store.get(job_prefix + "outputs.json");
  if (!text.ok()) return text.error();
  const std::string name = "outputs.json in " + store.url();
  const Result<json::value> value = parse_json(*text);
  if (!value.ok()) return Error{Code::corrupt, name + ": " + value.error().message};
  return kept_files_from_json(*value, name);
}

Result<Fetched> fetch_outputs(objectstore::ObjectStore& store, const std::string& job_prefix,
                              const FetchRequest& request) {
  TW_ASSIGN_OR_RETURN(const std::vector<KeptFile> missing, missing_of(request));
  TW_RETURN_IF_ERROR(io::make_folders(request.folder));
  TW_RETURN_IF_ERROR(checkpoint::for_each_parallel(
      missing.size(),
      [&](std::size_t i) { return std::min<std::uint64_t>(missing[i].size_bytes, kept_part_bytes); },
      [&](std::size_t i) {
        const fs::path target = request.folder / missing[i].path;
        return Arriving(store, job_prefix, missing[i], target, request.on_bytes).bring();
      }));
  Fetched fetched{missing.size(), 0, request.files.size() - missing.size()};
  for (const KeptFile& file : missing) fetched.bytes += file.size_bytes;
  return fetched;
}

}  // namespace tradewind::data
