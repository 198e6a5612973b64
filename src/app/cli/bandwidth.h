// --bwlimit: how much of the network a transfer may take.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/cli/context.h"
#include "edge/objectstore/rate_store.h"

namespace tradewind::cli {

// "50M", "1.5G", "800k", "50MiB/s", "300000": bytes in a second, by 1024 as rclone counts; "off": infinity.
// invalid_argument.
Result<double> parse_bandwidth(const std::string& text);

// What holds from when on: "08:00,512k 19:00,10M 23:00,off", by the local clock; the last of a day holds on
// into the next. One limit without a time holds always.
class BandwidthTable {
 public:
  // invalid_argument: a time that is none, is told twice, or has no limit.
  static Result<BandwidthTable> parse(const std::string& text);
  // Bytes in a second; infinity: no limit. REQUIRES: minute_of_day < 1440.
  double at(int minute_of_day) const;

 private:
  std::map<int, double> from_;  // by minute of the day; never empty
};

// Null where `text` is empty. A table, or "@FILE": the table in that file, read again while the transfer goes
// on, so that it can be changed; one that cannot be read changes nothing. Ctrl-C ends its waits.
// REQUIRES: `context` outlives it.
Result<std::unique_ptr<objectstore::ByteRate>> bandwidth_of(const std::string& text, const Context& context);

}  // namespace tradewind::cli
