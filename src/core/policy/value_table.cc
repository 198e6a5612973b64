#include "core/policy/value_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tradewind::policy {
namespace {

constexpr std::size_t places_away_max = 3;  // other regions' zones that a job may go to
constexpr std::size_t better_places_max = 3;
constexpr double better_price = 0.93;    // of the price now, to be worth a change
constexpr double together = 0.5;         // how often a zone is up when a neighbour falls, of its usual share
constexpr double neighbours_help = 0.3;  // of their chance to come back, since they fall and rise together
constexpr double oldest_outage_h = 16;   // the last stage's rate is the mean up to here
constexpr double room = 1.02;            // the grid reaches a little beyond what is asked for

double outlasts(const PhaseMix& down, double age_h) {
  double alive = 0;
  for (std::size_t k = 0; k < phases; ++k) alive += down[k] * std::exp(-age_h / down_mean_h[k]);
  return alive;
}

double stage_ends_h(std::size_t stage) {
  return stage + 1 < outage_stages ? stage_begins_h[stage + 1] : oldest_outage_h;
}

// Chance of at least one event in that time.
float chance(double per_h, double hours) {
  return static_cast<float>(1 - std::exp(-per_h * hours));
}

}  // namespace

std::array<double, outage_stages> stage_rates_per_h(const PhaseMix& down) {
  std::array<double, outage_stages> rates{};
  for (std::size_t a = 0; a < outage_stages; ++a) {
    rates[a] = std::log(outlasts(down, stage_begins_h[a]) / outlasts(down, stage_ends_h(a))) /
               (stage_ends_h(a) - stage_begins_h[a]);
  }
  return rates;
}

// ---- the grid and what does not depend on the layer

void ValueTable::begin(Market market, double work_h, double slack_h) {
  market_ = std::move(market);
  const std::size_t zones = market_.zones.size();
  prepare_grid(work_h, slack_h);
  prepare_regions();
  for (std::size_t r = 0; r < regions_.size(); ++r) choose_places(r, work_h);
  layers_.clear();
  layers_.reserve(work_layers + 1);
  add_layer();  // without work: nil
  launches_.assign(zones, Launches{});
  launches_before_ = launches_;
  fall_.assign(zones, Row{});
  fall_before_ = fall_;
  fall_earlier_ = fall_;
  next_layer_ = 1;
}

void ValueTable::add_layer() {
  layers_.emplace_back();
  layers_.back().spot.resize(market_.zones.size() * phases);
  layers_.back().on_demand.resize(regions_.size() * outage_stages);
  layers_.back().down.resize(regions_.size() * outage_stages);
}

void ValueTable::prepare_grid(double work_h, double slack_h) {
  step_h_ = std::max(work_h, market_.tick_h) / static_cast<double>(work_layers) * room;
  const double most = std::max(slack_h, 4 * market_.cold_start_h + market_.tick_h) * room;
  for (std::size_t j = 0; j < slack_points; ++j) {
    const double part = static_cast<double>(j) / static_cast<double>(slack_points - 1);
    slack_h_[j] = most * part * part;
  }
  by_cold_start_ = shift_by(market_.cold_start_h);
  by_move_ = shift_by(market_.cold_start_h + market_.transfer_h);
  by_lost_work_ = shift_by(market_.checkpoint_interval_h / 2 + market_.tick_h / 2);
  for (std::size_t p = 0; p < phases; ++p) {
    const double x = step_h_ / up_mean_h[p];
    lives_[p] = std::exp(-x);
    falls_when_[p] = 1 / x - lives_[p] / (1 - lives_[p]);
  }
}

void ValueTable::prepare_regions() {
  regions_.assign(market_.on_demand_per_h.size(), Region{});
  for (std::size_t zone = 0; zone < market_.zones.size(); ++zone) {
    regions_[static_cast<std::size_t>(market_.zones[zone].region)].zones.push_back(zone);
  }
  for (Region& region : regions_) {
    if (!region.zones.empty()) average_region(region);
  }
}

void ValueTable::average_region(Region& region) const {
  const double count = static_cast<double>(region.zones.size());
  for (const std::size_t zone : region.zones) {
    for (std::size_t p = 0; p < phases; ++p) {
      region.spells.up[p] += market_.zones[zone].next.up[p] / count;
      region.spells.down[p] += market_.zones[zone].next.down[p] / count;
    }
  }
  region.share = share_up(region.spells);
  region.rise_per_h = rise_per_h(region.spells.down);
  region.rate_per_h = stage_rates_per_h(region.spells.down);
  region.neighbours_per_h = neighbours_help * (count - 1) * region.rise_per_h;
  region.after_step = as_stages(region, passage(region, step_h_), step_h_);
  // The grid's steps are odd multiples of its first.
  Passage to = passage(region, slack_h_[1]);
  const Passage two_more = chained(to, to);
  for (std::size_t j = 1; j < slack_points; ++j) {
    region.after_wait[j] = as_stages(region, to, slack_h_[j] - slack_h_[j - 1]);
    to = chained(to, two_more);
  }
}

