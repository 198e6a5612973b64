// How fast one API is called: so many calls a second, and a few at once.
#pragma once

#include <mutex>

#include "base/time.h"

namespace tradewind::cloud {

struct RateTuning {
  double per_second = 10;
  double burst = 20;  // calls that may be made at once after a pause
};

// A token bucket, and a pause that the server may ask for. Safe from several threads at once.
class RateLimit {
 public:
  explicit RateLimit(RateTuning tuning) : tuning_(tuning), calls_(tuning.burst) {}

  // Takes the place of one call; how long to wait before it is made. `now` is monotonic.
  Duration take(Duration now);
  // Nobody calls before then: the server said so.
  void pause_until(Duration then);

 private:
  const RateTuning tuning_;
  std::mutex mutex_;
  double calls_;             // protected by mutex_; below zero: promised to those who wait
  Duration counted_at_{};    // protected by mutex_
  Duration paused_until_{};  // protected by mutex_
};

}  // namespace tradewind::cloud
