// --bwlimit: how much of the network a transfer may take.
#pragma once

#include <memory>
#include <string>

#include "app/cli/context.h"
#include "edge/objectstore/rate_store.h"

namespace tradewind::cli {

// "50M", "1.5G", "800k", "50MiB/s", "300000": bytes in a second, by 1024 as rclone counts. invalid_argument.
Result<double> parse_bandwidth(const std::string& text);

// Null where `text` is empty. Ctrl-C ends its waits. REQUIRES: `context` outlives it.
Result<std::unique_ptr<objectstore::ByteRate>> bandwidth_of(const std::string& text, const Context& context);

}  // namespace tradewind::cli
