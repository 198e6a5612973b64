// Copying files to a URL as plain objects.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "base/result.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::data {

// What a run has put, so that a further try puts only the rest: key → what it was.
struct PutObject {
  std::string sha256;  // of its bytes, lower-case hex
  std::uint64_t size_bytes = 0;
};
using PutObjects = std::map<std::string, PutObject>;

struct Pushed {
  std::uint64_t objects = 0;
  std::uint64_t bytes_moved = 0;
  std::uint64_t bytes_reused = 0;  // of objects that an earlier try of this run had put
};

// Puts each file (by key) in parallel, overwriting what has its key. `done` grows with each object, also
// where the whole fails; one that it has is not put again while the store has it in that size and the file is
// the same. invalid_argument: a key that no object can have; the name is told. unavailable: the file changes
// while it is read, or the store's own; cancelled.
Result<Pushed> push(objectstore::ObjectStore& store,
                    const std::map<std::string, std::filesystem::path>& files, PutObjects& done,
                    const std::function<bool()>& cancelled);

}  // namespace tradewind::data
