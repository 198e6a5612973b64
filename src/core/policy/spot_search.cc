#include "core/policy/spot_search.h"

#include <algorithm>

#include "core/policy/safety.h"

namespace tradewind::policy {
namespace {

constexpr int never = -1'000'000'000;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

}  // namespace

SpotSearch::SpotSearch(const Problem& problem, Breadth breadth)
    : problem_(problem), failed_at_(breadth == Breadth::first_zone ? 1 : problem.zones.size(), never) {
  found_.reserve(failed_at_.size());
}

bool SpotSearch::comes_before(const Sight& sight, int a, int b) const {
  const bool a_up = sight.capacity[at(a)] == Seen::up;
  const bool b_up = sight.capacity[at(b)] == Seen::up;
  if (a_up != b_up) return a_up;
  if (!a_up && failed_at_[at(a)] != failed_at_[at(b)]) return failed_at_[at(a)] < failed_at_[at(b)];
  const double a_price = sight.spot_per_h[at(a)];
  const double b_price = sight.spot_per_h[at(b)];
  if (a_price != b_price) return a_price < b_price;
  return problem_.zones[at(a)].name < problem_.zones[at(b)].name;
}

const std::vector<int>& SpotSearch::candidates(const Sight& sight) {
  if (sight.last_attempt && !sight.last_attempt->ok &&
      at(sight.last_attempt->what.zone) < failed_at_.size()) {
    failed_at_[at(sight.last_attempt->what.zone)] = sight.tick - 1;
  }
  found_.clear();
  for (std::size_t i = 0; i < failed_at_.size(); ++i) {
    const bool dear = sight.spot_per_h[i] >= problem_.zones[i].on_demand_per_h;
    const bool barred = sight.is_barred(static_cast<int>(i), Purchase::spot);
    if (sight.capacity[i] != Seen::down && !barred && !dear) found_.push_back(static_cast<int>(i));
  }
  std::ranges::sort(found_, [&](int a, int b) { return comes_before(sight, a, b); });
  return found_;
}

std::optional<Answer> SpotSearch::stay_or_take(const Sight& sight) {
  candidates(sight);
  const bool on_spot = sight.held && sight.held->purchase == Purchase::spot;
  if (on_spot && is_safe(problem_, sight, hold())) return hold();
  if (found_.empty()) return std::nullopt;
  const Answer spot = launch(found_.front(), Purchase::spot);
  return is_safe(problem_, sight, spot) ? std::optional(spot) : std::nullopt;
}

}  // namespace tradewind::policy
