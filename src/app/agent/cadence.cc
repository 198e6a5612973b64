#include "app/agent/cadence.h"

#include <algorithm>
#include <cmath>

namespace tradewind::agent {
namespace {

using std::chrono::seconds;

constexpr double pause_when_unknown_s = 1.0;
constexpr double hazard_when_unknown_per_hour = 0.05;  // a spot instance that lives for about a day
// Of the interruptions that announce themselves in good time, this share is still taken to come without
// warning: notices are a supplier's best effort.
constexpr double unannounced_share = 0.2;

}  // namespace

Duration save_interval(const CadenceInput& input) {
  if (input.asked) return std::max<Duration>(*input.asked, seconds(1));
  double hazard_per_s =
      (input.hazard_per_hour > 0 ? input.hazard_per_hour : hazard_when_unknown_per_hour) / 3600.0;
  if (input.notice_lead && *input.notice_lead > 2 * (input.pause + input.upload)) {
    hazard_per_s *= unannounced_share;
  }
  const double pause_s = input.pause > Duration::zero() ? seconds_of(input.pause) : pause_when_unknown_s;
  const Duration optimum = duration_of_seconds(std::min(std::sqrt(2 * pause_s / hazard_per_s), 1e6));
  const Duration at_least = std::max<Duration>(seconds(10), 2 * input.upload);
  return std::max(std::min<Duration>(optimum, std::chrono::minutes(30)), at_least);
}

}  // namespace tradewind::agent
