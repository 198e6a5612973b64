#include "core/policy/tradewind_player.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/reversed.h"
#include "core/policy/safety.h"

namespace tradewind::policy {
namespace {

// A table serves for some hours, fewer where slack is short, and is renewed a few layers a tick.
constexpr double table_serves_min_h = 2;
constexpr double table_serves_max_h = 4;
constexpr double slacks_a_table = 3;
constexpr double prices_drift = 0.03;  // since the table was begun: a new one is begun
constexpr double prices_jump = 0.25;   // a new one is made at once
// What the model cannot know is charged as shares of an hour on demand. Waiting while something could run is
// not free.
constexpr double patience_price = 0.03;
// On-demand and egress are paid for good, and cost the same later, so that time is given a better price
// there.
constexpr double option_price = -0.1;
// What runs is left only for a gain of so many hours on demand.
constexpr double gain_to_leave_h = 0.1;
constexpr std::size_t places_ahead_max = 8;  // that waiting is weighed for
constexpr double hardly_up = 0.01;
// More slack than this is worth no more: capacity comes back within days, or not at all.
constexpr double slack_counts_h = 72;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

// The chance of each phase to end within that time.
PhaseMix ends_within(double hours) {
  PhaseMix ends{};
  for (std::size_t p = 0; p < phases; ++p) ends[p] = 1 - std::exp(-hours / up_mean_h[p]);
  return ends;
}

std::string usd(double value) {
  if (value >= Weighed::never / 2) return "not possible";
  char text[32];
  std::snprintf(text, sizeof text, std::abs(value) < 1 ? "%.2g USD" : "%.2f USD", value);
  return text;
}

}  // namespace

TradewindPlayer::TradewindPlayer(const Problem& problem)
    : problem_(problem),
      belief_(problem),
      on_demand_zones_(problem.regions.size(), -1),
      tick_h_(problem.tick_s / 3600),
      home_setup_{problem.cold_start_s / 3600, ends_within(problem.cold_start_s / 3600)},
      away_setup_{(problem.cold_start_s + problem.transfer_s) / 3600,
                  ends_within((problem.cold_start_s + problem.transfer_s) / 3600)} {
  for (std::size_t i = 0; i < problem.zones.size(); ++i) {
    const Zone& zone = problem.zones[i];
    const auto cheaper = [&](int than) {
      return than < 0 || zone.on_demand_per_h < problem.zones[at(than)].on_demand_per_h;
    };
    int& of_region = on_demand_zones_[at(zone.region_index)];
    if (cheaper(of_region)) of_region = static_cast<int>(i);
    if (cheaper(cheapest_on_demand_zone_)) cheapest_on_demand_zone_ = static_cast<int>(i);
  }
  weighed_.launch.assign(problem.zones.size(), Weighed::never);
}

Answer TradewindPlayer::decide(const Sight& sight) {
  look(sight);
  keep_table(sight);
  weigh(sight);
  if (!sight.held) {
    answer_ = choose_idle(sight);
  } else if (sight.held->purchase == Purchase::spot) {
    answer_ = choose_on_spot(sight);
  } else {
    answer_ = choose_on_demand(sight);
  }
  return answer_;
}

void TradewindPlayer::look(const Sight& sight) {
  belief_.learn(sight);
  work_h_ = (problem_.work_s - sight.progress_s) / 3600;
  slack_h_ = std::min(time_left_s(problem_, sight) / 3600 - work_h_, slack_counts_h);
  home_ = sight.progress_s > 0 && sight.checkpoint_region ? *sight.checkpoint_region : -1;
}

Market TradewindPlayer::market(const Sight& sight) const {
  Market market;
  market.cold_start_h = home_setup_.hours;
  market.transfer_h = away_setup_.hours - home_setup_.hours;
  market.tick_h = tick_h_;
  market.checkpoint_interval_h = problem_.checkpoint_interval_s / 3600;
  market.move_usd = problem_.move_usd;
  market.waiting_usd_per_h = problem_.waiting_usd_per_h;
  for (const int zone : on_demand_zones_) {
    market.on_demand_per_h.push_back(zone < 0 ? 0 : on_demand_per_h(zone));
  }
  for (std::size_t i = 0; i < problem_.zones.size(); ++i) {
    const ZoneBelief& belief = belief_.zone(static_cast<int>(i));
    market.zones.push_back(
        {sight.spot_per_h[i], problem_.zones[i].region_index, belief.next, belief.share, belief.rise_per_h});
  }
  return market;
}

// How far prices are from those that the table was made for, as a share.
double TradewindPlayer::prices_moved(const Sight& sight) const {
  double most = 0;
  for (std::size_t i = 0; i < sight.spot_per_h.size(); ++i) {
    const double before = table_prices_[i];
    most = std::max(most, std::abs(sight.spot_per_h[i] - before) / std::max(before, 1e-9));
  }
  return most;
}

void TradewindPlayer::keep_table(const Sight& sight) {
  const double now_h = sight.tick * tick_h_;
  const auto begin = [&](ValueTable& table) {
    table.begin(market(sight), work_h_, slack_h_);
    table_prices_ = sight.spot_per_h;
    table_serves_h_ = std::clamp(slack_h_ / slacks_a_table, table_serves_min_h, table_serves_max_h);
    next_table_at_h_ = now_h + table_serves_h_;
  };
  if (!table_.is_begun() || prices_moved(sight) > prices_jump) {
    begin(table_);
    table_.step(ValueTable::work_layers);
    next_table_ = ValueTable();
    return;
  }
  if (next_table_.is_complete() && (now_h >= next_table_at_h_ || prices_moved(sight) > prices_drift)) {
    begin(next_table_);
    return;
  }
  if (next_table_.is_complete()) return;
  const auto layers = static_cast<std::size_t>(
      std::ceil(static_cast<double>(ValueTable::work_layers) * tick_h_ / table_serves_h_));
  if (!next_table_.step(layers)) return;
  table_ = std::move(next_table_);
  next_table_ = ValueTable();  // a hundred thousand jobs do not hold two tables each
}

// ---- what things cost

bool TradewindPlayer::is_away(int zone) const {
  return home_ >= 0 && problem_.zones[at(zone)].region_index != home_;
}

// Prices hold what an hour of waiting for the end is worth.
double TradewindPlayer::on_demand_per_h(int zone) const {
  return problem_.zones[at(zone)].on_demand_per_h + problem_.waiting_usd_per_h;
}

double TradewindPlayer::spot_per_h(const Sight& sight, int zone) const {
  return sight.spot_per_h[at(zone)] + problem_.waiting_usd_per_h;
}

double TradewindPlayer::price_scale(const Sight& sight) const {
  const double on_demand = problem_.zones[at(cheapest_on_demand_zone_)].on_demand_per_h;
  if (on_demand < not_sold_per_h) return on_demand;
  return 3 * *std::min_element(sight.spot_per_h.begin(), sight.spot_per_h.end());
}

double TradewindPlayer::chance_up(const Sight& sight, int zone) const {
  if (sight.capacity[at(zone)] == Seen::unknown) return belief_.zone(zone).up;
  return sight.capacity[at(zone)] == Seen::up ? 1 : 0;
}

// On spot in a zone, with set-up still to run: it may be lost before it does any work.
double TradewindPlayer::spot_cost(int zone, double slack_h, const SetUp& setup, const PhaseMix& life,
                                  double price_per_h) const {
  const ValueTable::Point then = table_.locate(work_h_, slack_h - setup.hours);
  double lives = 0;
  double dies = 0;
  for (std::size_t p = 0; p < phases; ++p) {
    lives += life[p] * table_.on_spot(zone, p, then);
    dies += life[p] * setup.ends[p];
  }
  if (setup.hours <= 0) return lives;
  const int back = home_ >= 0 ? home_ : problem_.zones[at(zone)].region_index;
  const double lost =
      table_.down(back, Weighed::never, table_.locate(work_h_, slack_h - setup.hours / 2 - tick_h_ / 2));
  return lives + dies * std::max(0.0, lost - lives) + price_per_h * setup.hours;
}

double TradewindPlayer::launch_cost(int zone, double slack_h, const PhaseMix& life,
                                    const Sight& sight) const {
  const double egress =
      is_away(zone) ? problem_.move_cost_usd(home_, problem_.zones[at(zone)].region_index) : 0;
  return egress + spot_cost(zone, slack_h, setup_of(zone), life, spot_per_h(sight, zone));
}

const TradewindPlayer::SetUp& TradewindPlayer::setup_of(int zone) const {
  return is_away(zone) ? away_setup_ : home_setup_;
}

// The hazard of a region's outage: that of its zone that is the most likely to come back.
double TradewindPlayer::outage_rate_per_h(int region, double waited_h) const {
  double highest = 0;
  const ZoneBelief* first = nullptr;
  for (std::size_t i = 0; i < problem_.zones.size(); ++i) {
    if (problem_.zones[i].region_index != region) continue;
    const ZoneBelief& zone = belief_.zone(static_cast<int>(i));
    double rate = 0;
    for (std::size_t k = 0; k < phases; ++k) rate += zone.down_phases[k] / down_mean_h[k];
    if (first == nullptr || rate > highest) {
      highest = rate;
      first = &zone;
    }
  }
  if (first == nullptr || waited_h <= 0) return highest;
  double alive = 0;
  double ends = 0;
  for (std::size_t k = 0; k < phases; ++k) {
    const double part = first->down_phases[k] * std::exp(-waited_h / down_mean_h[k]);
    alive += part;
    ends += part / down_mean_h[k];
  }
  return ends / alive;
}

double TradewindPlayer::on_demand_cost(int region, double slack_h, double setup_h, double waited_h) const {
  const double price = on_demand_per_h(on_demand_zones_[at(region)]);
  return table_.on_demand(region, outage_rate_per_h(region, waited_h),
                          table_.locate(work_h_, slack_h - setup_h)) +
         price * setup_h;
}

double TradewindPlayer::cheapest_on_demand_cost(double slack_h, double waited_h, int& zone) const {
  double best = Weighed::never;
  for (std::size_t region = 0; region < on_demand_zones_.size(); ++region) {
    if (on_demand_zones_[region] < 0 || (home_ >= 0 && at(home_) != region)) continue;
    const double cost = on_demand_cost(static_cast<int>(region), slack_h, home_setup_.hours, waited_h);
    if (cost >= best) continue;
    best = cost;
    zone = on_demand_zones_[region];
  }
  return best;
}

// What an hour of slack is worth to a job that holds nothing, USD.
double TradewindPlayer::slack_worth_per_h() const {
  constexpr double over_h = 0.5;
  const int region = home_ >= 0 ? home_ : problem_.zones[at(cheapest_on_demand_zone_)].region_index;
  const double less_h = std::max(slack_h_ - over_h, 0.0);
  if (slack_h_ <= less_h) return 0;
  const double rate = outage_rate_per_h(region, 0);
  return (table_.down(region, rate, table_.locate(work_h_, less_h)) -
          table_.down(region, rate, table_.locate(work_h_, slack_h_))) /
         (slack_h_ - less_h);
}

void TradewindPlayer::weigh(const Sight& sight) {
  weighed_.work_h = work_h_;
  weighed_.slack_h = slack_h_;
  weighed_.hold = Weighed::never;
  if (sight.held) {
    const int zone = sight.held->zone;
    const double setup_h = sight.setup_left_s / 3600;
    weighed_.hold = sight.held->purchase == Purchase::spot
                        ? spot_cost(zone, slack_h_, {setup_h, ends_within(setup_h)},
                                    belief_.zone(zone).up_phases, spot_per_h(sight, zone))
                        : on_demand_cost(problem_.zones[at(zone)].region_index, slack_h_, setup_h, 0);
  }
  weigh_launches(sight);
  weighed_.wait = weighed_.wait_longer = weighed_.on_demand = Weighed::never;
  weighed_.on_demand_zone = -1;
  weighed_.instead_of_spot = !sight.held || sight.held->purchase != Purchase::spot;
  if (!weighed_.instead_of_spot) return;
  weigh_on_demand(sight);
  weigh_waiting(sight);
}

void TradewindPlayer::weigh_on_demand(const Sight& sight) {
  if (sight.held && sight.held->purchase == Purchase::on_demand) return;
  weighed_.on_demand = cheapest_on_demand_cost(slack_h_, 0, weighed_.on_demand_zone);
}

void TradewindPlayer::weigh_launches(const Sight& sight) {
  for (std::size_t i = 0; i < problem_.zones.size(); ++i) {
    const int zone = static_cast<int>(i);
    const bool held = sight.held && *sight.held == Holding{zone, Purchase::spot};
    weighed_.launch[i] = held || sight.is_barred(zone, Purchase::spot)
                             ? Weighed::never
                             : launch_cost(zone, slack_h_, belief_.zone(zone).up_phases, sight);
  }
}

// The zones that cost the least to launch in, were they up.
std::vector<TradewindPlayer::PlaceAhead> TradewindPlayer::places_ahead(const Sight& sight) const {
  std::vector<int> zones;
  for (std::size_t i = 0; i < problem_.zones.size(); ++i) zones.push_back(static_cast<int>(i));
  if (zones.size() > places_ahead_max) {
    std::nth_element(zones.begin(), zones.begin() + places_ahead_max, zones.end(),
                     [&](int a, int b) { return weighed_.launch[at(a)] < weighed_.launch[at(b)]; });
    zones.resize(places_ahead_max);
  }
  std::vector<PlaceAhead> places;
  places.reserve(zones.size());
  for (const int zone : zones) {
    const ZoneBelief& belief = belief_.zone(zone);
    const bool is_up = sight.capacity[at(zone)] == Seen::up;
    places.push_back({zone, is_up ? belief.up_phases : PhaseMix{}, is_up ? PhaseMix{} : belief.down_phases});
  }
  return places;
}

// From now down to the last slack with which on-demand keeps the deadline.
void TradewindPlayer::weigh_waiting(const Sight& sight) {
  if (!is_safe(problem_, sight, stop()) || slack_h_ - tick_h_ < home_setup_.hours) return;
  std::vector<PlaceAhead> places = places_ahead(sight);
  waiting_.clear();
  waiting_.add(slack_h_, 0);
  const double next_h = slack_h_ - tick_h_;
  double before_h = slack_h_;
  look_ahead(sight, places, before_h, next_h);
  before_h = next_h;
  for (std::size_t j = ValueTable::slack_points; j-- > 0;) {
    const double slack_h = table_.slack_h(j);
    if (slack_h >= next_h - 1e-9 || slack_h < home_setup_.hours) continue;
    look_ahead(sight, places, before_h, slack_h);
    before_h = slack_h;
  }
  weighed_.wait = waiting_.cost(problem_.waiting_usd_per_h + patience_price * price_scale(sight));
  weighed_.wait_longer = waiting_.cost(problem_.waiting_usd_per_h + option_price * price_scale(sight));
}

// One moment further ahead: the places grow older, and what launching would cost then is weighed.
void TradewindPlayer::look_ahead(const Sight& sight, std::vector<PlaceAhead>& places, double before_h,
                                 double slack_h) {
  Waiting::Moment& moment = waiting_.add(slack_h, places.size());
  int cheapest = -1;
  moment.on_demand = cheapest_on_demand_cost(slack_h, slack_h_ - slack_h, cheapest);
  const double passed_h = before_h - slack_h;
  const double middle_h = (before_h + slack_h) / 2;
  PhaseMix up_lasts{};
  PhaseMix down_lasts{};
  for (std::size_t p = 0; p < phases; ++p) {
    up_lasts[p] = std::exp(-passed_h / up_mean_h[p]);
    down_lasts[p] = std::exp(-passed_h / down_mean_h[p]);
  }
  for (std::size_t i = 0; i < places.size(); ++i) {
    PlaceAhead& ahead = places[i];
    Waiting::Place& place = moment.places[i];
    double still_down = 0;
    double came = 0;
    for (std::size_t p = 0; p < phases; ++p) {
      came += ahead.down[p] * (1 - down_lasts[p]);
      ahead.down[p] *= down_lasts[p];
      still_down += ahead.down[p];
      ahead.up[p] *= up_lasts[p];
      place.still_up += ahead.up[p];
    }
    const double needed_h = setup_of(ahead.zone).hours + home_setup_.hours;  // and to fall back on
    const ZoneBelief& belief = belief_.zone(ahead.zone);
    place.fresh = place.found = Weighed::never;
    if (came > 0 && middle_h >= needed_h) {
      place.comes = came / (came + still_down);
      place.fresh = launch_cost(ahead.zone, middle_h, belief.next.up, sight);
    }
    if (place.still_up > 0 && slack_h >= needed_h) {
      place.found = launch_cost(ahead.zone, slack_h, belief.up_phases, sight);
    }
  }
}

// ---- the choice

int TradewindPlayer::best_seen(const Sight& sight, bool at_home_only) const {
  int best = -1;
  for (std::size_t i = 0; i < problem_.zones.size(); ++i) {
    const int zone = static_cast<int>(i);
    if (sight.capacity[i] != Seen::up || weighed_.launch[i] >= Weighed::never) continue;
    if (at_home_only && is_away(zone)) continue;
    if (best >= 0 && weighed_.launch[i] >= weighed_.launch[at(best)]) continue;
    if (is_safe(problem_, sight, policy::launch(zone, Purchase::spot))) best = zone;
  }
  return best;
}

// One zone can be tried a tick. The order of least expected cost is by launch cost + failure_cost / chance
// (Weitzman's rule for the search among boxes); a zone whose index is no better than what there is without it
// is not tried.
TradewindPlayer::Search TradewindPlayer::search(const Sight& sight, double if_all_fail, double margin,
                                                double failure_cost, double wait_cost) const {
  Search result{-1, if_all_fail};
  if (problem_.info == Info::all || if_all_fail >= Weighed::never) return result;
  struct Box {
    double index, cost, up;
    int zone;
  };
  std::vector<Box> boxes;
  for (std::size_t i = 0; i < problem_.zones.size(); ++i) {
    const int zone = static_cast<int>(i);
    if (sight.capacity[i] != Seen::unknown || weighed_.launch[i] >= Weighed::never) continue;
    const double up = belief_.zone(zone).up;
    if (up < hardly_up || !is_safe(problem_, sight, policy::launch(zone, Purchase::spot))) continue;
    const double premium = sight.held ? 0 : std::min(wait_cost, move_usd(problem_, sight, zone));
    const double cost = weighed_.launch[i] + premium;
    const double index = cost + failure_cost / up;
    if (index < if_all_fail - margin) boxes.push_back({index, cost, up, zone});
  }
  if (boxes.empty()) return result;
  std::sort(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) { return a.index < b.index; });
  result.first = boxes.front().zone;
  for (const Box& box : reversed(boxes)) {
    const double fails = result.cost + (sight.held ? 0 : failure_cost);
    result.cost = box.up * std::min(result.cost, box.cost) + (1 - box.up) * fails;
  }
  return result;
}

