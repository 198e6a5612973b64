// A limit of the network that a person sets, and may change while bytes pass.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "edge/objectstore/rate_store.h"

namespace tradewind::objectstore {

struct BandwidthWish {
  std::string text;  // as BandwidthTable::parse() reads it; or "@FILE": such a table in a file
  // A file that is not there, or holds no table, limits nothing until it does. Else it is an error.
  bool file_may_come = false;
  // Asked often, from several threads. Whether the limit is lifted for now; null: never.
  std::function<bool()> is_lifted = {};
  // The same. Whether waits are to end, so that what waits is `cancelled`; null: never.
  std::function<bool()> is_interrupted = {};
};

// The file is read again each second while bytes pass; one that cannot be read changes nothing.
// invalid_argument; not_found: no such file. REQUIRES: `clock` outlives it.
Result<std::unique_ptr<ByteRate>> bandwidth_limit(BandwidthWish wish, const Clock& clock);

}  // namespace tradewind::objectstore
