#include "edge/checkpoint/retention.h"

#include <algorithm>

#include "base/reversed.h"

namespace tradewind::checkpoint {
namespace {

// The newest of each of the last `count` spans that have one.
void choose_by_span(const std::vector<Candidate>& candidates, int count, Duration span,
                    std::set<ManifestId>& chosen) {
  std::set<Duration::rep> spans;
  for (const Candidate& candidate : reversed(candidates)) {
    const Duration::rep number = candidate.created_at.time_since_epoch() / span;
    if (spans.contains(number)) continue;
    if (spans.size() >= static_cast<std::size_t>(std::max(count, 0))) return;
    spans.insert(number);
    chosen.insert(candidate.id);
  }
}

void choose_best(const std::vector<Candidate>& candidates, const Retention& retention,
                 std::set<ManifestId>& chosen) {
  std::vector<const Candidate*> measured;
  for (const Candidate& candidate : reversed(candidates)) {
    if (candidate.metrics.contains(retention.metric)) measured.push_back(&candidate);
  }
  std::ranges::stable_sort(measured, [&](const Candidate* a, const Candidate* b) {
    const double left = a->metrics.at(retention.metric);
    const double right = b->metrics.at(retention.metric);
    return retention.highest ? left > right : left < right;
  });
  const std::size_t count = std::min(measured.size(), static_cast<std::size_t>(std::max(retention.best, 0)));
  for (std::size_t i = 0; i < count; ++i) chosen.insert(measured[i]->id);
}

}  // namespace

Retention retention_of(const CheckpointRequest& request) {
  Retention retention;
  retention.last = std::max(request.keep, 1);
  retention.hourly = request.keep_hourly;
  retention.daily = request.keep_daily;
  if (request.keep_best) {
    retention.best = request.keep_best->count;
    retention.metric = request.keep_best->metric;
    retention.highest = request.keep_best->highest;
  }
  return retention;
}

std::set<ManifestId> chosen_by(const Retention& retention, const std::vector<Candidate>& candidates) {
  std::set<ManifestId> chosen;
  const std::size_t last = std::min(candidates.size(), static_cast<std::size_t>(std::max(retention.last, 0)));
  for (std::size_t i = candidates.size() - last; i < candidates.size(); ++i) chosen.insert(candidates[i].id);
  choose_by_span(candidates, retention.hourly, std::chrono::hours(1), chosen);
  choose_by_span(candidates, retention.daily, std::chrono::hours(24), chosen);
  choose_best(candidates, retention, chosen);
  return chosen;
}

}  // namespace tradewind::checkpoint
