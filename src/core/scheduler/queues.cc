// Suppliers' queues: how long was waited in them, and how long what stands in one still will.
#include <algorithm>
#include <span>

#include "core/scheduler/seat.h"
#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

constexpr std::size_t waits_max = 64;  // remembered of one place

// Its wait is over and known.
bool has_waited(const LeaseRecord& lease) {
  return lease.offer.queue_wait && lease.launched_at && lease.first_heard_at;
}

void take_down(Step& step, const LeaseRecord& lease) {
  std::vector<planner::QueueSample>& waits = step.working().queue_waits[lease.offer.location];
  const double waited_s = seconds_of(std::max(*lease.first_heard_at - *lease.launched_at, Duration(0)));
  waits.push_back({seconds_of(*lease.offer.queue_wait), waited_s});
  if (waits.size() > waits_max) waits.erase(waits.begin());
}

// The supplier's estimate now for a newcomer there, where it still tells one.
std::optional<Duration> newest_estimate(const Step& step, const Offer& offer) {
  const std::string key = offer_key(offer);
  for (const Offer& sold : step.working().offers) {
    if (sold.location == offer.location && offer_key(sold) == key) return sold.queue_wait;
  }
  return std::nullopt;
}

}  // namespace

void note_queue_wait(Step& step, const LeaseRecord& after) {
  if (!has_waited(after)) return;
  const LeaseRecord* before = step.lease(after.id);
  if (before == nullptr || !has_waited(*before)) take_down(step, after);
}

void note_all_queue_waits(Step& step) {
  std::vector<const LeaseRecord*> all;
  for (const auto& [id, lease] : step.state().leases) {
    if (has_waited(lease)) all.push_back(&lease);
  }
  std::ranges::stable_sort(all, {}, [](const LeaseRecord* lease) { return *lease->first_heard_at; });
  for (const LeaseRecord* lease : all) take_down(step, *lease);
}

bool is_listed_waiting(const Working& working, const LeaseRecord& lease) {
  const auto seen = working.seen_waiting.find(lease.id);
  const auto listed = working.listed_at.find(working.supplier_of(lease.offer.location));
  return seen != working.seen_waiting.end() && listed != working.listed_at.end() &&
         seen->second >= listed->second;
}

std::optional<policy::Queued> queued(const Step& step, const LeaseRecord& held) {
  if (!held.offer.queue_wait || !held.launched_at || held.first_heard_at) return std::nullopt;
  const Working& working = step.working();
  if (!is_listed_waiting(working, held)) return std::nullopt;
  const auto waits = working.queue_waits.find(held.offer.location);
  std::span<const planner::QueueSample> history;
  if (waits != working.queue_waits.end()) history = waits->second;
  const double waited_s = seconds_of(step.now() - *held.launched_at);
  const planner::QueueWait told(*held.offer.queue_wait, history);
  policy::Queued rest{told.rest_s(waited_s), told.rest_p95_s(waited_s)};
  const std::optional<Duration> estimate = newest_estimate(step, held.offer);
  if (!estimate) return rest;
  const planner::QueueWait fresh(*estimate, history);
  // Who came before is not served after a newcomer; but an estimate that one has waited out already is no
  // word.
  if (waited_s > fresh.p95_s()) return rest;
  return policy::Queued{std::min(rest.rest_s, fresh.mean_s()), std::min(rest.rest_sure_s, fresh.p95_s())};
}

}  // namespace tradewind::scheduler
