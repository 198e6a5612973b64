#include "edge/data/bring.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <map>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/parallel.h"
#include "edge/data/file_hash.h"
#include "edge/io/errno_error.h"
#include "edge/io/unique_fd.h"
#include "edge/objectstore/posix_file.h"

namespace tradewind::data {
namespace {

namespace fs = std::filesystem;

constexpr int looks_max = 3;  // at a source that changes

std::uint64_t blocks_of(const SourceObject& object) {
  return (object.size_bytes + block_bytes - 1) / block_bytes;
}

struct Block {
  const SourceObject* object;
  std::uint64_t number;
  std::uint64_t offset() const { return number * block_bytes; }
  std::uint64_t size() const { return std::min(block_bytes, object->size_bytes - offset()); }
};

Error changed(const Source& source, const std::string& key) {
  return {Code::conflict, "the object '" + key + "' of " + source.url() + " changes while it is brought",
          "wait until it has been written, then run the job again"};
}

// One transfer of what the cache lacks.
class Transfer {
 public:
  Transfer(const Source& source, const DataCache& cache, const std::function<bool()>& cancelled)
      : source_(source), cache_(cache), cancelled_(cancelled) {}

  // Into partial files. conflict: an object is no longer what was listed.
  Status fetch(const std::vector<const SourceObject*>& missing) {
    std::vector<Block> blocks;
    for (const SourceObject* object : missing) {
      TW_RETURN_IF_ERROR(prepare(*object));
      const std::string name = name_of(*object);
      const std::map<std::uint64_t, std::string> done = done_blocks(name);
      for (std::uint64_t number = 0; number < blocks_of(*object); ++number) {
        const Block block{object, number};
        const auto digest = done.find(number);
        if (digest == done.end() || !is_here(name, block, digest->second)) blocks.push_back(block);
      }
    }
    return checkpoint::for_each_parallel(
        blocks.size(), [&](std::size_t i) { return blocks[i].size(); },
        [&](std::size_t i) { return fetch_block(blocks[i]); });
  }

  Status admit(const SourceObject& object) {
    TW_ASSIGN_OR_RETURN(const std::string digest, sha256_of_file(cache_.partial(name_of(object))));
    return cache_.admit(source_.url(), object, digest);
  }

  std::uint64_t bytes_moved() const { return bytes_moved_; }

 private:
  std::string name_of(const SourceObject& object) const { return DataCache::name_of(source_.url(), object); }

  Status prepare(const SourceObject& object) {
    const fs::path file = cache_.partial(name_of(object));
    const io::UniqueFd opened(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!opened.valid() || ::ftruncate(opened.get(), static_cast<off_t>(object.size_bytes)) != 0) {
      return io::errno_error(errno, "write " + file.string());
    }
    return {};
  }

  // What a cut try said it had; each is proved before it is believed.
  std::map<std::uint64_t, std::string> done_blocks(const std::string& name) const {
    std::map<std::uint64_t, std::string> done;
    const Result<std::string> text = io::read_file(cache_.done(name));
    if (!text.ok()) return done;
    for (const std::string& line : split(*text, '\n')) {
      const std::size_t space = line.find(' ');
      if (space == std::string::npos || space > 18 || line.find_first_not_of("0123456789") != space) continue;
      done[std::stoull(line.substr(0, space))] = line.substr(space + 1);
    }
    return done;
  }

  bool is_here(const std::string& name, const Block& block, const std::string& digest) const {
    const io::UniqueFd opened(::open(cache_.partial(name).c_str(), O_RDONLY | O_CLOEXEC));
    std::string bytes;
    return opened.valid() && objectstore::read_at(opened.get(), block.offset(), block.size(), bytes) == 0 &&
           bytes.size() == block.size() && checkpoint::sha256_hex(bytes) == digest;
  }