Answer TradewindPlayer::choose_on_spot(const Sight& sight) {
  const bool may_hold = is_safe(problem_, sight, hold());
  const double margin = gain_to_leave_h * price_scale(sight);
  const double stay = may_hold ? weighed_.hold : Weighed::never;
  const int seen = best_seen(sight, false);
  double cost = stay;
  Answer answer = hold();
  if (seen >= 0 && weighed_.launch[at(seen)] < cost - margin) {
    cost = weighed_.launch[at(seen)];
    answer = policy::launch(seen, Purchase::spot);
  }
  if (!may_hold) return answer.action == Answer::Action::hold ? rescue(problem_, sight) : answer;
  const Search found = search(sight, stay, margin, 0, 0);
  if (found.first >= 0 && found.cost < cost) return policy::launch(found.first, Purchase::spot);
  return answer;
}

Answer TradewindPlayer::choose_on_demand(const Sight& sight) {
  const double margin = gain_to_leave_h * price_scale(sight);
  double cost = weighed_.hold;
  Answer answer = hold();
  const Search found = search(sight, cost, margin, price_scale(sight) * tick_h_, 0);
  if (found.first >= 0 && found.cost < cost) {
    cost = found.cost;
    answer = policy::launch(found.first, Purchase::spot);
  }
  const int seen = best_seen(sight, false);
  if (seen >= 0 && weighed_.launch[at(seen)] < cost - margin) return policy::launch(seen, Purchase::spot);
  if (seen < 0 && weighed_.wait_longer < cost - margin) return stop();
  return answer;
}

