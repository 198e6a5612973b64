// After SkyNomad (arXiv 2601.06520, 2026), as far as its abstract tells: look at all zones, learn how often
// each is up and how long it lasts, weigh a move against what it costs, and put all into one money model with
// the deadline's pressure. What the abstract leaves open is filled in here:
//   - a zone's share of time up: weighted counts of what was seen, with 2 + 2 observations beforehand and a
//   forgetting of 0.3 % a tick;
//   - its lifetime: time seen up over losses seen, with one loss in two hours beforehand;
//   - a zone's price of a second of progress: (price * life + egress) / (life - set-up); an unseen zone's is
//   dearer by 30 % of the
//     chance that it is down, and by half where a try has just failed;
//   - spot is left for a zone that is cheaper by 15 %; on-demand is bought when the rate of progress that the
//   deadline asks for is
//     above nine tenths of the share of time in which any zone is expected to be up.
#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "core/policy/players.h"
#include "core/policy/safety.h"

namespace tradewind::policy {
namespace {

constexpr double hour_s = 3600;
constexpr double forgetting = 0.997;
constexpr double seen_beforehand = 2;
constexpr double lifetime_beforehand_s = 2 * hour_s;
constexpr double least_useful_share = 0.05;  // of a lifetime, whatever the set-up
constexpr double switch_gain = 0.85;
constexpr double rate_trusted = 0.9;
constexpr int ticks_of_regret = 4;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

struct Knowledge {
  double up = seen_beforehand;
  double down = seen_beforehand;
  double alive_s = lifetime_beforehand_s;
  double losses = 1;
  bool was_up = false;  // when it was seen at the last tick
  double share_up() const { return up / (up + down); }
  double life_s() const { return alive_s / losses; }
};

class SkyNomadLikePlayer final : public Player {
 public:
  explicit SkyNomadLikePlayer(const Problem& problem)
      : problem_(problem),
        search_(problem, Breadth::all_zones),
        known_(problem.zones.size()),
        failed_at_(problem.zones.size(), never) {}

  Answer decide(const Sight& sight) override {
    learn(sight);
    const std::optional<Choice> best = best_of(search_.candidates(sight), sight);
    if (sight.held && sight.held->purchase == Purchase::spot) return on_spot(sight, best);
    if (best && best->usd_per_s < cheapest_on_demand() / hour_s) {
      const Answer spot = launch(best->zone, Purchase::spot);
      if (is_safe(problem_, sight, spot)) return spot;
    }
    const bool on_demand = sight.held.has_value();
    if (is_pressed(sight, on_demand ? 0.95 : 1) || !is_safe(problem_, sight, stop()))
      return rescue(problem_, sight);
    return on_demand ? stop() : hold();
  }

 private:
  static constexpr int never = -1'000'000'000;
  struct Choice {
    int zone = 0;
    double usd_per_s = std::numeric_limits<double>::infinity();
  };

  void learn(const Sight& sight) {
    if (sight.last_attempt && !sight.last_attempt->ok)
      failed_at_[at(sight.last_attempt->what.zone)] = sight.tick - 1;
    for (std::size_t i = 0; i < known_.size(); ++i) note(sight, i);
    held_before_.reset();
    if (sight.held && sight.held->purchase == Purchase::spot) held_before_ = sight.held->zone;
  }

  void note(const Sight& sight, std::size_t zone) {
    Seen seen = sight.capacity[zone];
    const bool lost = sight.preempted && held_before_ == static_cast<int>(zone);
    const bool refused = failed_at_[zone] == sight.tick - 1;
    if (seen == Seen::unknown && (lost || refused)) seen = Seen::down;
    Knowledge& known = known_[zone];
    if (seen == Seen::unknown) {
      known.was_up = false;
      return;
    }
    const bool up = seen == Seen::up;
    known.up = known.up * forgetting + (up ? 1 : 0);
    known.down = known.down * forgetting + (up ? 0 : 1);
    if (known.was_up || lost) {
      known.alive_s += problem_.tick_s;
      known.losses += up ? 0 : 1;
    }
    known.was_up = up;
  }

  double unit_cost(const Sight& sight, int zone, double setup, double egress_usd) const {
    const double left = std::max(problem_.work_s - sight.progress_s, 1.0);
    const double life = std::min(known_[at(zone)].life_s(), left + setup);
    const double useful = std::max(life - setup, least_useful_share * life);
    return (sight.spot_per_h[at(zone)] / hour_s * life + egress_usd) / useful;
  }

  std::optional<Choice> best_of(const std::vector<int>& candidates, const Sight& sight) const {
    std::optional<Choice> best;
    for (const int zone : candidates) {
      if (sight.held == Holding{zone, Purchase::spot}) continue;
      double cost = unit_cost(sight, zone, setup_s(problem_, sight, zone), move_usd(problem_, sight, zone));
      if (sight.capacity[at(zone)] == Seen::unknown) {
        const bool just_failed = sight.tick - failed_at_[at(zone)] < ticks_of_regret;
        cost *= 1 + 0.3 * (1 - known_[at(zone)].share_up()) + (just_failed ? 0.5 : 0);
      }
      if (!best || cost < best->usd_per_s) best = Choice{zone, cost};
    }
    return best;
  }

  Answer on_spot(const Sight& sight, const std::optional<Choice>& best) const {
    const double now = unit_cost(sight, sight.held->zone, sight.setup_left_s, 0);
    if (best && sight.capacity[at(best->zone)] == Seen::up && best->usd_per_s < switch_gain * now) {
      const Answer other = launch(best->zone, Purchase::spot);
      if (is_safe(problem_, sight, other)) return other;
    }
    return is_safe(problem_, sight, hold()) ? hold() : rescue(problem_, sight);
  }

  // Whether the deadline asks for more progress than spot is expected to make.
  bool is_pressed(const Sight& sight, double ease) const {
    const double left = std::max(time_left_s(problem_, sight) - problem_.cold_start_s, 1.0);
    double none_up = 1;
    for (const Knowledge& known : known_) none_up *= 1 - known.share_up();
    return (problem_.work_s - sight.progress_s) / left > (1 - none_up) * rate_trusted * ease;
  }

  double cheapest_on_demand() const {
    return std::ranges::min_element(problem_.zones, {}, &Zone::on_demand_per_h)->on_demand_per_h;
  }

  const Problem& problem_;
  SpotSearch search_;
  std::vector<Knowledge> known_;
  std::vector<int> failed_at_;
  std::optional<int> held_before_;
};

}  // namespace

std::unique_ptr<Player> skynomad_like_player(const Problem& problem) {
  return std::make_unique<SkyNomadLikePlayer>(problem);
}

}  // namespace tradewind::policy
