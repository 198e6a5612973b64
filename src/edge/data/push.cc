#include "edge/data/push.h"

#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <sys/mman.h>
#include <sys/stat.h>
#include <vector>

#include "edge/checkpoint/parallel.h"
#include "edge/data/file_hash.h"
#include "edge/io/errno_error.h"
#include "edge/io/unique_fd.h"

namespace tradewind::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t piece_bytes = std::uint64_t{8}
                                      << 20;  // what a store holds of an object that it sends

// A file's bytes without a copy of them: a large one is sent part by part from the disk.
class MappedFile {
 public:
  static Result<MappedFile> open(const fs::path& file) {
    const io::UniqueFd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat facts = {};
    if (!opened.valid() || ::fstat(opened.get(), &facts) != 0) {
      return io::errno_error(errno, "read " + file.string());
    }
    MappedFile mapped;
    mapped.size_ = static_cast<std::size_t>(facts.st_size);
    if (mapped.size_ == 0) return mapped;
    mapped.bytes_ = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_PRIVATE, opened.get(), 0);
    if (mapped.bytes_ == MAP_FAILED) return io::errno_error(errno, "read " + file.string());
    return mapped;
  }
  MappedFile(MappedFile&& other) noexcept
      : bytes_(std::exchange(other.bytes_, MAP_FAILED)), size_(std::exchange(other.size_, 0)) {}
  MappedFile& operator=(MappedFile&&) = delete;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() {
    if (bytes_ != MAP_FAILED) ::munmap(bytes_, size_);
  }
  std::string_view bytes() const {
    return size_ == 0 ? std::string_view() : std::string_view(static_cast<const char*>(bytes_), size_);
  }

 private:
  MappedFile() = default;
  void* bytes_ = MAP_FAILED;
  std::size_t size_ = 0;
};

class Push {
 public:
  Push(objectstore::ObjectStore& store, PutObjects& done, const std::function<bool()>& cancelled)
      : store_(store), cancelled_(cancelled), done_(done) {}

  Status put(const std::string& key, const fs::path& file) {
    if (cancelled_()) return Error{Code::cancelled, "copying to " + store_.url() + " was stopped"};
    TW_ASSIGN_OR_RETURN(const std::string digest, sha256_of_file(file));
    TW_ASSIGN_OR_RETURN(const MappedFile mapped, MappedFile::open(file));
    const std::uint64_t size = mapped.bytes().size();
    TW_ASSIGN_OR_RETURN(const bool is_there, has(key, digest, size));
    if (!is_there) TW_RETURN_IF_ERROR(store_.put(key, mapped.bytes(), objectstore::PutCondition::always));
    const std::lock_guard lock(mutex_);
    done_[key] = {digest, size};
    ++pushed_.objects;
    (is_there ? pushed_.bytes_reused : pushed_.bytes_moved) += size;
    return {};
  }

  Pushed pushed() const { return pushed_; }

 private:
  Result<bool> has(const std::string& key, const std::string& digest, std::uint64_t size) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = done_.find(key);
      if (found == done_.end() || found->second.sha256 != digest || found->second.size_bytes != size)
        return false;
    }
    const Result<objectstore::ObjectInfo> info = store_.stat(key);
    if (info.ok()) return info->size_bytes == size;
    if (info.error().code == Code::not_found) return false;
    return info.error();
  }

  objectstore::ObjectStore& store_;
  const std::function<bool()>& cancelled_;
  std::mutex mutex_;  // guards what follows
  PutObjects& done_;
  Pushed pushed_;
};

}  // namespace

Result<Pushed> push(objectstore::ObjectStore& store, const std::map<std::string, fs::path>& files,
                    PutObjects& done, const std::function<bool()>& cancelled) {
  std::vector<const std::pair<const std::string, fs::path>*> all;
  for (const auto& each : files) {
    TW_RETURN_IF_ERROR(objectstore::check_key(each.first));
    all.push_back(&each);
  }
  Push work(store, done, cancelled);
  TW_RETURN_IF_ERROR(checkpoint::for_each_parallel(
      all.size(), [](std::size_t) { return piece_bytes; },
      [&](std::size_t i) { return work.put(all[i]->first, all[i]->second); }));
  return work.pushed();
}

}  // namespace tradewind::data
