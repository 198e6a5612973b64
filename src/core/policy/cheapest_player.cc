// For a job without a deadline: what costs least in expectation is taken at once and held. Nothing is gained
// by waiting where nobody says what an hour is worth; what was refused a moment ago is barred, and the next
// best taken.
#include <cmath>
#include <cstdio>

#include "core/policy/players.h"
#include "core/policy/safety.h"

namespace tradewind::policy {
namespace {

class CheapestPlayer final : public Player {
 public:
  CheapestPlayer(const Problem& problem, std::vector<WholeCost> costs)
      : problem_(problem), costs_(std::move(costs)) {}

  Answer decide(const Sight& sight) override {
    why_.clear();
    if (sight.held) return hold();
    const double left = 1 - sight.progress_s / problem_.work_s;
    Answer best = hold();
    double best_usd = 0;
    for (std::size_t i = 0; i < costs_.size(); ++i) {
      const int zone = static_cast<int>(i);
      const double move = move_usd(problem_, sight, zone);
      for (const Purchase purchase : {Purchase::on_demand, Purchase::spot}) {  // spot where it is less
        const double whole = purchase == Purchase::spot ? costs_[i].spot : costs_[i].on_demand;
        if (!std::isfinite(whole) || !is_usable(problem_, sight, launch(zone, purchase))) continue;
        const double usd = whole * left + move;
        if (best.action == Answer::Action::launch && usd >= best_usd) continue;
        best = launch(zone, purchase);
        best_usd = usd;
      }
    }
    tell(best, best_usd);
    return best;
  }

  std::string why() const override { return why_; }

 private:
  void tell(const Answer& answer, double usd) {
    if (answer.action != Answer::Action::launch) {
      why_ = "everything that fits was refused a moment ago";
      return;
    }
    char text[96];
    std::snprintf(text, sizeof text, "the cheapest to be had: %.2f USD expected to the end", usd);
    why_ = text;
  }

  const Problem& problem_;
  std::vector<WholeCost> costs_;
  std::string why_;
};

}  // namespace

std::unique_ptr<Player> cheapest_player(const Problem& problem, std::vector<WholeCost> costs) {
  return std::make_unique<CheapestPlayer>(problem, std::move(costs));
}

}  // namespace tradewind::policy
