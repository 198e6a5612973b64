#include "edge/io/files.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "edge/io/errno_error.h"

namespace tradewind::io {
namespace {

Status write_all(int fd, std::string_view bytes, const Path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "write " + path.string());
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Path folder_of(const Path& path) {
  const Path parent = path.parent_path();
  return parent.empty() ? Path(".") : parent;
}

std::string unique_suffix() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) {
    number = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  return std::to_string(::getpid()) + "-" + std::to_string(number);
}

// A hidden neighbour whose name nobody else uses.
Path neighbour(const Path& path) {
  return folder_of(path) / ("." + path.filename().string().substr(0, 100) + "." + unique_suffix() + ".tmp");
}

Status write_new(const Path& path, std::string_view bytes, WriteOptions options) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, options.mode));
  if (!fd.valid()) return errno_error(errno, "create a file in " + folder_of(path).string());
  TW_RETURN_IF_ERROR(write_all(fd.get(), bytes, path));
  if (options.durable && ::fsync(fd.get()) != 0) return errno_error(errno, "flush " + path.string());
  return {};
}

// Writes beside, then publishes by `publish` (0 or an errno); removes the neighbour when that failed.
template <class Publish>
Status write_beside(const Path& path, std::string_view bytes, WriteOptions options, Publish publish) {
  const Path beside = neighbour(path);
  Status written = write_new(beside, bytes, options);
  if (written) {
    const int error_number = publish(beside);
    if (error_number != 0) written = errno_error(error_number, "write " + path.string());
  }
  if (!written) {
    ::unlink(beside.c_str());
    return written;
  }
  return options.durable ? sync_folder(folder_of(path)) : Status();
}

// The names in an open folder; the descriptor stays the caller's.
Result<std::vector<std::string>> names_in(int folder_fd, const std::string& shown) {
  UniqueFd copy(::openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!copy.valid()) return errno_error(errno, "read the folder " + shown);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy.get()), ::closedir);
  if (!stream) return errno_error(errno, "read the folder " + shown);
  copy.release();
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(stream.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  return names;
}

// Removes one tree, going down by descriptors so that nobody can swap a folder for a link under our feet.
class TreeRemover {
 public:
  TreeRemover(int top_fd, dev_t device) : top_fd_(top_fd), device_(device) {}

  // REQUIRES: `name` lies in the folder of `folder_fd`.
  Status remove(int folder_fd, const std::string& name, const std::string& shown, int depth) {
    if (::unlinkat(folder_fd, name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno != EISDIR && errno != EPERM) return errno_error(errno, "remove " + shown);
    // Far down a folder is moved to the top instead, else each level would cost a descriptor and stack.
    if (depth > depth_max && top_fd_ >= 0) {
      const bool moved =
          ::renameat(folder_fd, name.c_str(), top_fd_, ("deep-" + unique_suffix()).c_str()) == 0;
      moved_ |= moved;
      if (moved) return {};
    }
    constexpr int attempts_max = 20;  // something may still be writing into it
    int error_number = ENOTEMPTY;
    for (int attempt = 0; attempt < attempts_max && error_number == ENOTEMPTY; ++attempt) {
      TW_RETURN_IF_ERROR(empty(folder_fd, name, shown, depth));
      error_number = ::unlinkat(folder_fd, name.c_str(), AT_REMOVEDIR) == 0 ? 0 : errno;
      if (depth == 0 && std::exchange(moved_, false)) attempt = 0;  // what was moved up is next: progress
    }
    if (error_number == 0 || error_number == ENOENT) return {};
    if (error_number == ENOTEMPTY) {
      return Error{Code::unavailable, "cannot remove " + shown + ": something goes on writing into it"};
    }
    return errno_error(error_number, "remove " + shown);
  }

 private:
  static constexpr int depth_max = 64;

  Status empty(int folder_fd, const std::string& name, const std::string& shown, int depth) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd fd(::openat(folder_fd, name.c_str(), flags));
    if (!fd.valid() && errno == EACCES && ::fchmodat(folder_fd, name.c_str(), 0700, 0) == 0) {
      fd = UniqueFd(::openat(folder_fd, name.c_str(), flags));
    }
    if (!fd.valid()) return errno == ENOENT ? Status() : errno_error(errno, "remove " + shown);
    struct stat status = {};
    if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "remove " + shown);
    if (status.st_dev != device_) {
      return Error{Code::unavailable, "cannot remove " + shown + ": another file system is mounted there",
                   "unmount it first"};
    }
    if (status.st_uid == ::geteuid()) ::fchmod(fd.get(), 0700);
    if (depth == 0) top_fd_ = fd.get();
    Result<std::vector<std::string>> names = names_in(fd.get(), shown);
    Status removed = names ? Status() : Status(names.error());
    for (std::size_t i = 0; removed && i < names->size(); ++i) {
      removed = remove(fd.get(), (*names)[i], shown + "/" + (*names)[i], depth + 1);
    }
    if (depth == 0) top_fd_ = -1;
    return removed;
  }

  int top_fd_;
  bool moved_ = false;
  dev_t device_;
};

}  // namespace

