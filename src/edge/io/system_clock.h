// The real clock. Only edges, engines and main make one.
#pragma once

#include "base/clock.h"

namespace tradewind::io {

class SystemClock final : public Clock {
 public:
  Time now() const override;
  // CLOCK_BOOTTIME: also counts while the machine sleeps. Comparable between processes until the next boot.
  Duration monotonic() const override;
};

}  // namespace tradewind::io
