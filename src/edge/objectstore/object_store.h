// The seam to every store of bytes. Create-if-absent is the one primitive that fencing rests on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace tradewind::objectstore {

// Keys are relative paths in UTF-8: parts joined by '/', none of them empty, "." or "..", or beginning with
// '~', at most 1024 bytes, without control characters and backslashes. So each is the name of a file, too.
// What Tradewind itself writes keeps to [A-Za-z0-9._-], which needs no escape anywhere.
Status check_key(std::string_view key);

enum class PutCondition {
  always,
  if_absent,  // conflict when the key exists; exactly one of many racing writers succeeds
};

struct ByteRange {
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length = std::nullopt;  // nothing: to the end
};

struct ObjectInfo {
  std::string key;
  std::uint64_t size_bytes = 0;
  Time modified_at;
};

struct ObjectPage {
  std::vector<ObjectInfo> objects;  // ascending by key (bytes)
  bool more = false;
  // Some of what the store has there and no key names: for whoever wants all of it. Of S3, names that end in
  // '/', which stand for folders, are among them; of folders, symbolic links.
  std::vector<std::string> left_out = {};
};
inline constexpr std::size_t left_out_max = 20;
// Notes a name that is no key, as long as there are few.
void leave_out(ObjectPage& page, std::string_view name);

// Blocking calls; safe from several threads at once. An object is seen whole or not at all.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  // "file:///srv/store", for messages and receipts; never holds a secret.
  virtual std::string url() const = 0;
  // Durable when it returns. conflict (if_absent, exists), unavailable (outcome unknown), invalid_argument
  // (key).
  virtual Status put(std::string_view key, std::string_view bytes, PutCondition condition) = 0;
  // not_found. A range beyond the end answers what there is.
  virtual Result<std::string> get(std::string_view key, ByteRange range = {}) = 0;
  virtual Result<ObjectInfo> stat(std::string_view key) = 0;
  // Keys that begin with `prefix` and are greater than `after`, at most `limit`, ascending. No delimiter: all
  // depths.
  virtual Result<ObjectPage> list(std::string_view prefix, std::string_view after,
                                  std::size_t limit = 1000) = 0;
  // Absent counts as removed.
  virtual Status remove(std::string_view key) = 0;
  // Removes it if it was last put before `limit`; conflict: it was put since, and stays. Absent counts as
  // removed. In one step, so that of a put at the same time nothing is lost, in memory, in folders and in
  // Azure Blob Storage. Elsewhere, as it is here, in two: a put between them is lost.
  virtual Status remove_if_older(std::string_view key, Time limit);

 protected:
  // Of an object that was put at or after the limit.
  Error is_younger(std::string_view key) const;
};

}  // namespace tradewind::objectstore
