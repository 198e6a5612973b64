#include "edge/data/place.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <set>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "edge/checkpoint/digest.h"
#include "edge/checkpoint/parallel.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"
#include "edge/io/unique_fd.h"
#include "edge/objectstore/posix_file.h"

namespace tradewind::data {
namespace {

namespace fs = std::filesystem;

// Small enough for the allocator to keep: of many small files each would else map and clear new memory.
constexpr std::size_t copy_bytes = std::size_t{128} << 10;

timespec time_of(Time time) {
  const std::int64_t ms = time.time_since_epoch().count();
  return {static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000 * 1'000'000)};
}

// Reads all of it, and writes it where no clone has it already.
Status prove(const CachedObject& cached, int from, int to, bool is_cloned, const fs::path& target) {
  checkpoint::Sha256 hash;
  std::vector<char> buffer(copy_bytes);
  while (true) {
    const ssize_t n = ::read(from, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io::errno_error(errno, "read " + cached.file.string());
    if (n == 0) break;
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(n));
    hash.update(piece);
    const int failed = is_cloned ? 0 : objectstore::write_all(to, piece);
    if (failed != 0) return io::errno_error(failed, "write " + target.string());
  }
  if (hash.hex() == cached.sha256) return {};
  return Error{Code::corrupt, "the cached bytes " + cached.file.string() + " are damaged"};
}

Status copy_object(const CachedObject& cached, const SourceObject& object, const fs::path& target,
                   Access access) {
  const io::UniqueFd from(::open(cached.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!from.valid()) return io::errno_error(errno, "read " + cached.file.string());
  const io::UniqueFd to(::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!to.valid()) return io::errno_error(errno, "write " + target.string());
  const bool is_cloned = ::ioctl(to.get(), FICLONE, from.get()) == 0;
  TW_RETURN_IF_ERROR(prove(cached, from.get(), to.get(), is_cloned, target));
  if (access == Access::read_only) ::fchmod(to.get(), 0444);
  const timespec times[2] = {time_of(object.modified_at), time_of(object.modified_at)};
  ::futimens(to.get(), times);
  return {};
}

Status make_parents(const Brought& brought, const fs::path& target, std::set<fs::path>& folders) {
  for (const SourceObject& object : brought.objects) {
    const fs::path relative(object.path);
    fs::path folder = target;
    folders.insert(folder);
    for (const fs::path& part : relative.parent_path()) folders.insert(folder /= part);
  }
  for (const fs::path& folder : folders) TW_RETURN_IF_ERROR(io::make_folders(folder));
  return {};
}

bool is_folder(const fs::path& path) {
  std::error_code failed;
  return fs::is_directory(fs::symlink_status(path, failed));
}

}  // namespace

Status place(const Brought& brought, const std::string& source, const DataCache& cache,
             const fs::path& target, Access access) {
  TW_RETURN_IF_ERROR(io::make_folders(target.parent_path()));
  const bool is_single = brought.objects.size() == 1 && brought.objects.front().path.empty();
  std::set<fs::path> folders;
  if (!is_single) TW_RETURN_IF_ERROR(make_parents(brought, target, folders));
  TW_RETURN_IF_ERROR(checkpoint::for_each_parallel(
      brought.objects.size(), [](std::size_t) { return std::uint64_t{copy_bytes}; },
      [&](std::size_t i) -> Status {
        const SourceObject& object = brought.objects[i];
        const std::optional<CachedObject> cached = cache.find(source, object);
        if (!cached) {
          return Error{Code::corrupt, "the cached bytes of '" + object.key + "' of " + source + " are gone"};
        }
        Status copied = copy_object(*cached, object, is_single ? target : target / object.path, access);
        if (!copied.ok() && copied.error().code == Code::corrupt) cache.drop(source, object);
        return copied;
      }));
  if (access == Access::read_only) {
    for (const fs::path& folder : folders) ::chmod(folder.c_str(), 0555);
  }
  return {};
}

Status lay_over(const fs::path& made, const fs::path& target) {
  TW_RETURN_IF_ERROR(io::make_folders(target.parent_path()));
  std::error_code failed;
  const bool is_there = io::path_exists(target);
  if (is_there && is_folder(made) != is_folder(target)) {
    return Error{Code::invalid_argument,
                 "'" + target.filename().string() +
                     "' is a file on one side and a folder on the other: " + target.string(),
                 "give the data a target of its own"};
  }
  if (!is_there || !is_folder(made)) {
    fs::rename(made, target, failed);
    if (failed) return io::errno_error(failed.value(), "move " + made.string() + " to " + target.string());
    return {};
  }
  std::vector<fs::path> entries;
  for (fs::directory_iterator entry(made, failed), end; !failed && entry != end; entry.increment(failed)) {
    entries.push_back(entry->path());
  }
  if (failed) return io::errno_error(failed.value(), "read " + made.string());
  for (const fs::path& entry : entries) TW_RETURN_IF_ERROR(lay_over(entry, target / entry.filename()));
  return {};
}

}  // namespace tradewind::data
