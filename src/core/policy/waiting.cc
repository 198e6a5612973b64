#include "core/policy/waiting.h"

#include <algorithm>

namespace tradewind::policy {
namespace {

constexpr double hardly = 0.02;  // chances below are not counted on

}  // namespace

Waiting::Moment& Waiting::add(double slack_h, std::size_t places) {
  if (count_ == moments_.size()) moments_.emplace_back();
  Moment& moment = moments_[count_++];
  moment.slack_h = slack_h;
  moment.places.assign(places, Place{});
  return moment;
}

// The best place that came back is taken, if it beats waiting on.
double Waiting::after_arrivals(const Moment& moment, double wait_on) const {
  order_.clear();
  for (std::size_t i = 0; i < moment.places.size(); ++i) {
    if (moment.places[i].comes > 0 && moment.places[i].fresh < wait_on) order_.push_back(i);
  }
  std::sort(order_.begin(), order_.end(),
            [&](std::size_t a, std::size_t b) { return moment.places[a].fresh > moment.places[b].fresh; });
  double cost = wait_on;
  for (const std::size_t i : order_) {
    cost += moment.places[i].comes * (std::min(cost, moment.places[i].fresh) - cost);
  }
  return cost;
}

double Waiting::cost(double per_h) const {
  double cost = moments_[count_ - 1].on_demand;
  for (std::size_t k = count_ - 1; k > 0; --k) {
    cost = after_arrivals(moments_[k], cost) + per_h * (moments_[k - 1].slack_h - moments_[k].slack_h);
    if (k == 1) break;  // now is not ahead
    const Moment& before = moments_[k - 1];
    cost = std::min(cost, before.on_demand);
    for (const Place& place : before.places) {
      if (place.still_up > hardly && place.found < cost) cost += place.still_up * (place.found - cost);
    }
  }
  return cost;
}

}  // namespace tradewind::policy
