// The sentences that all stores over a network say alike, and the header that asks for a part.
#pragma once

#include <string>

#include "base/result.h"
#include "edge/objectstore/object_store.h"

namespace tradewind::objectstore {

// `store`: its URL; `key`: within the bucket or container.
Error object_exists(const std::string& store, const std::string& key);  // conflict
Error outcome_unknown(const std::string& store, const std::string& key,
                      const std::string& because);                      // unavailable
Error differs_twice(const std::string& store, const std::string& key);  // corrupt

// Has an end that can be said in a header.
bool is_bounded(const ByteRange& range);
bool is_whole_object(const ByteRange& range);
// "bytes=5-9", "bytes=5-": the value of the header Range. REQUIRES: a length other than 0.
std::string range_header(const ByteRange& range);

}  // namespace tradewind::objectstore
