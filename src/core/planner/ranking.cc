#include "core/planner/ranking.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string_view>
#include <tuple>

namespace tradewind::planner {
namespace {

bool is_as_good(const Estimate& a, const Estimate& b) {
  return a.cost_nanos <= b.cost_nanos && a.p95_s <= b.p95_s && a.risk <= b.risk;
}

// The points seen so far that nothing cheaper beats: p95 finish to the least risk up to there, both strictly
// monotone, so one lookup tells whether a dearer point is beaten.
class Staircase {
 public:
  bool beats(const Estimate& estimate) const {
    const auto after = steps_.upper_bound(estimate.p95_s);
    return after != steps_.begin() && std::prev(after)->second <= estimate.risk;
  }
  void add(const Estimate& estimate) {
    auto step = steps_.lower_bound(estimate.p95_s);
    while (step != steps_.end() && step->second >= estimate.risk) step = steps_.erase(step);
    steps_[estimate.p95_s] = estimate.risk;
  }

 private:
  std::map<double, double> steps_;
};

// A few points that beat most others: sorting only what is left is what makes large catalogues fast.
std::vector<Estimate> pivots_of(std::span<const Estimate> estimates, const RankOrder& order) {
  const auto by_risk = [&](const Estimate& a, const Estimate& b) {
    return a.risk != b.risk ? a.risk < b.risk : order(a, b);
  };
  const auto by_time = [&](const Estimate& a, const Estimate& b) {
    return a.p95_s != b.p95_s ? a.p95_s < b.p95_s : order(a, b);
  };
  return {*std::ranges::min_element(estimates, order), *std::ranges::min_element(estimates, by_risk),
          *std::ranges::min_element(estimates, by_time)};
}

}  // namespace

bool RankOrder::operator()(const Estimate& a, const Estimate& b) const {
  if (a.preference != b.preference) return a.preference < b.preference;
  const std::int64_t whole_a = a.cost_nanos + (weighs_time ? a.time_nanos : 0);
  const std::int64_t whole_b = b.cost_nanos + (weighs_time ? b.time_nanos : 0);
  if (whole_a != whole_b) return whole_a < whole_b;
  if (a.cost_nanos != b.cost_nanos) return a.cost_nanos < b.cost_nanos;
  if (a.p95_s != b.p95_s) return a.p95_s < b.p95_s;
  if (a.risk != b.risk) return a.risk < b.risk;
  const auto name = [this](const Estimate& estimate) {
    const Offer& offer = offers[estimate.offer];
    return std::tie(offer.location, offer.instance_type, offer.purchase);
  };
  return name(a) < name(b);
}

std::vector<Estimate> best_ranked(std::vector<Estimate>& estimates, const RankOrder& order,
                                  std::size_t limit) {
  const auto count = static_cast<std::ptrdiff_t>(std::min(limit, estimates.size()));
  const auto middle = estimates.begin() + count;
  std::partial_sort(estimates.begin(), middle, estimates.end(), order);
  return {estimates.begin(), middle};
}

std::vector<Estimate> pareto_front(std::span<const Estimate> estimates, const RankOrder& ranking) {
  if (estimates.empty()) return {};
  const RankOrder order{ranking.offers, false};
  const std::uint16_t preference = std::ranges::min(estimates, {}, &Estimate::preference).preference;
  const std::vector<Estimate> pivots = pivots_of(estimates, order);
  std::vector<Estimate> left;
  for (const Estimate& estimate : estimates) {
    if (estimate.preference != preference) continue;
    const bool is_beaten = std::ranges::any_of(pivots, [&](const Estimate& pivot) {
      return pivot.preference == preference && pivot.offer != estimate.offer && is_as_good(pivot, estimate) &&
             order(pivot, estimate);
    });
    if (!is_beaten) left.push_back(estimate);
  }
  std::ranges::sort(left, order);
  std::vector<Estimate> front;
  Staircase staircase;
  for (const Estimate& estimate : left) {
    if (staircase.beats(estimate)) continue;
    staircase.add(estimate);
    front.push_back(estimate);
  }
  std::ranges::sort(front, ranking);
  return front;
}

std::vector<Estimate> best_of_suppliers(std::span<const Estimate> estimates, const RankOrder& order) {
  // Two slots for each place, spot and other; suppliers are found among these few afterwards.
  std::vector<const Estimate*> by_place;
  for (const Estimate& estimate : estimates) {
    const std::size_t slot = 2 * std::size_t{estimate.place} + (estimate.is_spot ? 1 : 0);
    if (slot >= by_place.size()) by_place.resize(slot + 1, nullptr);
    if (by_place[slot] == nullptr || order(estimate, *by_place[slot])) by_place[slot] = &estimate;
  }
  std::map<std::pair<std::string_view, bool>, const Estimate*> by_supplier;
  for (std::size_t slot = 0; slot < by_place.size(); ++slot) {
    const Estimate* estimate = by_place[slot];
    if (estimate == nullptr) continue;
    const Estimate*& best = by_supplier[{order.offers[estimate->offer].location.provider, slot % 2 == 1}];
    if (best == nullptr || order(*estimate, *best)) best = estimate;
  }
  std::vector<Estimate> found;
  found.reserve(by_supplier.size());
  for (const auto& [key, estimate] : by_supplier) found.push_back(*estimate);
  return found;
}

}  // namespace tradewind::planner
