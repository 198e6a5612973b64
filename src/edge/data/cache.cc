#include "edge/data/cache.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/text.h"
#include "core/model/json.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/io/errno_error.h"

namespace tradewind::data {
namespace {

namespace fs = std::filesystem;

// Left to others on the same disk.
constexpr std::uint64_t reserve_bytes = std::uint64_t{256} << 20;
constexpr std::chrono::hours partial_age_max{7 * 24};
constexpr std::string_view proof_ending = ".proof";
constexpr std::chrono::milliseconds lock_pause{100};
constexpr int lock_tries = 600;

std::int64_t nanoseconds(const timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

Result<struct stat> look(const fs::path& file) {
  struct stat facts = {};
  if (::stat(file.c_str(), &facts) != 0) return io::errno_error(errno, "read " + file.string());
  return facts;
}

fs::path proof_of(const fs::path& file) {
  return fs::path(file.string() + std::string(proof_ending));
}

Status flush(const fs::path& file) {
  const io::UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened.valid() || ::fdatasync(opened.get()) != 0) {
    return io::errno_error(errno, "write " + file.string() + " to the disk");
  }
  return {};
}

struct OldFile {
  std::int64_t used_ns;
  std::uint64_t size_bytes;
  fs::path file;
};

bool is_proof(const fs::path& file) {
  return file.extension() == proof_ending;
}

// What can go, least recently used first: objects by their proofs, and below the other folders each file.
std::vector<OldFile> by_use(const fs::path& objects, const std::vector<fs::path>& others) {
  std::vector<OldFile> found;
  const auto add = [&found](const fs::path& used, const fs::path& file) {
    const Result<struct stat> use = look(used);
    const Result<struct stat> bytes = look(file);
    if (!use.ok() || !bytes.ok() || !S_ISREG(bytes->st_mode)) return;
    found.push_back({nanoseconds(use->st_mtim), static_cast<std::uint64_t>(bytes->st_size), file});
  };
  std::error_code failed;
  for (fs::recursive_directory_iterator walk(objects, failed), end; !failed && walk != end;
       walk.increment(failed)) {
    fs::path file = walk->path();
    if (is_proof(file)) add(walk->path(), file.replace_extension());
  }
  for (const fs::path& folder : others) {
    failed.clear();
    for (fs::recursive_directory_iterator walk(folder, failed), end; !failed && walk != end;
         walk.increment(failed)) {
      add(walk->path(), walk->path());
    }
  }
  std::sort(found.begin(), found.end(),
            [](const OldFile& left, const OldFile& right) { return left.used_ns < right.used_ns; });
  return found;
}

// What was begun and never ended: of objects that were written anew, or that nobody wants any more.
void remove_old_partials(const fs::path& folder) {
  std::error_code failed;
  const auto oldest = fs::file_time_type::clock::now() - partial_age_max;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    std::error_code gone;
    const auto written = fs::last_write_time(entry->path(), gone);
    if (!gone && written < oldest) fs::remove(entry->path(), gone);
  }
}

}  // namespace

Result<DataCache> DataCache::open(const fs::path& folder) {
  for (const char* part : {"objects", "partial", "sources"})
    TW_RETURN_IF_ERROR(io::make_folders(folder / part, 0700));
  io::UniqueFd lock(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid()) return io::errno_error(errno, "open the data cache " + folder.string());
  for (int tries = 0; ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0; ++tries) {
    if (tries == lock_tries) {
      return Error{Code::conflict,
                   "the data cache " + folder.string() + " is being cleaned by another process"};
    }
    std::this_thread::sleep_for(lock_pause);
  }
  remove_old_partials(folder / "partial");
  return DataCache(folder, std::move(lock));
}

std::string DataCache::name_of(const std::string& source, const SourceObject& object) {
  return checkpoint::sha256_hex(source + "\n" + object.key + "\n" + std::to_string(object.size_bytes) + "\n" +
                                format_utc(object.modified_at));
}

fs::path DataCache::file_of(const std::string& name) const {
  return folder_ / "objects" / name.substr(0, 2) / name;
}

