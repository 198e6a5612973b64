#include "edge/cloud/rate_limit.h"

#include <algorithm>

namespace tradewind::cloud {

Duration RateLimit::take(Duration now) {
  const std::lock_guard lock(mutex_);
  if (now > counted_at_) {
    const double passed_s = std::chrono::duration<double>(now - counted_at_).count();
    calls_ = std::min(tuning_.burst, calls_ + passed_s * tuning_.per_second);
    counted_at_ = now;
  }
  calls_ -= 1;
  const Duration own = calls_ >= 0
                           ? Duration(0)
                           : Duration(static_cast<Duration::rep>(-calls_ / tuning_.per_second * 1000 + 0.5));
  return std::max(own, paused_until_ - now);
}

void RateLimit::pause_until(Duration then) {
  const std::lock_guard lock(mutex_);
  paused_until_ = std::max(paused_until_, then);
}

}  // namespace tradewind::cloud
