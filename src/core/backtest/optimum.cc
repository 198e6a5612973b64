// Backwards over the ticks. All indices are in grid steps; e is effective progress, from -far (a launch
// elsewhere, its set-up not begun) to the work.
//
//   idle[r][e]   least cost from here, nothing held, checkpoint in region r
//   held[i][e]   the same, option i held and not lost at this tick
//   L[r][x]      min over the options i of region r that can be had at this tick: price of a tick + held[i]
//   at the next tick at x
//
//   idle[r][e] <- min(idle[r][e], L[r][e + tick - cold], min over other regions s: L[s][e + tick - far] +
//   fee(r, s)) held[i][e] <- can be had: min(price + held[i][e + tick], idle[r(i)][e])      lost:
//   idle[r(i)][saved(e)]
//
// What makes it fast:
//   - an option that is held runs along the diagonal e + tick: stored by e + tick * (ticks passed), held[i]
//   changes in place;
//   - on-demand is never lost and costs the same launch in every zone of a region: one option a region, the
//   cheapest;
//   - while a zone is down nothing is computed for it: held[i] is idle[r(i)], taken when it comes up;
//   - at tick k only e <= k * tick can be reached, and below work - (T - k) * tick the deadline is lost: a
//   band;
//   - a launch elsewhere for the dearest fee is one pass over all regions together, since one at home is
//   never dearer.
#include "core/backtest/optimum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace tradewind::backtest {
namespace {

using policy::Problem;

constexpr double never = 1e30;
constexpr int grid_least_s = 5;
constexpr double seconds_of_an_hour = 3600;
constexpr double values_max = 268'435'456;  // of 8 bytes: 2 GiB

struct Grid {
  bool exact = true;
  int step_s = 1;
  std::ptrdiff_t tick = 0;
  std::ptrdiff_t cold = 0;  // set-up at home
  std::ptrdiff_t far = 0;   // set-up elsewhere
  std::ptrdiff_t work = 0;
  double interval_s = 0;
};

Grid grid_of(const Problem& problem, double interval_s) {
  Grid grid;
  grid.interval_s = interval_s;
  const double transfer_s = problem.regions.size() > 1 ? problem.transfer_s : 0;
  std::int64_t divisor = 0;
  for (const double part : {problem.tick_s, problem.work_s, problem.cold_start_s, interval_s, transfer_s}) {
    if (std::fabs(part - std::round(part)) >= 1e-9) grid.exact = false;
    divisor = std::gcd(divisor, std::llround(part));
  }
  if (divisor < grid_least_s || !grid.exact) {
    grid.exact = false;
    divisor = grid_least_s;
  }
  // A job may be so short that five seconds are none of its parts.
  grid.step_s = static_cast<int>(std::min<std::int64_t>(divisor, std::numeric_limits<int>::max()));
  const auto steps = [&](double seconds) {
    return static_cast<std::ptrdiff_t>(std::floor(seconds / grid.step_s + 1e-9));
  };
  grid.tick = steps(problem.tick_s);
  grid.cold = steps(problem.cold_start_s);
  grid.far = steps(problem.cold_start_s + transfer_s);
  grid.work = steps(problem.work_s);
  return grid;
}

bool fits(const Problem& problem, const Grid& grid) {
  const double width = static_cast<double>(grid.far + grid.work) +
                       (problem.deadline_ticks + 1.0) * static_cast<double>(grid.tick);
  const auto arrays = static_cast<double>(problem.zones.size() + 3 * problem.regions.size() + 1);
  return width * arrays < values_max;
}

// to[i] = min(to[i], from[i] + add)
void take_less(double* to, const double* from, std::ptrdiff_t count, double add) {
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const double other = from[i] + add;
    to[i] = other < to[i] ? other : to[i];
  }
}

// to[i] = from[i] + add
void take(double* to, const double* from, std::ptrdiff_t count, double add) {
  for (std::ptrdiff_t i = 0; i < count; ++i) to[i] = from[i] + add;
}

// held[i] = min(held[i] + price, idle[i])
void run_tick(double* held, const double* idle, std::ptrdiff_t count, double price) {
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    const double running = held[i] + price;
    held[i] = idle[i] < running ? idle[i] : running;
  }
}

// Something that can be held: spot of a zone, or on-demand of a region.
struct Option {
  std::size_t region = 0;
  std::ptrdiff_t zone = -1;  // of spot; -1: on-demand
  double on_demand_per_step = 0;
  bool lost = false;         // at the next tick: held is idle
  std::vector<double> held;  // by diagonal
};

class Programme {
 public:
  Programme(const World& world, const Grid& grid);
  double solve();

