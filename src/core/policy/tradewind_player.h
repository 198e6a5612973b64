// The default policy: what each answer will cost in the end, by what is believed of capacity
// (capacity_belief.h) and what a job will still cost (value_table.h); the cheapest that keeps the deadline is
// given. docs/policies.md has the mathematics and the figures.
#pragma once

#include <string>
#include <vector>

#include "core/policy/capacity_belief.h"
#include "core/policy/player.h"
#include "core/policy/value_table.h"
#include "core/policy/waiting.h"

namespace tradewind::policy {

// Expected cost from here to the end by what is done now, USD; `never` where it cannot be done.
struct Weighed {
  static constexpr double never = 1e30;
  double hold = never;  // go on with what is held
  bool instead_of_spot =
      false;  // the next four were weighed: not while spot is held, which is then left for spot alone
  double on_demand = never;  // buy it, in on_demand_zone
  int on_demand_zone = -1;
  double wait = never;         // hold nothing, against launches that cost no egress
  double wait_longer = never;  // the same, against what costs money that time may give back
  std::vector<double> launch;  // by zone: spot there, were it to be had now
  double work_h = 0;
  double slack_h = 0;
};

class TradewindPlayer final : public Player {
 public:
  explicit TradewindPlayer(const Problem& problem);
  Answer decide(const Sight& sight) override;
  void recall(const Sight& sight) override { belief_.learn(sight); }
  std::string why() const override;
  // The inverse of the mean life that it believes in.
  std::optional<double> hazard_per_h(int zone) const override {
    return 1 / mean_up_h(belief_.zone(zone).up_phases);
  }
  const Weighed& weighed() const { return weighed_; }

 private:
  void look(const Sight& sight);
  void keep_table(const Sight& sight);
  double prices_moved(const Sight& sight) const;
  Market market(const Sight& sight) const;

  void weigh(const Sight& sight);
  void weigh_launches(const Sight& sight);
  void weigh_on_demand(const Sight& sight);
  void weigh_waiting(const Sight& sight);
  struct PlaceAhead {  // a zone, and the phases of its spell at some moment ahead
    int zone = 0;
    PhaseMix up{};    // chances to be up, and to have been since now
    PhaseMix down{};  // to be down, and to have been since now
  };
  std::vector<PlaceAhead> places_ahead(const Sight& sight) const;
  void look_ahead(const Sight& sight, std::vector<PlaceAhead>& places, double before_h, double slack_h);
  struct SetUp {
    double hours = 0;
    PhaseMix ends{};  // the chance of each phase to end within it
  };
  const SetUp& setup_of(int zone) const;
  double spot_cost(int zone, double slack_h, const SetUp& setup, const PhaseMix& life,
                   double price_per_h) const;
  double launch_cost(int zone, double slack_h, const PhaseMix& life, const Sight& sight) const;
  double on_demand_cost(int region, double slack_h, double setup_h, double waited_h) const;
  double cheapest_on_demand_cost(double slack_h, double waited_h, int& zone) const;
  double outage_rate_per_h(int region, double waited_h) const;
  double slack_worth_per_h() const;

  Answer choose_on_spot(const Sight& sight);
  Answer choose_on_demand(const Sight& sight);
  Answer choose_idle(const Sight& sight);
  int best_seen(const Sight& sight, bool at_home_only) const;
  struct Search {
    int first = -1;  // the zone to try first; -1: none is worth a try
    double cost = 0;
  };
  Search search(const Sight& sight, double if_all_fail, double margin, double failure_cost,
                double wait_cost) const;
  bool is_away(int zone) const;
  double chance_up(const Sight& sight, int zone) const;
  double on_demand_per_h(int zone) const;
  double spot_per_h(const Sight& sight, int zone) const;
  double price_scale(const Sight& sight) const;  // an hour of the cheapest on-demand, USD

  const Problem& problem_;
  CapacityBelief belief_;
  ValueTable table_, next_table_;
  double next_table_at_h_ = 0;
  double table_serves_h_ = 0;
  std::vector<double> table_prices_;  // that the newest table was begun with
  std::vector<int> on_demand_zones_;  // by region, the cheapest
  int cheapest_on_demand_zone_ = 0;
  double tick_h_;
  SetUp home_setup_, away_setup_;  // of a launch
  double work_h_ = 0, slack_h_ = 0;
  int home_ = -1;  // region of the checkpoint; -1 while there is nothing to carry
  Waiting waiting_;
  Weighed weighed_;
  Answer answer_;
};

}  // namespace tradewind::policy