std::optional<CachedObject> DataCache::find(const std::string& source, const SourceObject& object) const {
  const fs::path file = file_of(name_of(source, object));
  const Result<std::string> text = io::read_file(proof_of(file), 64 << 10);
  if (!text.ok()) return std::nullopt;
  const Result<json::value> value = parse_json(*text);
  if (!value.ok()) return std::nullopt;
  JsonReader reader(*value, "proof");
  CachedObject cached{file, reader.text("sha256"), static_cast<std::uint64_t>(reader.integer("size_bytes"))};
  const std::int64_t written_ns = reader.integer("written_ns");
  const Result<struct stat> facts = look(file);
  if (!reader.status().ok() || !facts.ok() || cached.size_bytes != object.size_bytes ||
      static_cast<std::uint64_t>(facts->st_size) != object.size_bytes ||
      nanoseconds(facts->st_mtim) != written_ns) {
    return std::nullopt;
  }
  ::utimensat(AT_FDCWD, proof_of(file).c_str(), nullptr, 0);
  return cached;
}

Status DataCache::admit(const std::string& source, const SourceObject& object,
                        const std::string& sha256) const {
  const std::string name = name_of(source, object);
  const fs::path file = file_of(name);
  TW_RETURN_IF_ERROR(io::make_folders(file.parent_path(), 0700));
  TW_RETURN_IF_ERROR(flush(partial(name)));
  std::error_code failed;
  fs::rename(partial(name), file, failed);
  if (failed)
    return io::errno_error(failed.value(), "move " + partial(name).string() + " to " + file.string());
  TW_ASSIGN_OR_RETURN(const struct stat facts, look(file));
  const json::value proof = json::object{{"source", source},
                                         {"key", object.key},
                                         {"size_bytes", object.size_bytes},
                                         {"modified_at", format_utc(object.modified_at)},
                                         {"sha256", sha256},
                                         {"written_ns", nanoseconds(facts.st_mtim)}};
  TW_RETURN_IF_ERROR(io::write_file_atomic(proof_of(file), to_pretty(proof), {0600, false}));
  fs::remove(done(name), failed);
  return {};
}

void DataCache::drop(const std::string& source, const SourceObject& object) const {
  const std::string name = name_of(source, object);
  std::error_code ignored;
  for (const fs::path& file : {proof_of(file_of(name)), file_of(name), done(name), partial(name)}) {
    fs::remove(file, ignored);
  }
}

Status DataCache::make_room(std::uint64_t bytes) const {
  TW_ASSIGN_OR_RETURN(std::uint64_t free, io::free_disk_bytes(folder_));
  const std::uint64_t wanted = bytes + reserve_bytes;
  if (bytes == 0 || free >= wanted) return {};
  const bool alone = ::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0;
  if (alone) {
    for (const OldFile& old : by_use(folder_ / "objects", {blocks(), chunks()})) {
      if (free >= wanted) break;
      std::error_code failed;
      fs::remove(proof_of(old.file), failed);  // first: what has no proof is not used
      fs::remove(old.file, failed);
      if (!failed) free += old.size_bytes;
    }
    TW_ASSIGN_OR_RETURN(free, io::free_disk_bytes(folder_));
  }
  // A failed try to have it alone may have cost what was held in common.
  while (::flock(lock_.get(), LOCK_SH) != 0 && errno == EINTR) {
  }
  if (free >= wanted) return {};
  return Error{Code::unavailable,
               "the data does not fit on the disk of " + folder_.string() + ": " + format_bytes(bytes) +
                   " are wanted, " + format_bytes(free) + " are free",
               alone ? "free some space there" : "free some space there; what other jobs use is not removed"};
}

Result<io::FileLock> DataCache::lock_source(const std::string& source,
                                            const std::function<bool()>& cancelled) const {
  const fs::path file = folder_ / "sources" / checkpoint::sha256_hex(source);
  while (true) {
    Result<io::FileLock> lock = io::FileLock::acquire(file, std::chrono::milliseconds(500));
    if (lock.ok() || lock.error().code != Code::conflict) return lock;
    if (cancelled()) return Error{Code::cancelled, "bringing " + source + " was stopped"};
  }
}

}  // namespace tradewind::data