 private:
  // Where e stands in arrays by progress, and in arrays by diagonal at tick k.
  std::ptrdiff_t straight(std::ptrdiff_t e) const { return e + grid_.far; }
  std::ptrdiff_t diagonal(std::ptrdiff_t e, std::ptrdiff_t k) const {
    return e + grid_.far + (ticks_ - k) * grid_.tick;
  }
  void add_options();
  void split_fees();
  bool can_be_had(const Option& option, std::ptrdiff_t k) const;
  double price(const Option& option, std::ptrdiff_t k) const;
  void step(std::ptrdiff_t k);
  void take_up(Option& option, std::ptrdiff_t k);
  void end_work(Option& option, std::ptrdiff_t k, double per_step);
  void offer_launches(std::ptrdiff_t k, std::ptrdiff_t low, std::ptrdiff_t high);
  void launch_or_wait(std::size_t region, std::ptrdiff_t low, std::ptrdiff_t high);
  std::ptrdiff_t saved(std::ptrdiff_t e) const;

  const World& world_;
  const Problem& problem_;
  const Grid& grid_;
  const std::ptrdiff_t ticks_;
  const std::size_t regions_;
  std::vector<Option> options_;
  std::vector<std::vector<double>> idle_;    // [region], by progress
  std::vector<std::vector<double>> launch_;  // [region], by progress at the next tick
  std::vector<double> launch_any_;           // the least of launch_
  std::vector<bool> offered_;                // [region]
  double dearest_fee_ = 0;
  std::vector<double> fees_;  // [from * regions + to]
  double start_ = never;      // nothing done, nothing held
};

Programme::Programme(const World& world, const Grid& grid)
    : world_(world),
      problem_(world.problem),
      grid_(grid),
      ticks_(problem_.deadline_ticks),
      regions_(problem_.regions.size()) {
  const auto width = static_cast<std::size_t>(grid_.far + grid_.work + grid_.tick + 1);
  idle_.assign(regions_, std::vector<double>(width, never));
  launch_.assign(regions_, std::vector<double>(width, never));
  launch_any_.assign(width, never);
  offered_.assign(regions_, false);
  add_options();
  split_fees();
}

void Programme::add_options() {
  const std::size_t zones = problem_.zones.size();
  const double hours = grid_.step_s / seconds_of_an_hour;
  options_.resize(zones + regions_);
  for (std::size_t i = 0; i < zones; ++i) {
    options_[i].zone = static_cast<std::ptrdiff_t>(i);
    options_[i].region = static_cast<std::size_t>(problem_.zones[i].region_index);
    options_[i].lost = true;
  }
  for (std::size_t r = 0; r < regions_; ++r) {
    options_[zones + r].region = r;
    options_[zones + r].on_demand_per_step = never;
  }
  for (const policy::Zone& zone : problem_.zones) {
    double& least = options_[zones + static_cast<std::size_t>(zone.region_index)].on_demand_per_step;
    least = std::min(least, zone.on_demand_per_h * hours);
  }
  const auto width = static_cast<std::size_t>(grid_.far + grid_.work + (ticks_ + 1) * grid_.tick + 1);
  for (Option& option : options_) option.held.assign(width, never);
}

void Programme::split_fees() {
  fees_ = problem_.move_usd;
  for (const double fee : fees_) dearest_fee_ = std::max(dearest_fee_, fee);
}

bool Programme::can_be_had(const Option& option, std::ptrdiff_t k) const {
  return option.zone < 0 ||
         world_.up[static_cast<std::size_t>(option.zone)][static_cast<std::size_t>(k)] != 0;
}

double Programme::price(const Option& option, std::ptrdiff_t k) const {
  if (option.zone < 0) return option.on_demand_per_step;
  return world_.spot_per_h[static_cast<std::size_t>(option.zone)][static_cast<std::size_t>(k)] *
         grid_.step_s / seconds_of_an_hour;
}

// The progress that is left at e when held spot is lost there.
std::ptrdiff_t Programme::saved(std::ptrdiff_t e) const {
  if (grid_.interval_s == 0) return e;
  const double seconds = static_cast<double>(e * grid_.step_s);
  const double kept = std::floor(seconds / grid_.interval_s) * grid_.interval_s;
  const auto steps = static_cast<std::ptrdiff_t>(std::floor(kept / grid_.step_s));
  return std::min(std::max(steps, -grid_.far), e);
}

// A zone that is up at tick k and was down at the next: whoever held it then had lost it.
void Programme::take_up(Option& option, std::ptrdiff_t k) {
  const std::vector<double>& idle = idle_[option.region];
  const std::ptrdiff_t high = std::min((k + 1) * grid_.tick, grid_.work - 1);
  double* held = option.held.data() + diagonal(0, k + 1);
  if (grid_.interval_s == 0) {
    std::copy(idle.data() + straight(-grid_.far), idle.data() + straight(high + 1), held - grid_.far);
  } else {
    for (std::ptrdiff_t e = -grid_.far; e <= high; ++e)
      held[e] = idle[static_cast<std::size_t>(straight(saved(e)))];
  }
  option.lost = false;
}

