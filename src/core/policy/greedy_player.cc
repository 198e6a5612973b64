// Spot whenever it can be had; without spot nothing, until only on-demand keeps the deadline.
#include "core/policy/players.h"
#include "core/policy/safety.h"

namespace tradewind::policy {
namespace {

class GreedyPlayer final : public Player {
 public:
  GreedyPlayer(const Problem& problem, Breadth breadth) : problem_(problem), search_(problem, breadth) {}

  void recall(const Sight& sight) override { search_.candidates(sight); }

  Answer decide(const Sight& sight) override {
    if (const std::optional<Answer> spot = search_.stay_or_take(sight)) return *spot;
    // Once on on-demand it stays there: it was taken at the last moment.
    const bool on_demand = sight.held && sight.held->purchase == Purchase::on_demand;
    if (!on_demand && is_safe(problem_, sight, stop())) return sight.held ? stop() : hold();
    return rescue(problem_, sight);
  }

 private:
  const Problem& problem_;
  SpotSearch search_;
};

}  // namespace

std::unique_ptr<Player> greedy_player(const Problem& problem, Breadth breadth) {
  return std::make_unique<GreedyPlayer>(problem, breadth);
}

}  // namespace tradewind::policy
