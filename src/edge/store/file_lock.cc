#include "edge/store/file_lock.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include <utility>

namespace tradewind::store {
namespace {

std::string holder_of(int descriptor) {
  char text[32] = {};
  const ssize_t size = pread(descriptor, text, sizeof text - 1, 0);
  const std::string digits(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  if (digits.empty() || digits.find_first_not_of("0123456789\n") != std::string::npos) return {};
  return " (process " + digits.substr(0, digits.find('\n')) + ")";
}

}  // namespace

Result<FileLock> FileLock::take(const std::string& path) {
  const std::string lock_path = path + ".lock";
  FileLock lock(open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.descriptor_ < 0) {
    return Error{Code::unavailable, "cannot make the lock file " + lock_path + ": " + std::strerror(errno),
                 "make its folder, and make it writable"};
  }
  if (flock(lock.descriptor_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return Error{Code::unavailable, "cannot lock " + lock_path + ": " + std::strerror(errno)};
    }
    return Error{Code::conflict, "another server" + holder_of(lock.descriptor_) + " has " + path + " open",
                 "use that server, stop it, or choose another state folder"};
  }
  // For people only: the lock itself is what counts, so that a failed write is no error.
  const std::string text = std::to_string(getpid()) + "\n";
  if (ftruncate(lock.descriptor_, 0) == 0) {
    [[maybe_unused]] const ssize_t written = pwrite(lock.descriptor_, text.data(), text.size(), 0);
  }
  return lock;
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

}  // namespace tradewind::store