Answer TradewindPlayer::choose_idle(const Sight& sight) {
  // A move is paid for good: it is held against waiting at its better price.
  const double move_premium = weighed_.wait < Weighed::never ? weighed_.wait - weighed_.wait_longer : 0;
  const double failure_cost =
      std::max(0.0, (slack_worth_per_h() + patience_price * price_scale(sight)) * tick_h_);
  const Search found = search(sight, weighed_.wait, 0, failure_cost, move_premium);
  double cost = std::min(weighed_.wait, found.cost);
  Answer answer = found.first >= 0 ? policy::launch(found.first, Purchase::spot) : hold();
  const auto take = [&](int zone, double premium) {
    if (zone < 0 || weighed_.launch[at(zone)] + premium >= cost) return;
    cost = weighed_.launch[at(zone)] + premium;
    answer = policy::launch(zone, Purchase::spot);
  };
  const int seen = best_seen(sight, false);
  take(seen, seen >= 0 && is_away(seen) ? std::min(move_premium, move_usd(problem_, sight, seen)) : 0);
  take(best_seen(sight, true), 0);
  const double instead =
      answer.action == Answer::Action::hold ? weighed_.wait_longer : std::min(cost, weighed_.wait_longer);
  if (weighed_.on_demand < instead) return policy::launch(weighed_.on_demand_zone, Purchase::on_demand);
  if (cost >= Weighed::never) return rescue(problem_, sight);
  return answer;
}

