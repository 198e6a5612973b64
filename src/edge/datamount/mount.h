// A source of data as a folder that reads what is asked for, when it is asked for: FUSE, read-only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "edge/data/source.h"
#include "edge/datamount/block_cache.h"

namespace tradewind::datamount {

// Whether this program can mount here. invalid_argument: it was built without libfuse3, /dev/fuse is missing,
// or may not be opened; with the cure.
Status can_mount();

struct MountRequest {
  data::Source source;
  std::filesystem::path where;         // a folder, made where it is missing
  std::filesystem::path cache_folder;  // of blocks (block_cache.h)
  std::uint64_t cache_bytes = 0;       // 0: half of what is free on its disk
  std::function<void(const std::string&)> say = [](const std::string&) {};  // what readers cannot be told
};

class Mount {
 public:
  virtual ~Mount() = default;  // unmounts; who has files open there gets errors from then on
  virtual BlockCount count() const = 0;
  virtual std::uint64_t files() const = 0;
  virtual std::uint64_t bytes() const = 0;
};

// Lists the source and mounts what there is now: what is added later does not appear, and of what changes
// later reading fails rather than giving bytes of both. Errors: can_mount, Source::list; invalid_argument:
// the source is one object; unavailable, unauthorized: the kernel would not.
Result<std::unique_ptr<Mount>> mount(MountRequest request);

// Takes away, at or below `folder`, what programs that were killed left mounted.
void detach_stale(const std::filesystem::path& folder);

}  // namespace tradewind::datamount
