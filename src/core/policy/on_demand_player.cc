// On-demand from the first tick: what a careful user does today, and what every other policy is measured by.
#include "core/policy/players.h"
#include "core/policy/safety.h"

namespace tradewind::policy {
namespace {

class OnDemandPlayer final : public Player {
 public:
  explicit OnDemandPlayer(const Problem& problem) : problem_(problem) {}
  Answer decide(const Sight& sight) override { return rescue(problem_, sight); }

 private:
  const Problem& problem_;
};

}  // namespace

std::unique_ptr<Player> on_demand_player(const Problem& problem) {
  return std::make_unique<OnDemandPlayer>(problem);
}

}  // namespace tradewind::policy