// Zones by what an hour there costs a job that lies in the region, the move spread over the time it may last.
void ValueTable::choose_places(std::size_t from, double work_h) {
  double life_h = 0;
  for (const Regime& regime : known_regimes) {
    life_h += regime.weight * mean_up_h(found_up(regime.spells.up));
  }
  life_h = std::max(std::min(work_h, life_h), 0.5);
  std::vector<std::pair<double, std::size_t>> by_cost;
  for (std::size_t zone = 0; zone < market_.zones.size(); ++zone) {
    const auto to = static_cast<std::size_t>(market_.zones[zone].region);
    by_cost.emplace_back(market_.zones[zone].price_per_h + (to == from ? 0 : fee(from, to) / life_h), zone);
  }
  std::sort(by_cost.begin(), by_cost.end());
  std::size_t away = 0;
  for (const auto& [cost, zone] : by_cost) {
    const bool is_away = static_cast<std::size_t>(market_.zones[zone].region) != from;
    if (is_away && ++away > places_away_max) continue;
    regions_[from].places.push_back(zone);
    if (is_away) regions_[from].aways.push_back(away_place(from, zone));
  }
}

ValueTable::Away ValueTable::away_place(std::size_t from, std::size_t zone) const {
  const MarketZone& place = market_.zones[zone];
  const double comes_per_h = place.rise_per_h * (1 - place.share);
  Away away{zone,
            static_cast<float>(fee(from, static_cast<std::size_t>(place.region))),
            chance(comes_per_h, step_h_),
            {}};
  for (std::size_t j = 1; j < slack_points; ++j) {
    away.comes_in_wait[j] = chance(comes_per_h, slack_h_[j] - slack_h_[j - 1]);
  }
  return away;
}

// One time after another.
ValueTable::Passage ValueTable::chained(const Passage& first, const Passage& then) {
  Passage both{};
  for (std::size_t a = 0; a < outage_stages; ++a) {
    for (std::size_t b = a; b < outage_stages; ++b) {
      for (std::size_t via = a; via <= b; ++via) both[a][b] += first[a][via] * then[via][b];
    }
  }
  return both;
}

// A thousandth of the time, doubled ten times.
ValueTable::Passage ValueTable::passage(const Region& region, double hours) {
  constexpr int doublings = 10;
  const double instant_h = hours / (1 << doublings);
  Passage to{};
  for (std::size_t a = 0; a < outage_stages; ++a) {
    const double older = a + 1 < outage_stages ? 1 / (stage_begins_h[a + 1] - stage_begins_h[a]) : 0;
    const double leaves = region.rate_per_h[a] + older;
    to[a][a] = std::exp(-leaves * instant_h);
    if (a + 1 < outage_stages) to[a][a + 1] = (1 - to[a][a]) * older / leaves;
  }
  for (int k = 0; k < doublings; ++k) to = chained(to, to);
  return to;
}

ValueTable::Stages ValueTable::as_stages(const Region& region, const Passage& to, double hours) {
  Stages result;
  const double no_neighbour = std::exp(-region.neighbours_per_h * hours);
  for (std::size_t a = 0; a < outage_stages; ++a) {
    double still_down = 0;
    for (const double part : to[a]) still_down += part;
    result.comes_back[a] = static_cast<float>(1 - still_down * no_neighbour);
    for (std::size_t b = a; b < outage_stages; ++b)
      result.to[a][b] = static_cast<float>(to[a][b] / still_down);
  }
  return result;
}

ValueTable::Shift ValueTable::shift_by(double hours) const {
  Shift shift;
  for (std::size_t j = 0; j < slack_points; ++j) {
    const double slack = std::max(0.0, slack_h_[j] - hours);
    std::size_t cell = 0;
    while (cell + 2 < slack_points && slack_h_[cell + 1] <= slack) ++cell;
    shift.from[j] = cell;
    shift.part[j] = static_cast<float>((slack - slack_h_[cell]) / (slack_h_[cell + 1] - slack_h_[cell]));
  }
  return shift;
}

