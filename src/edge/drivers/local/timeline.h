// When things happen to an instance, counted from its launch. Values alone.
#pragma once

#include <optional>

#include "base/time.h"
#include "core/model/offer.h"
#include "edge/drivers/local/zone.h"

namespace tradewind::local {

struct Timeline {
  Duration boot{};                                    // the agent is started
  Duration hard_limit{};                              // the instance ends itself
  std::optional<Duration> notice = std::nullopt;      // the preemption is announced; not before the boot
  std::optional<Duration> preemption = std::nullopt;  // everything dies
  bool operator==(const Timeline&) const = default;
};

// `zone_epoch`: the zone's first use, from which its trace counts when it has the zone's clock.
Timeline timeline_of(const Zone& zone, Purchase purchase, Time zone_epoch, Time launched_at, Time hard_limit);

}  // namespace tradewind::local
