// An object whose bytes are not those of the server's checksum is read once more: they may have changed on
// their way.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"
#include "edge/objectstore/store_words.h"

namespace tradewind::objectstore {

struct CheckedRead {
  std::string bytes;
  bool sound = true;  // as far as the server gives a checksum of just these bytes
};

// `once()` is a Result<CheckedRead>. corrupt: it differed twice. `store`, `key`: as differs_twice() names
// them.
template <class Once>
Result<std::string> read_sound(const std::string& store, const std::string& key, Once once) {
  for (int attempt = 0; attempt < 2; ++attempt) {
    TW_ASSIGN_OR_RETURN(CheckedRead read, once());
    if (read.sound) return std::move(read.bytes);
  }
  return differs_twice(store, key);
}

}  // namespace tradewind::objectstore
