// One server per state file: an advisory lock on a file beside it, which the kernel lifts when its holder
// dies.
#pragma once

#include <string>

#include "base/result.h"

namespace tradewind::store {

class FileLock {
 public:
  // Locks `path`.lock, and writes our process id into it. conflict: another process holds it; the message
  // names the state file and that process. unavailable: the lock file cannot be made.
  static Result<FileLock> take(const std::string& path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace tradewind::store
