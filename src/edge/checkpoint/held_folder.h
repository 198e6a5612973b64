// A folder's state, held beside it while a save reads it: the program that writes there goes on at once.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "edge/checkpoint/folder_view.h"
#include "edge/io/files.h"

namespace tradewind::checkpoint {

// `<parent>/.new.<name>.held-XXXXXX`, on the same file system; removed with this object, and by the next hold
// when its process died first.
class HeldFolder {
 public:
  // Waits, some seconds at most, for a moment at which nothing is written. conflict: there was none.
  // unauthorized, unavailable: it cannot be held there.
  static Result<HeldFolder> hold(const std::filesystem::path& folder);
  HeldFolder(HeldFolder&&) noexcept = default;

  const std::filesystem::path& path() const { return state_; }
  // False: a file was written in place meanwhile, so that what was read may not be of one moment.
  bool is_whole() const { return is_as_seen(state_, view_); }

 private:
  HeldFolder(io::TempDir place, io::FileLock lock);

  io::TempDir place_;
  io::FileLock lock_;
  std::filesystem::path state_;
  FolderView view_;
};

}  // namespace tradewind::checkpoint