ValueTable::Row ValueTable::shifted(const Row& row, const Shift& shift) {
  Row result;
  for (std::size_t j = 0; j < slack_points; ++j) {
    const float low = row[shift.from[j]];
    result[j] = low + shift.part[j] * (row[shift.from[j] + 1] - low);
  }
  return result;
}

// ---- the layers

bool ValueTable::step(std::size_t layers) {
  for (std::size_t k = 0; k < layers && !is_complete(); ++k) solve_layer(next_layer_++);
  return is_complete();
}

void ValueTable::solve_layer(std::size_t layer) {
  add_layer();
  std::swap(launches_, launches_before_);
  std::swap(fall_earlier_, fall_before_);
  std::swap(fall_before_, fall_);
  for (std::size_t zone = 0; zone < market_.zones.size(); ++zone) {
    run_spot(zone, layer);
    price_launches(zone, layer);
  }
  for (std::size_t region = 0; region < regions_.size(); ++region) {
    for (std::size_t stage = outage_stages; stage-- > 0;) {
      run_on_demand(region, stage, layer);
      wait(region, stage, layer);
    }
  }
  for (std::size_t zone = 0; zone < market_.zones.size(); ++zone) {
    fall(zone, layer);
    change_for_better(zone, layer);
  }
}

void ValueTable::run_spot(std::size_t zone, std::size_t layer) {
  const MarketZone& place = market_.zones[zone];
  const auto region = static_cast<std::size_t>(place.region);
  const auto cost = static_cast<float>(place.price_per_h * step_h_);
  // Half a checkpoint interval is done again; what of it the step does not hold costs extra.
  const auto again =
      static_cast<float>(std::max(0.0, market_.checkpoint_interval_h / 2 - step_h_ / 2) * place.price_per_h);
  const auto forced = static_cast<float>(market_.on_demand_per_h[region] *
                                         (static_cast<double>(layer) * step_h_ + market_.cold_start_h));
  const Row fallen = shifted(fall_before_[zone], by_lost_work_);
  const Row fallen_earlier = shifted(fall_earlier_[zone], by_lost_work_);
  for (std::size_t p = 0; p < phases; ++p) {
    const Row& before = row(&Layer::spot, zone * phases + p, layer - 1);
    Row& now = row(&Layer::spot, zone * phases + p, layer);
    const auto lives = static_cast<float>(lives_[p]);
    const auto when = static_cast<float>(falls_when_[p]);
    for (std::size_t j = 0; j < slack_points; ++j) {
      // What is left of the first step is less than the grid shows: on-demand does it.
      const float rest =
          layer == 1 ? (1 - when) * forced : fallen[j] + (1 - when) * (fallen[j] - fallen_earlier[j]);
      const float lost = cost * when + again + rest;
      now[j] = lives * (cost + before[j]) + (1 - lives) * lost;
    }
    for (std::size_t j = 0; slack_h_[j] < market_.cold_start_h + market_.tick_h; ++j) {
      now[j] = std::max(now[j], forced);
    }
  }
}

void ValueTable::price_launches(std::size_t zone, std::size_t layer) {
  const MarketZone& place = market_.zones[zone];
  const Region& region = regions_[static_cast<std::size_t>(place.region)];
  const PhaseMix found = found_up(region.spells.up);
  const double move_h = market_.cold_start_h + market_.transfer_h;
  const auto home_cost = static_cast<float>(place.price_per_h * market_.cold_start_h);
  const auto away_cost = static_cast<float>(place.price_per_h * move_h);
  Launches result;
  result.home_found.fill(home_cost);
  result.home_fresh.fill(home_cost);
  result.away_found.fill(away_cost);
  result.away_fresh.fill(away_cost);
  for (std::size_t p = 0; p < phases; ++p) {
    const Row& spot = row(&Layer::spot, zone * phases + p, layer);
    const Row home = shifted(spot, by_cold_start_);
    const Row away = shifted(spot, by_move_);
    const auto if_found = static_cast<float>(found[p]);
    const auto if_fresh = static_cast<float>(region.spells.up[p]);
    for (std::size_t j = 0; j < slack_points; ++j) {
      result.home_found[j] += if_found * home[j];
      result.home_fresh[j] += if_fresh * home[j];
      result.away_found[j] += if_found * away[j];
      result.away_fresh[j] += if_fresh * away[j];
    }
  }
  // A launch that leaves too little slack to fall back is worth no more than the fallback.
  const auto forced = static_cast<float>(market_.on_demand_per_h[static_cast<std::size_t>(place.region)] *
                                         (static_cast<double>(layer) * step_h_ + market_.cold_start_h));
  for (std::size_t j = 0; j < slack_points; ++j) {
    if (slack_h_[j] < 2 * market_.cold_start_h + market_.tick_h) {
      result.home_found[j] = std::max(result.home_found[j], forced + home_cost);
      result.home_fresh[j] = std::max(result.home_fresh[j], forced + home_cost);
    }
    if (slack_h_[j] < market_.cold_start_h + move_h + market_.tick_h) {
      result.away_found[j] = std::max(result.away_found[j], forced + away_cost);
      result.away_fresh[j] = std::max(result.away_fresh[j], forced + away_cost);
    }
  }
  for (std::size_t j = 1; j < slack_points; ++j) {
    result.home_midway[j] = 0.5F * (result.home_fresh[j] + result.home_fresh[j - 1]);
    result.away_midway[j] = 0.5F * (result.away_fresh[j] + result.away_fresh[j - 1]);
  }
  launches_[zone] = result;
}

