// How much of the network a transfer may take, as people write it. Pure.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace tradewind {

// "50M", "1.5G", "800k", "50MiB/s", "300000": bytes in a second, by 1024 as rclone counts; "off": infinity,
// no limit; "pause": 0, nothing passes. invalid_argument; "0" is one, since some tools take it for no limit.
Result<double> parse_bandwidth(const std::string& text);

// What holds from when on: "08:00,512k 19:00,10M 23:00,off", by the local clock; the last of a day holds on
// into the next. One limit without a time holds always.
class BandwidthTable {
 public:
  // invalid_argument: a time that is none, is told twice, or has no limit.
  static Result<BandwidthTable> parse(const std::string& text);
  // Bytes in a second; infinity: no limit; 0: nothing passes. REQUIRES: minute_of_day < 1440.
  double at(int minute_of_day) const;

 private:
  std::map<int, double> from_;  // by minute of the day; never empty
};

// "@FILE": the table is what FILE says, and may change.
inline constexpr char bandwidth_file_mark = '@';

}  // namespace tradewind
