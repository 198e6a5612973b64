// Questions that several policies ask of a view.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/policy/policy.h"

namespace tradewind::policy {

// When nothing is on offer, a policy asks to be asked again after this long.
inline constexpr Duration ask_again_after = std::chrono::minutes(1);

inline bool is_blocked(const Candidate& candidate, Time now) {
  return candidate.blocked_until && *candidate.blocked_until > now;
}
inline bool is_spot(const Candidate& candidate) {
  return candidate.offer.purchase == Purchase::spot;
}
// Reserved capacity is not taken back either, so it counts with on-demand.
inline bool is_on_demand(const Candidate& candidate) {
  return !is_spot(candidate);
}

// The first candidate, in the planner's order, that is not blocked and passes.
template <class Test>
std::optional<std::size_t> cheapest(const View& view, Test&& passes) {
  for (std::size_t i = 0; i < view.candidates.size(); ++i) {
    if (!is_blocked(view.candidates[i], view.now) && passes(view.candidates[i])) return i;
  }
  return std::nullopt;
}

// Waits until the first blocked candidate that passes is free again; `what` names what is waited for.
template <class Test>
Decision wait_for_candidate(const View& view, Test&& passes, std::string_view what) {
  std::optional<Time> free_at;
  for (const Candidate& candidate : view.candidates) {
    if (!is_blocked(candidate, view.now) || !passes(candidate)) continue;
    free_at = free_at ? std::min(*free_at, *candidate.blocked_until) : *candidate.blocked_until;
  }
  if (!free_at) {
    return {Decision::Kind::wait, 0, view.now + ask_again_after, "there is no " + std::string(what)};
  }
  return {Decision::Kind::wait, 0, *free_at,
          "every " + std::string(what) + " is out of capacity; the first is asked again at " +
              format_utc(*free_at)};
}

}  // namespace tradewind::policy