Result<std::string> read_file(const Path& path, std::size_t max_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, "read " + path.string());
  std::string text;
  std::vector<char> buffer(std::size_t{64} << 10);
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "read " + path.string());
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > max_bytes) {
      return Error{Code::invalid_argument,
                   path.string() + " is longer than " + std::to_string(max_bytes) + " bytes"};
    }
  }
}

Status write_file_atomic(const Path& path, std::string_view bytes, WriteOptions options) {
  return write_beside(path, bytes, options, [&path](const Path& beside) {
    return ::rename(beside.c_str(), path.c_str()) == 0 ? 0 : errno;
  });
}

Status create_file_atomic(const Path& path, std::string_view bytes, WriteOptions options) {
  return write_beside(path, bytes, options, [&path](const Path& beside) {
    // link() is exclusive on every file system; rename's exclusive form is not.
    if (::link(beside.c_str(), path.c_str()) != 0) return errno;
    ::unlink(beside.c_str());
    return 0;
  });
}

Status append_file(const Path& path, std::string_view bytes, unsigned mode) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, mode));
  if (!fd.valid()) return errno_error(errno, "write " + path.string());
  return write_all(fd.get(), bytes, path);
}

Status make_folders(const Path& path, unsigned mode) {
  if (path.empty()) return {};
  if (::mkdir(path.c_str(), mode) == 0) return {};
  const int error_number = errno;
  struct stat status = {};
  if (error_number == EEXIST && ::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) return {};
    return Error{Code::invalid_argument,
                 "cannot make the folder " + path.string() + ": a file is in its place"};
  }
  const Path parent = path.parent_path();
  if (error_number != ENOENT || parent == path || parent.empty()) {
    return errno_error(error_number, "make the folder " + path.string());
  }
  TW_RETURN_IF_ERROR(make_folders(parent, mode));
  if (::mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return {};
  return errno_error(errno, "make the folder " + path.string());
}

Error with_cure(Error error, std::string_view cure) {
  if (error.code == Code::unavailable && !error.hint.empty()) return error;
  error.hint = cure;
  return error;
}

Status with_cure(const Status& status, std::string_view cure) {
  return status.ok() ? status : Status(with_cure(status.error(), cure));
}

Result<Path> make_temp_dir(std::string_view prefix, const Path& parent) {
  Path folder = parent;
  if (folder.empty()) {
    const char* configured = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    folder = configured != nullptr && *configured != '\0' ? configured : "/tmp";
  }
  std::string name = (folder / (std::string(prefix) + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) return errno_error(errno, "make a folder in " + folder.string());
  return Path(name);
}

Status remove_tree(const Path& path) {
  struct stat status = {};
  if (::lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? Status() : errno_error(errno, "remove " + path.string());
  }
  return TreeRemover(-1, status.st_dev).remove(AT_FDCWD, path.string(), path.string(), 0);
}

Status sync_folder(const Path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, "open the folder " + path.string());
  // Some file systems cannot flush a folder (EINVAL) and need not.
  if (::fsync(fd.get()) != 0 && errno != EINVAL)
    return errno_error(errno, "flush the folder " + path.string());
  return {};
}

bool path_exists(const Path& path) {
  struct stat status = {};
  return ::lstat(path.c_str(), &status) == 0;
}

Result<std::uint64_t> free_disk_bytes(const Path& path) {
  struct statvfs status = {};
  if (::statvfs(path.c_str(), &status) != 0)
    return errno_error(errno, "measure the disk of " + path.string());
  return static_cast<std::uint64_t>(status.f_bavail) * static_cast<std::uint64_t>(status.f_frsize);
}

Result<FileLock> FileLock::acquire(const Path& path, Duration patience) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return errno_error(errno, "open the lock " + path.string());
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return errno_error(errno, "lock " + path.string());
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{Code::conflict, path.string() + " is locked by another process"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return FileLock(std::move(fd));
}

bool FileLock::is_held(const Path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  // Shared, so that two who ask do not see each other.
  return fd.valid() && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

Result<TempDir> TempDir::make(std::string_view prefix, const Path& parent) {
  TW_ASSIGN_OR_RETURN(Path path, make_temp_dir(prefix, parent));
  return TempDir(std::move(path));
}

TempDir::~TempDir() {
  if (!path_.empty()) static_cast<void>(remove_tree(path_));  // a destructor has nobody to tell
}

}  // namespace tradewind::io
