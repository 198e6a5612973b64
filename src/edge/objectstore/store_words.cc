#include "edge/objectstore/store_words.h"

namespace tradewind::objectstore {

Error object_exists(const std::string& store, const std::string& key) {
  return {Code::conflict, store + ": object '" + key + "' exists"};
}

Error outcome_unknown(const std::string& store, const std::string& key, const std::string& because) {
  return {Code::unavailable, store + ": whether object '" + key + "' is ours is not known: " + because,
          "read it before writing again"};
}

Error differs_twice(const std::string& store, const std::string& key) {
  return {Code::corrupt, store + ": object '" + key + "' differs from its checksum, twice",
          "restore it from another copy; its bytes changed in the store or on the way"};
}

bool is_bounded(const ByteRange& range) {
  return range.length && *range.length <= ~std::uint64_t{0} - range.offset;
}

bool is_whole_object(const ByteRange& range) {
  return range.offset == 0 && !range.length;
}

std::string range_header(const ByteRange& range) {
  return "bytes=" + std::to_string(range.offset) + "-" +
         (is_bounded(range) ? std::to_string(range.offset + *range.length - 1) : "");
}

}  // namespace tradewind::objectstore