// Work that ends within the tick is billed to its end: beyond the work, the rest of the tick is given back.
void Programme::end_work(Option& option, std::ptrdiff_t k, double per_step) {
  double* held = option.held.data() + diagonal(grid_.work, k + 1);
  for (std::ptrdiff_t j = 0; j <= grid_.tick; ++j) held[j] = -per_step * static_cast<double>(j);
}

// launch_[r][x] for the x that launches at e in [low, high] lead to.
void Programme::offer_launches(std::ptrdiff_t k, std::ptrdiff_t low, std::ptrdiff_t high) {
  const std::ptrdiff_t from = std::max(low + grid_.tick - grid_.far, -grid_.far);
  const std::ptrdiff_t count = std::max<std::ptrdiff_t>(high + grid_.tick - grid_.cold - from + 1, 0);
  std::fill(offered_.begin(), offered_.end(), false);
  for (const Option& option : options_) {
    if (!can_be_had(option, k)) continue;
    double* launch = launch_[option.region].data() + straight(from);
    const double* held = option.held.data() + diagonal(from, k + 1);
    const double cost = price(option, k) * static_cast<double>(grid_.tick);
    offered_[option.region] ? take_less(launch, held, count, cost) : take(launch, held, count, cost);
    offered_[option.region] = true;
  }
  if (regions_ == 1) return;
  take(launch_any_.data() + straight(from), launch_[0].data() + straight(from), count, 0);
  for (std::size_t r = 1; r < regions_; ++r) {
    take_less(launch_any_.data() + straight(from), launch_[r].data() + straight(from), count, 0);
  }
}

void Programme::launch_or_wait(std::size_t region, std::ptrdiff_t low, std::ptrdiff_t high) {
  const auto launch_from = [&](const std::vector<double>& launch, std::ptrdiff_t setup, double fee) {
    const std::ptrdiff_t from = std::max(low, setup - grid_.tick - grid_.far);
    if (from > high) return;
    take_less(idle_[region].data() + straight(from), launch.data() + straight(from + grid_.tick - setup),
              high - from + 1, fee);
  };
  launch_from(launch_[region], grid_.cold, 0);
  if (regions_ == 1) return;
  launch_from(launch_any_, grid_.far, dearest_fee_);
  for (std::size_t other = 0; other < regions_; ++other) {
    const double fee = fees_[region * regions_ + other];
    if (other != region && fee < dearest_fee_) launch_from(launch_[other], grid_.far, fee);
  }
}

void Programme::step(std::ptrdiff_t k) {
  const std::ptrdiff_t high = std::min(k * grid_.tick, grid_.work - 1);
  const std::ptrdiff_t low = std::max(grid_.work - (ticks_ - k) * grid_.tick, -grid_.far);
  for (Option& option : options_) {
    if (!can_be_had(option, k)) {
      option.lost = true;
      continue;
    }
    if (option.lost) take_up(option, k);
    end_work(option, k, price(option, k));
  }
  if (low > high) return;
  offer_launches(k, low, high);
  for (std::size_t r = 0; r < regions_; ++r) launch_or_wait(r, low, high);
  // Before anything is done there is nothing to move: every region is home.
  const std::ptrdiff_t first = grid_.tick - grid_.cold;
  if (low <= 0 && first >= -grid_.far) {
    for (std::size_t r = 0; r < regions_; ++r)
      start_ = std::min(start_, launch_[r][static_cast<std::size_t>(straight(first))]);
    for (std::size_t r = 0; r < regions_; ++r) {
      double& idle = idle_[r][static_cast<std::size_t>(straight(0))];
      idle = std::min(idle, start_);
    }
  }
  for (Option& option : options_) {
    if (option.lost) continue;
    run_tick(option.held.data() + diagonal(low, k), idle_[option.region].data() + straight(low),
             high - low + 1, price(option, k) * static_cast<double>(grid_.tick));
  }
}

double Programme::solve() {
  for (std::ptrdiff_t k = ticks_ - 1; k >= 0; --k) step(k);
  return start_;
}

}  // namespace

Optimum optimum(const World& world, Losses losses) {
  const Grid grid = grid_of(world.problem, losses == Losses::none ? 0 : world.problem.checkpoint_interval_s);
  Optimum result;
  result.exact = grid.exact;
  result.grid_s = grid.step_s;
  if (grid.tick == 0 || !fits(world.problem, grid)) return result;
  const double cost = Programme(world, grid).solve();
  result.feasible = cost < never / 2;
  if (result.feasible) result.cost_usd = cost;
  return result;
}

}  // namespace tradewind::backtest
