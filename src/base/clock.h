// Time as a seam. The core takes `now` as a value; only edges and engines hold a Clock.
#pragma once

#include "base/time.h"

namespace tradewind {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, UTC. May be set back by an operator: never use differences of it for timeouts.
  virtual Time now() const = 0;
  // Never goes back; its zero means nothing.
  virtual Duration monotonic() const = 0;
};

// Stands still until told otherwise. For tests and the simulator.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start) {}
  Time now() const override { return now_; }
  Duration monotonic() const override { return monotonic_; }
  void advance(Duration span) {
    now_ += span;
    monotonic_ += span;
  }
  void set_wall(Time now) { now_ = now; }

 private:
  Time now_;
  Duration monotonic_{};
};

}  // namespace tradewind