  Status fetch_block(const Block& block) {
    if (cancelled_()) return Error{Code::cancelled, "bringing " + source_.url() + " was stopped"};
    const std::string& key = block.object->key;
    const Result<std::string> bytes = source_.store().get(key, {block.offset(), block.size()});
    if (!bytes.ok() && bytes.error().code == Code::not_found) return changed(source_, key);
    if (!bytes.ok()) return bytes.error();
    if (bytes->size() != block.size()) return changed(source_, key);
    const std::string name = name_of(*block.object);
    const io::UniqueFd opened(::open(cache_.partial(name).c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!opened.valid()) return io::errno_error(errno, "write " + cache_.partial(name).string());
    const int failed = objectstore::write_all_at(opened.get(), *bytes, block.offset());
    if (failed != 0) return io::errno_error(failed, "write " + cache_.partial(name).string());
    bytes_moved_ += bytes->size();
    return io::append_file(cache_.done(name),
                           std::to_string(block.number) + " " + checkpoint::sha256_hex(*bytes) + "\n", 0600);
  }

  const Source& source_;
  const DataCache& cache_;
  const std::function<bool()>& cancelled_;
  std::atomic<std::uint64_t> bytes_moved_{0};
};

std::vector<const SourceObject*> missing_of(const std::vector<SourceObject>& objects, const Source& source,
                                            const DataCache& cache) {
  std::vector<const SourceObject*> missing;
  for (const SourceObject& object : objects) {
    if (!cache.find(source.url(), object)) missing.push_back(&object);
  }
  return missing;
}

std::uint64_t bytes_of(const std::vector<const SourceObject*>& objects) {
  std::uint64_t bytes = 0;
  for (const SourceObject* object : objects) bytes += object->size_bytes;
  return bytes;
}

// Only what is still there as it was listed may be taken for what it is called.
Status admit_unchanged(Transfer& transfer, const std::vector<const SourceObject*>& fetched,
                       const std::vector<SourceObject>& now, const Source& source, const DataCache& cache) {
  std::map<std::string_view, const SourceObject*> by_key;
  for (const SourceObject& object : now) by_key[object.key] = &object;
  std::optional<std::string> other;
  std::vector<const SourceObject*> whole;
  for (const SourceObject* object : fetched) {
    const auto found = by_key.find(object->key);
    if (found != by_key.end() && *found->second == *object) {
      whole.push_back(object);
      continue;
    }
    cache.drop(source.url(), *object);
    other = object->key;
  }
  TW_RETURN_IF_ERROR(checkpoint::for_each_parallel(
      whole.size(), [](std::size_t) { return std::uint64_t{1} << 20; },
      [&](std::size_t i) { return transfer.admit(*whole[i]); }));
  return other ? Status(changed(source, *other)) : Status();
}

}  // namespace

Result<Brought> bring(const Source& source, const DataCache& cache, const std::function<bool()>& cancelled) {
  TW_ASSIGN_OR_RETURN(const io::FileLock lock, cache.lock_source(source.url(), cancelled));
  TW_ASSIGN_OR_RETURN(std::vector<SourceObject> objects, source.list());
  Brought brought;
  for (int looks = 1;; ++looks) {
    const std::vector<const SourceObject*> missing = missing_of(objects, source, cache);
    if (missing.empty()) break;
    TW_RETURN_IF_ERROR(cache.make_room(bytes_of(missing)));
    Transfer transfer(source, cache, cancelled);
    Status done = transfer.fetch(missing);
    brought.bytes_moved += transfer.bytes_moved();
    brought.objects_moved += missing.size();
    if (!done.ok() && done.error().code != Code::conflict) return done.error();
    TW_ASSIGN_OR_RETURN(std::vector<SourceObject> now, source.list());
    if (done.ok()) done = admit_unchanged(transfer, missing, now, source, cache);
    if (!done.ok() && (done.error().code != Code::conflict || looks == looks_max)) return done.error();
    objects = std::move(now);
  }
  std::uint64_t total = 0;
  for (const SourceObject& object : objects) total += object.size_bytes;
  brought.bytes_reused = total - std::min(total, brought.bytes_moved);
  brought.objects = std::move(objects);
  return brought;
}

}  // namespace tradewind::data
