#include "edge/drivers/local/timeline.h"

#include <algorithm>

namespace tradewind::local {

Timeline timeline_of(const Zone& zone, Purchase purchase, Time zone_epoch, Time launched_at,
                     Time hard_limit) {
  Timeline timeline;
  timeline.boot = zone.cold_start;
  timeline.hard_limit = std::max(hard_limit - launched_at, Duration(0));
  if (purchase != Purchase::spot || !zone.trace) return timeline;
  // How far the trace had come at the launch. A clock that was set back gives no negative time.
  const bool shared = zone.trace->clock == TraceClock::zone;
  const Duration passed = shared ? std::max(launched_at - zone_epoch, Duration(0)) : Duration(0);
  const std::optional<Duration> loss = next_loss(*zone.trace, passed);
  if (!loss) return timeline;
  timeline.preemption = *loss - passed;
  const Duration notice = *timeline.preemption - zone.notice_lead;
  if (zone.trace->notice && zone.notice_lead > Duration(0)) timeline.notice = std::max(notice, timeline.boot);
  return timeline;
}

}  // namespace tradewind::local
