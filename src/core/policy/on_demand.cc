// The plain policy: the cheapest on-demand machine that can be had. It is not given up for a better price.
#include "core/policy/choose.h"
#include "core/policy/policy.h"

namespace tradewind::policy {
namespace {

class OnDemand final : public Policy {
 public:
  std::string_view name() const override { return "on_demand"; }

  Decision decide(const View& view) const override {
    if (view.held && view.held->purchase != Purchase::spot) {
      return {Decision::Kind::hold, 0, {}, offer_key(*view.held) + " runs the job"};
    }
    const std::optional<std::size_t> choice = cheapest(view, is_on_demand);
    if (choice) {
      return {Decision::Kind::launch,
              *choice,
              {},
              offer_key(view.candidates[*choice].offer) + " is the cheapest on-demand offer to be had"};
    }
    if (view.held) {
      return {Decision::Kind::hold, 0, {}, "no on-demand offer can be had, so the spot machine runs on"};
    }
    return wait_for_candidate(view, is_on_demand, "on-demand offer");
  }
};

}  // namespace

std::unique_ptr<Policy> make_on_demand() {
  return std::make_unique<OnDemand>();
}

}  // namespace tradewind::policy
