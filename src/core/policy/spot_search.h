// Which spot zones are worth a try now: what the simple policies share.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/policy/player.h"

namespace tradewind::policy {

// How many zones a policy looks at.
enum class Breadth { first_zone, all_zones };

class SpotSearch {
 public:
  SpotSearch(const Problem& problem, Breadth breadth);
  // Zones that are cheaper than their own on-demand and were not shown to be down, the best first: those that
  // were shown to be up, the cheapest first; then those that cannot be seen, the one that was not tried for
  // longest first. To be called once a tick, or failed attempts are forgotten. Valid until the next call.
  const std::vector<int>& candidates(const Sight& sight);
  // Stays on spot, or takes the best candidate, as far as the deadline allows. Nothing: neither may be. To be
  // called once a tick, in place of candidates().
  std::optional<Answer> stay_or_take(const Sight& sight);

 private:
  bool comes_before(const Sight& sight, int a, int b) const;
  const Problem& problem_;
  std::vector<int> failed_at_;  // per zone: the tick of the last failed attempt
  std::vector<int> found_;
};

}  // namespace tradewind::policy
