// Writing a manifest's files below one folder, beginning with nothing or with what a cut restore left there.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/model/manifest.h"

namespace tradewind::checkpoint {

// Nothing is written through a symlink: they are made last, and each part of each path is opened without
// following any.
class TreeWriter {
 public:
  // `root`: an open folder, ours alone. `shown` names it in errors. Both outlive the writer, as the manifest
  // does.
  TreeWriter(int root, std::string shown, const Manifest& manifest)
      : root_(root), shown_(std::move(shown)), manifest_(manifest) {}

  // Folders, writable for now, and files of full size. Files that are there already keep their bytes,
  // whatever these are; what is not of the manifest is removed.
  Status make_files();

  // Where a file's bytes, or a part of them, belong.
  struct Place {
    const ManifestFile* file = nullptr;
    std::uint64_t offset = 0;
  };
  // Whether a file that was there already has these very bytes at its place.
  bool has(const Place& place, const ChunkRef& bytes) const;
  // Safe from several threads at once for different places.
  Status write(const Place& place, std::string_view bytes);

  // Symlinks, then modes and times; a folder's after all that is in it.
  Status finish();
  // The root digest of the names, kinds, modes and sizes that now lie there, with the bytes that the manifest
  // says: those were proved when they were written.
  Result<std::string> root_digest_now() const;

  // Whether the folder could not take what it was given. Then what is there is no use to a later try.
  bool has_failed() const { return has_failed_; }

 private:
  Status make_folder(const ManifestFile& file);
  Status make_file(const ManifestFile& file);
  Status remove_what_is_not_ours();
  Status set_facts(const ManifestFile& file);
  Error failed(int error_number, const ManifestFile& file);

  int root_;
  std::string shown_;
  const Manifest& manifest_;
  std::set<std::string_view> found_;  // files that were there already, by path
  std::atomic<bool> has_failed_ = false;
};

}  // namespace tradewind::checkpoint