void ValueTable::run_on_demand(std::size_t region_index, std::size_t stage, std::size_t layer) {
  const Region& region = regions_[region_index];
  if (region.zones.empty()) return;
  const auto cost = static_cast<float>(market_.on_demand_per_h[region_index] * step_h_);
  Row& now = row(&Layer::on_demand, region_index * outage_stages + stage, layer);
  now.fill(cost);
  for (std::size_t b = stage; b < outage_stages; ++b) {
    const Row& before = row(&Layer::on_demand, region_index * outage_stages + b, layer - 1);
    const float part = region.after_step.to[stage][b];
    for (std::size_t j = 0; j < slack_points; ++j) now[j] += part * before[j];
  }
  // Capacity comes back half-way through the step.
  Row back{};
  for (const std::size_t zone : region.zones) {
    const Row& launch = launches_[zone].home_fresh;
    const Row& later = launches_before_[zone].home_fresh;
    for (std::size_t j = 0; j < slack_points; ++j) {
      back[j] += std::min(0.5F * (launch[j] + cost + later[j]), now[j]);
    }
  }
  const float one = 1.0F / static_cast<float>(region.zones.size());
  const float comes_back = region.after_step.comes_back[stage];
  for (std::size_t j = 0; j < slack_points; ++j) now[j] += comes_back * (one * back[j] - now[j]);
  for (const Away& away : region.aways) {
    const Row& launch = launches_[away.zone].away_fresh;
    for (std::size_t j = 0; j < slack_points; ++j) {
      now[j] += away.comes_in_step * (std::min(now[j], launch[j] + away.egress) - now[j]);
    }
  }
}

// Nothing is held from this slack point to the one below, unless a zone comes back on the way.
float ValueTable::wait_on(const Region& region, const Row* outages, std::size_t stage,
                          std::size_t slack) const {
  const Stages& after = region.after_wait[slack];
  float stay = 0;
  for (std::size_t b = stage; b < outage_stages; ++b) stay += after.to[stage][b] * outages[b][slack - 1];
  float back = 0;
  for (const std::size_t zone : region.zones) back += std::min(launches_[zone].home_midway[slack], stay);
  const float one = 1.0F / static_cast<float>(region.zones.size());
  float idle = stay + after.comes_back[stage] * (one * back - stay);
  for (const Away& away : region.aways) {
    const float moved = launches_[away.zone].away_midway[slack] + away.egress;
    idle += away.comes_in_wait[slack] * (std::min(idle, moved) - idle);
  }
  return idle + static_cast<float>(market_.waiting_usd_per_h * (slack_h_[slack] - slack_h_[slack - 1]));
}

// On-demand is bought, or the job waits on, whichever costs less.
void ValueTable::wait(std::size_t region_index, std::size_t stage, std::size_t layer) {
  const Region& region = regions_[region_index];
  if (region.zones.empty()) return;
  const double price = market_.on_demand_per_h[region_index];
  const double cold_h = market_.cold_start_h;
  const auto forced = static_cast<float>(price * (static_cast<double>(layer) * step_h_ + cold_h));
  const auto setup = static_cast<float>(price * cold_h);
  Row& running = row(&Layer::on_demand, region_index * outage_stages + stage, layer);
  Row* outages = &row(&Layer::down, region_index * outage_stages, layer);
  Row& now = outages[stage];
  for (std::size_t j = 0; j < slack_points; ++j) {
    if (slack_h_[j] < cold_h) {
      now[j] = forced;
      continue;
    }
    const std::size_t cell = by_cold_start_.from[j];
    float best = running[cell] + by_cold_start_.part[j] * (running[cell + 1] - running[cell]) + setup;
    if (j > 0 && slack_h_[j - 1] >= cold_h - 1e-9) best = std::min(best, wait_on(region, outages, stage, j));
    now[j] = best;
    running[j] = std::min(running[j], best);  // on-demand may be stopped
  }
}

