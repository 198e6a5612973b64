// A clock whose wall time never goes back, whatever an operator or a time server does to the machine's.
#pragma once

#include <functional>
#include <mutex>

#include "base/clock.h"

namespace tradewind::io {

// While the inner clock says less than what was said before, time goes on from there by the monotonic clock:
// what waits for a moment waits no longer than it was to, and what comes later is stamped later. Threads may
// share it.
class ForwardClock final : public Clock {
 public:
  using Told = std::function<void(Duration back)>;
  // `set_back` is told of each time that the inner clock is set back by a second or more. The inner clock
  // must outlive this one.
  explicit ForwardClock(
      const Clock& inner, Told set_back = [](Duration) {});
  Time now() const override;
  Duration monotonic() const override { return inner_.monotonic(); }

 private:
  const Clock& inner_;
  const Told set_back_;
  mutable std::mutex mutex_;
  mutable Time said_;
  mutable Duration said_at_;  // on the monotonic clock
  mutable bool ahead_ = false;
};

}  // namespace tradewind::io
