// Files and folders on the own disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/unique_fd.h"

namespace tradewind::io {

using Path = std::filesystem::path;

// The whole file. not_found; unauthorized; invalid_argument when it is a folder or longer than `max_bytes`.
Result<std::string> read_file(const Path& path, std::size_t max_bytes = std::size_t{256} << 20);

struct WriteOptions {
  unsigned mode = 0644;
  bool durable = true;  // fsync of the file and of its folder: it survives a power cut
};
// A reader sees the old content or the new, never a part: written beside, then renamed over. unavailable on a
// full disk (the old content stays).
Status write_file_atomic(const Path& path, std::string_view bytes, WriteOptions options = {});
// conflict when it exists: of many racing writers exactly one succeeds, and readers see it whole.
Status create_file_atomic(const Path& path, std::string_view bytes, WriteOptions options = {});
// One write to the end of the file, made when it is missing.
Status append_file(const Path& path, std::string_view bytes, unsigned mode = 0644);

// With its parents; one that exists is fine. Mode for those that are made.
Status make_folders(const Path& path, unsigned mode = 0755);
// The error of a folder that the user chose, with the user's cure for it. What may pass, as a full disk does,
// keeps its own.
Error with_cure(Error error, std::string_view cure);
Status with_cure(const Status& status, std::string_view cure);
// A fresh folder "<parent>/<prefix>XXXXXX" of mode 0700. Empty parent: $TMPDIR or /tmp.
Result<Path> make_temp_dir(std::string_view prefix, const Path& parent = {});
// The folder and all in it, or the file. Follows no link, crosses into folders without write permission of
// our own, absent counts as removed. unavailable when something goes on writing into it.
Status remove_tree(const Path& path);
// Flushes a folder's entries to the disk.
Status sync_folder(const Path& path);

bool path_exists(const Path& path);  // a dangling link exists
// Bytes an ordinary user can still write where `path` lies.
Result<std::uint64_t> free_disk_bytes(const Path& path);

// An exclusive lock on a file (flock), made when it is missing. Held until destroyed or the process ends,
// however it ends. Another FileLock of the same path waits, also one of the same process.
class FileLock {
 public:
  // conflict when another holds it for longer than `patience`.
  static Result<FileLock> acquire(const Path& path, Duration patience);
  // Whether somebody holds it now. A file that is missing is held by nobody.
  static bool is_held(const Path& path);
  // A child that is given this descriptor shares the lock: it is free once all of them have closed it.
  int fd() const { return fd_.get(); }

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// A temporary folder that removes itself. For tests and scratch space.
class TempDir {
 public:
  static Result<TempDir> make(std::string_view prefix, const Path& parent = {});
  TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TempDir& operator=(TempDir&&) = delete;
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();
  const Path& path() const { return path_; }

 private:
  explicit TempDir(Path path) : path_(std::move(path)) {}
  Path path_;
};

}  // namespace tradewind::io