void ValueTable::fall(std::size_t zone, std::size_t layer) {
  const auto home = static_cast<std::size_t>(market_.zones[zone].region);
  const Region& region = regions_[home];
  Row& fallen = fall_[zone];
  fallen = row(&Layer::down, home * outage_stages, layer);
  for (auto other = region.places.rbegin(); other != region.places.rend(); ++other) {
    if (*other == zone) continue;
    const MarketZone& place = market_.zones[*other];
    const auto to = static_cast<std::size_t>(place.region);
    const auto up = static_cast<float>(to == home ? region.share * together : place.share);
    const auto egress = static_cast<float>(fee(home, to));
    const Row& launch = to == home ? launches_[*other].home_found : launches_[*other].away_found;
    for (std::size_t j = 0; j < slack_points; ++j) {
      fallen[j] += up * (std::min(fallen[j], launch[j] + egress) - fallen[j]);
    }
  }
}

void ValueTable::change_for_better(std::size_t zone, std::size_t layer) {
  const auto home = static_cast<std::size_t>(market_.zones[zone].region);
  const Region& region = regions_[home];
  std::size_t used = 0;
  for (const std::size_t other : region.places) {
    const MarketZone& place = market_.zones[other];
    if (other == zone || place.price_per_h > better_price * market_.zones[zone].price_per_h) continue;
    if (++used > better_places_max) break;
    const auto to = static_cast<std::size_t>(place.region);
    const double comes_per_h =
        to == home ? region.rise_per_h * (1 - region.share) : place.rise_per_h * (1 - place.share);
    const float comes = chance(comes_per_h, step_h_);
    const auto egress = static_cast<float>(fee(home, to));
    const Row& launch = to == home ? launches_[other].home_fresh : launches_[other].away_fresh;
    for (std::size_t p = 0; p < phases; ++p) {
      Row& now = row(&Layer::spot, zone * phases + p, layer);
      for (std::size_t j = 0; j < slack_points; ++j) {
        now[j] += comes * (std::min(now[j], launch[j] + egress) - now[j]);
      }
    }
  }
}

// ---- reading

ValueTable::Point ValueTable::locate(double work_h, double slack_h) const {
  Point point;
  const double layer = std::clamp(work_h / step_h_, 0.0, static_cast<double>(work_layers));
  point.layer = std::min(static_cast<std::size_t>(layer), work_layers - 1);
  point.layer_part = layer - static_cast<double>(point.layer);
  const double slack = std::clamp(slack_h, 0.0, slack_h_.back());
  const double last = static_cast<double>(slack_points - 1);
  point.slack =
      std::min(static_cast<std::size_t>(last * std::sqrt(slack / slack_h_.back())), slack_points - 2);
  const double low = slack_h_[point.slack];
  point.slack_part = std::clamp((slack - low) / (slack_h_[point.slack + 1] - low), 0.0, 1.0);
  return point;
}

double ValueTable::read(Kind kind, std::size_t line, const Point& point) const {
  const Row& low = row(kind, line, point.layer);
  const Row& high = row(kind, line, point.layer + 1);
  const auto along = [&](const Row& values) {
    const double at = values[point.slack];
    return at + point.slack_part * (static_cast<double>(values[point.slack + 1]) - at);
  };
  const double at = along(low);
  return at + point.layer_part * (along(high) - at);
}

double ValueTable::on_spot(int zone, std::size_t phase, const Point& point) const {
  return read(&Layer::spot, static_cast<std::size_t>(zone) * phases + phase, point);
}

double ValueTable::staged(Kind kind, int region, double rate_per_h, const Point& point) const {
  const std::array<double, outage_stages>& rates = regions_[static_cast<std::size_t>(region)].rate_per_h;
  std::size_t stage = 0;
  while (stage + 2 < outage_stages && rates[stage + 1] >= rate_per_h) ++stage;
  const double span = std::max(rates[stage] - rates[stage + 1], 1e-9);
  const double part = std::clamp((rates[stage] - rate_per_h) / span, 0.0, 1.0);
  const std::size_t line = static_cast<std::size_t>(region) * outage_stages + stage;
  const double at = read(kind, line, point);
  return at + part * (read(kind, line + 1, point) - at);
}

double ValueTable::on_demand(int region, double rate_per_h, const Point& point) const {
  return staged(&Layer::on_demand, region, rate_per_h, point);
}

double ValueTable::down(int region, double rate_per_h, const Point& point) const {
  return staged(&Layer::down, region, rate_per_h, point);
}

}  // namespace tradewind::policy
