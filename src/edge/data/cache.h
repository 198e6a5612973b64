// Objects of data sources on this machine's disk, so that the next job that wants them moves nothing.
//   <folder>/objects/<aa>/<name>         the bytes of one object, whole; never written to again
//   <folder>/objects/<aa>/<name>.proof   {"source","key","size_bytes","modified_at","sha256","written_ns"}
//   <folder>/partial/<name>              an object that is being brought, of full size, with holes
//   <folder>/partial/<name>.done         a line for each block that it has: its number and SHA-256
//   <folder>/blocks, <folder>/chunks     of mounts (datamount/block_cache.h) and of checkpoint stores
//   <folder>/lock                        held in common by all who read or bring, alone by who removes
// <name> is the SHA-256 of source, key, size and time of change: an object that was written anew is another.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "edge/data/source.h"
#include "edge/io/files.h"
#include "edge/io/unique_fd.h"

namespace tradewind::data {

struct CachedObject {
  std::filesystem::path file;
  std::string sha256;  // of its bytes when they were brought, lower-case hex
  std::uint64_t size_bytes = 0;
};

class DataCache {
 public:
  // Makes the folder (0700) and holds its lock in common until it is destroyed. conflict: others remove from
  // it for longer than a minute.
  static Result<DataCache> open(const std::filesystem::path& folder);

  static std::string name_of(const std::string& source, const SourceObject& object);

  // What it has of the object, by its proof, size and time of writing; a look counts as use.
  std::optional<CachedObject> find(const std::string& source, const SourceObject& object) const;

  std::filesystem::path partial(const std::string& name) const { return folder_ / "partial" / name; }
  std::filesystem::path done(const std::string& name) const { return folder_ / "partial" / (name + ".done"); }
  // Where blocks of a mounted source lie; see datamount.
  std::filesystem::path blocks() const { return folder_ / "blocks"; }
  // Of checkpoint stores: a store of their chunks.
  std::filesystem::path chunks() const { return folder_ / "chunks"; }

  // What lies in partial becomes the object: it is on disk before its proof is written.
  Status admit(const std::string& source, const SourceObject& object, const std::string& sha256) const;
  // Forgets an object and what was begun of it.
  void drop(const std::string& source, const SourceObject& object) const;

  // Sees to it that `bytes` more fit on the disk, beside a reserve for others, by removing what was not used
  // for the longest time. Where others use the cache nothing is removed. unavailable: it does not fit.
  Status make_room(std::uint64_t bytes) const;

  // One at a time brings from a source: who comes second finds what the first brought. cancelled.
  Result<io::FileLock> lock_source(const std::string& source, const std::function<bool()>& cancelled) const;

 private:
  DataCache(std::filesystem::path folder, io::UniqueFd lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}
  std::filesystem::path file_of(const std::string& name) const;

  std::filesystem::path folder_;
  io::UniqueFd lock_;
};

}  // namespace tradewind::data
