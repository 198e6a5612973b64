#include "app/agent/progress_file.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "app/agent/progress_line.h"

namespace tradewind::agent {
namespace {

constexpr std::size_t read_at_once = 64 << 10;
// What has been read need not fill the disk of a run that takes weeks: holes are punched in such steps.
constexpr std::uint64_t free_step_bytes = std::uint64_t{16} << 20;

}  // namespace

// False when there is no such file. Starts anew with a file that took the place of the one we followed.
bool ProgressFile::open_newest() {
  struct stat found = {};
  if (::stat(path_.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return false;
  const bool same = fd_.valid() && found.st_dev == device_ && found.st_ino == inode_;
  if (same && static_cast<std::uint64_t>(found.st_size) >= offset_) return true;
  if (!same) {
    fd_ = io::UniqueFd(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd_.valid()) return false;
    device_ = found.st_dev;
    inode_ = found.st_ino;
  }
  offset_ = 0;
  freed_ = 0;
  partial_.clear();
  return true;
}

void ProgressFile::feed(std::string_view bytes, const std::function<void(std::string_view line)>& take) {
  while (!bytes.empty()) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::size_t room =
        progress_line_bytes_max + 1 - std::min(progress_line_bytes_max + 1, partial_.size());
    partial_.append(bytes.substr(0, std::min(end, room)));
    if (end == bytes.size()) return;
    if (!partial_.empty()) take(partial_);
    partial_.clear();
    bytes.remove_prefix(end + 1);
  }
}

bool ProgressFile::read(std::size_t bytes_max, const std::function<void(std::string_view line)>& take) {
  if (!open_newest()) return false;
  std::size_t done = 0;
  std::string buffer(read_at_once, '\0');
  while (done < bytes_max) {
    const ssize_t n = ::pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset_));
    if (n <= 0) break;
    offset_ += static_cast<std::uint64_t>(n);
    done += static_cast<std::size_t>(n);
    feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(n)), take);
    if (static_cast<std::size_t>(n) < buffer.size()) break;
  }
  if (offset_ >= freed_ + free_step_bytes) {
    // Fails harmlessly where the file system cannot.
    ::fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(freed_),
                static_cast<off_t>(offset_ - freed_));
    freed_ = offset_;
  }
  return done > 0;
}

void ProgressFile::read_rest(const std::function<void(std::string_view line)>& take) {
  while (read(std::size_t{1} << 20, take)) {
  }
  if (!partial_.empty()) take(std::exchange(partial_, std::string()));
}

}  // namespace tradewind::agent
