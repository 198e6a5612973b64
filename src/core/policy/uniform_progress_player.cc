// Uniform Progress (Wu et al., "Can't Be Late: Optimizing Spot Instance Savings under Deadlines", NSDI 2024,
// section 4): stay on spot, and take it when it can be had; without it, on-demand while progress is behind
// the straight line from nothing at the start to all at the deadline. Once on on-demand, stay until ahead of
// that line by two changeovers, so as not to change back and forth at it.
#include "core/policy/players.h"
#include "core/policy/safety.h"

namespace tradewind::policy {
namespace {

class UniformProgressPlayer final : public Player {
 public:
  UniformProgressPlayer(const Problem& problem, Breadth breadth)
      : problem_(problem), search_(problem, breadth) {}

  void recall(const Sight& sight) override { search_.candidates(sight); }

  Answer decide(const Sight& sight) override {
    if (const std::optional<Answer> spot = search_.stay_or_take(sight)) return *spot;
    const bool on_demand = sight.held && sight.held->purchase == Purchase::on_demand;
    const bool behind = sight.progress_s < line_s(sight, on_demand ? 2 * problem_.cold_start_s : 0);
    if (behind || !is_safe(problem_, sight, stop())) return rescue(problem_, sight);
    return sight.held ? stop() : hold();
  }

 private:
  // Progress that the line asks for, so many seconds from now.
  double line_s(const Sight& sight, double ahead_s) const {
    return (problem_.tick_s * sight.tick + ahead_s) * problem_.work_s / problem_.deadline_s();
  }

  const Problem& problem_;
  SpotSearch search_;
};

}  // namespace

std::unique_ptr<Player> uniform_progress_player(const Problem& problem, Breadth breadth) {
  return std::make_unique<UniformProgressPlayer>(problem, breadth);
}

}  // namespace tradewind::policy
