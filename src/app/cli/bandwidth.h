// --bwlimit: how much of the network a transfer may take.
#pragma once

#include <memory>
#include <string>

#include "app/cli/context.h"
#include "edge/objectstore/rate_store.h"

namespace tradewind::cli {

// Null where `text` is empty. A table (core/model/bandwidth.h), or "@FILE": the table in that file, read
// again while the transfer goes on, so that it can be changed; one that cannot be read changes nothing.
// Ctrl-C ends its waits. REQUIRES: `context` outlives it.
Result<std::unique_ptr<objectstore::ByteRate>> bandwidth_of(const std::string& text, const Context& context);

}  // namespace tradewind::cli
