#include "edge/io/system_clock.h"

#include <ctime>

namespace tradewind::io {
namespace {

Duration read_clock(clockid_t clock) {
  timespec time = {};
  ::clock_gettime(clock, &time);
  return std::chrono::duration_cast<Duration>(std::chrono::seconds(time.tv_sec) +
                                              std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace

Time SystemClock::now() const {
  return Time(read_clock(CLOCK_REALTIME));
}

Duration SystemClock::monotonic() const {
  return read_clock(CLOCK_BOOTTIME);
}

}  // namespace tradewind::io