std::string TradewindPlayer::why() const {
  int best = -1;
  for (std::size_t i = 0; i < weighed_.launch.size(); ++i) {
    if (best < 0 || weighed_.launch[i] < weighed_.launch[at(best)]) best = static_cast<int>(i);
  }
  const int spot = answer_.action == Answer::Action::launch && answer_.launch.purchase == Purchase::spot
                       ? answer_.launch.zone
                       : best;
  std::string text = "to the end: ";
  if (weighed_.hold < Weighed::never) text += "held " + usd(weighed_.hold) + ", ";
  if (spot >= 0) {
    const ZoneBelief& belief = belief_.zone(spot);
    double hazard = 0;
    for (std::size_t p = 0; p < phases; ++p) hazard += belief.up_phases[p] / up_mean_h[p];
    char detail[80];
    std::snprintf(detail, sizeof detail, " (up %.0f %%, lost %.2f times an hour)", 100 * belief.up, hazard);
    text += "spot in " + problem_.zones[at(spot)].name + " " + usd(weighed_.launch[at(spot)]) + detail + ", ";
  }
  if (weighed_.instead_of_spot) {
    text += "waiting " + usd(weighed_.wait) + ", on demand " + usd(weighed_.on_demand) + "; ";
  }
  char margin[80];
  std::snprintf(margin, sizeof margin, "%.2f h of work, %.2f h of slack", weighed_.work_h, weighed_.slack_h);
  return text + margin;
}

}  // namespace tradewind::policy
