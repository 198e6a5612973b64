// Spot while there is slack, on-demand before there is none.
//
// The slack is the time left to the deadline less the pessimistic remaining time of the fallback: the
// cheapest on-demand candidate that can be had and still meets the deadline. A candidate's remaining time
// counts from the newest checkpoint, so the slack shrinks by one second a second while work is unsaved and
// what a preemption would destroy is in it already. Hence switching while the slack is not negative is in
// time, whatever the spot market does. This is the safety rule of "Can't Be Late" (Wu et al., NSDI 2024),
// section 4.
#include "core/policy/choose.h"
#include "core/policy/policy.h"

namespace tradewind::policy {
namespace {

constexpr Duration margin_min = std::chrono::seconds(1);
constexpr int margin_divisor = 50;  // 2 % of the remaining time

// A candidate's time in hand before it must be launched to meet the deadline.
Duration slack_of(const View& view, const Candidate& candidate) {
  return *view.deadline - view.now - candidate.p95_remaining;
}

bool meets_deadline(const View& view, const Candidate& candidate) {
  return slack_of(view, candidate) >= Duration::zero();
}

// What the caller may be late by in asking again.
Duration margin_of(const Candidate& fallback) {
  return std::max(margin_min, fallback.p95_remaining / margin_divisor);
}

Decision hold(std::string reason, Time until = {}) {
  return {Decision::Kind::hold, 0, until, std::move(reason)};
}

Decision launch(const View& view, std::size_t index, std::string_view why) {
  return {Decision::Kind::launch, index, {}, offer_key(view.candidates[index].offer) + std::string(why)};
}

std::optional<std::size_t> fallback_of(const View& view) {
  return cheapest(view, [&](const Candidate& candidate) {
    return is_on_demand(candidate) && meets_deadline(view, candidate);
  });
}

std::optional<std::size_t> least_late(const View& view) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < view.candidates.size(); ++i) {
    const Candidate& candidate = view.candidates[i];
    if (is_blocked(candidate, view.now)) continue;
    if (!best || candidate.p95_remaining < view.candidates[*best].p95_remaining) best = i;
  }
  return best;
}

Decision wait_for_any(const View& view) {
  return wait_for_candidate(
      view, [](const Candidate&) { return true; }, "offer");
}

Decision decide_without_deadline(const View& view) {
  if (view.held) return hold(offer_key(*view.held) + " runs the job");
  const std::optional<std::size_t> choice = cheapest(view, [](const Candidate&) { return true; });
  if (choice) return launch(view, *choice, " is the cheapest offer to be had");
  return wait_for_any(view);
}

Decision keep_spot(const View& view) {
  const std::optional<std::size_t> fallback = fallback_of(view);
  if (!fallback) {
    return hold("no on-demand offer to be had meets the deadline, so the spot machine runs on");
  }
  const Candidate& candidate = view.candidates[*fallback];
  const Duration slack = slack_of(view, candidate);
  if (slack <= margin_of(candidate)) {
    return launch(view, *fallback,
                  " must take over now: only " + format_duration(slack) +
                      " are left in which it could still meet the deadline");
  }
  return hold("the spot machine runs on: " + format_duration(slack) + " of slack before " +
                  offer_key(candidate.offer) + " has to take over",
              view.now + slack - margin_of(candidate));
}

Decision start(const View& view) {
  const std::optional<std::size_t> fallback = fallback_of(view);
  if (fallback) {
    const Candidate& candidate = view.candidates[*fallback];
    // Spot that would have to be given up again at once is not worth its start.
    if (slack_of(view, candidate) <= 2 * margin_of(candidate)) {
      return launch(view, *fallback, " is the cheapest on-demand offer that is sure to meet the deadline");
    }
  }
  const std::optional<std::size_t> choice =
      cheapest(view, [&](const Candidate& candidate) { return meets_deadline(view, candidate); });
  if (choice) return launch(view, *choice, " is the cheapest offer to be had that meets the deadline");
  const std::optional<std::size_t> late = least_late(view);
  if (late) return launch(view, *late, " is the fastest offer to be had, though it may miss the deadline");
  return wait_for_any(view);
}

class Failover final : public Policy {
 public:
  std::string_view name() const override { return "failover"; }

  Decision decide(const View& view) const override {
    if (!view.deadline) return decide_without_deadline(view);
    if (!view.held) return start(view);
    if (view.held->purchase == Purchase::spot) return keep_spot(view);
    return hold(offer_key(*view.held) + " runs the job and is not taken back");
  }
};

}  // namespace

std::unique_ptr<Policy> make_failover() {
  return std::make_unique<Failover>();
}

}  // namespace tradewind::policy
