#include "core/policy/safety.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tradewind::policy {
namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

bool holds(const Sight& sight, Purchase purchase) {
  return sight.held && sight.held->purchase == purchase;
}

bool is_home(const Problem& problem, const Sight& sight, int zone) {
  return sight.progress_s <= 0 || !sight.checkpoint_region ||
         *sight.checkpoint_region == problem.zones[at(zone)].region_index;
}

// A job as it may stand at the end of a tick.
struct After {
  double progress_s = 0;
  double setup_left_s = 0;
  bool on_demand = false;  // is held
};

double on_demand_needs(const Problem& problem, const After& after) {
  const double setup =
      after.on_demand ? std::min(after.setup_left_s, problem.cold_start_s) : problem.cold_start_s;
  return setup + problem.work_s - after.progress_s;
}

bool is_finished(const Problem& problem, double progress_s) {
  return progress_s >= problem.work_s - finished_within_s;
}

// One tick with an instance whose set-up takes `setup` more. `saved` is the checkpoint before.
bool run_is_safe(const Problem& problem, const Sight& sight, Purchase purchase, double setup, double saved,
                 double reserve_s) {
  const double progress = sight.progress_s + std::max(0.0, problem.tick_s - setup);
  if (is_finished(problem, progress)) return true;
  const bool on_demand = purchase == Purchase::on_demand;
  const After after{on_demand ? progress : saved_at(problem, progress, saved),
                    std::max(0.0, setup - problem.tick_s), on_demand};
  return on_demand_needs(problem, after) + reserve_s <=
         time_left_s(problem, sight) - problem.tick_s + slack_s;
}

// Nothing is held in this tick, and `kept` is the progress.
bool idle_is_safe(const Problem& problem, const Sight& sight, double kept, double reserve_s) {
  return on_demand_needs(problem, {kept, 0, false}) + reserve_s <=
         time_left_s(problem, sight) - problem.tick_s + slack_s;
}

bool hold_is_safe(const Problem& problem, const Sight& sight, double reserve_s) {
  if (!sight.held) return idle_is_safe(problem, sight, sight.progress_s, reserve_s);
  return run_is_safe(problem, sight, sight.held->purchase, sight.setup_left_s, sight.checkpoint_s, reserve_s);
}

// The cheapest spot that may be had.
Answer launch_any_spot(const Problem& problem, const Sight& sight) {
  int best = -1;
  for (std::size_t i = 0; i < problem.zones.size(); ++i) {
    const int zone = static_cast<int>(i);
    if (!is_usable(problem, sight, launch(zone, Purchase::spot))) continue;
    if (best < 0 || sight.spot_per_h[i] < sight.spot_per_h[at(best)]) best = zone;
  }
  return best < 0 ? hold() : launch(best, Purchase::spot);
}

}  // namespace

double time_left_s(const Problem& problem, const Sight& sight) {
  return problem.tick_s * (problem.deadline_ticks - sight.tick);
}

double setup_s(const Problem& problem, const Sight& sight, int zone) {
  return problem.cold_start_s + (is_home(problem, sight, zone) ? 0 : problem.transfer_s);
}

double move_usd(const Problem& problem, const Sight& sight, int zone) {
  if (is_home(problem, sight, zone)) return 0;
  return problem.move_cost_usd(*sight.checkpoint_region, problem.zones[at(zone)].region_index);
}

double saved_at(const Problem& problem, double progress_s, double saved_s) {
  const double interval = problem.checkpoint_interval_s;
  if (interval == 0) return progress_s;
  return std::max(saved_s, std::floor(progress_s / interval + 1e-9) * interval);
}

double on_demand_needs_s(const Problem& problem, const Sight& sight) {
  return on_demand_needs(problem, {sight.progress_s, sight.setup_left_s, holds(sight, Purchase::on_demand)});
}

bool can_be_saved(const Problem& problem, const Sight& sight, double reserve_s) {
  return on_demand_needs_s(problem, sight) + reserve_s <= time_left_s(problem, sight) + slack_s;
}

bool is_usable(const Problem& problem, const Sight& sight, const Answer& answer) {
  if (answer.action != Answer::Action::launch) return true;
  const int zone = answer.launch.zone;
  if (zone < 0 || at(zone) >= problem.zones.size()) return false;
  if (sight.is_barred(zone, answer.launch.purchase)) return false;
  return answer.launch.purchase == Purchase::on_demand || sight.capacity[at(zone)] != Seen::down;
}

bool is_safe(const Problem& problem, const Sight& sight, const Answer& answer, double reserve_s) {
  if (answer.action == Answer::Action::hold) return hold_is_safe(problem, sight, reserve_s);
  if (answer.action == Answer::Action::stop) return idle_is_safe(problem, sight, sight.progress_s, reserve_s);
  // A launch releases what was held, and that writes a checkpoint.
  const Holding what = answer.launch;
  if (!run_is_safe(problem, sight, what.purchase, setup_s(problem, sight, what.zone), sight.progress_s,
                   reserve_s))
    return false;
  const bool may_fail = what.purchase == Purchase::spot && sight.capacity[at(what.zone)] != Seen::up;
  return !may_fail || hold_is_safe(problem, sight, reserve_s);
}

int home_zone(const Problem& problem, const Sight& sight) {
  int best = -1;
  bool best_is_home = false;
  for (std::size_t i = 0; i < problem.zones.size(); ++i) {
    const int zone = static_cast<int>(i);
    if (sight.is_barred(zone, Purchase::on_demand)) continue;
    const bool home = is_home(problem, sight, zone);
    const bool better = best < 0 || home != best_is_home
                            ? best < 0 || home
                            : problem.zones[i].on_demand_per_h < problem.zones[at(best)].on_demand_per_h;
    if (!better) continue;
    best = zone;
    best_is_home = home;
  }
  return best;
}

Answer rescue(const Problem& problem, const Sight& sight) {
  if (sight.held && sight.held->purchase == Purchase::on_demand &&
      sight.setup_left_s <= problem.cold_start_s) {
    return hold();
  }
  if (sight.held && sight.held->purchase == Purchase::spot) {
    const double left = time_left_s(problem, sight) + slack_s;
    const double work = problem.work_s - sight.progress_s;
    const bool late = problem.cold_start_s + work > left;
    if (late && sight.setup_left_s + work <= left) return hold();
  }
  const int zone = home_zone(problem, sight);
  if (zone >= 0) return launch(zone, Purchase::on_demand);
  if (sight.held) return hold();
  return launch_any_spot(problem, sight);
}

double committed_usd(const Problem& problem, const Sight& sight, const Answer& answer) {
  const auto price_per_h = [&](const Holding& what) {
    return what.purchase == Purchase::spot ? sight.spot_per_h[at(what.zone)]
                                           : problem.zones[at(what.zone)].on_demand_per_h;
  };
  const double hours = problem.tick_s / 3600;
  // A launch may fail, and then what was held goes on.
  const double held = sight.held ? price_per_h(*sight.held) * hours : 0;
  if (answer.action == Answer::Action::stop) return 0;
  if (answer.action == Answer::Action::hold) return held;
  const double setup_h = setup_s(problem, sight, answer.launch.zone) / 3600;
  return std::max(
      held, price_per_h(answer.launch) * (setup_h + hours) + move_usd(problem, sight, answer.launch.zone));
}

bool is_affordable(const Problem& problem, const Sight& sight, const Answer& answer) {
  return sight.cost_usd + committed_usd(problem, sight, answer) <= problem.budget_usd;
}

Answer Guarded::decide(const Sight& sight) {
  Answer answer = player_->decide(sight);
  overruled_ = Overruled::no;
  if (!is_usable(problem_, sight, answer) || !is_safe(problem_, sight, answer)) {
    overruled_ = Overruled::by_deadline;
    answer = rescue(problem_, sight);
  }
  if (!is_affordable(problem_, sight, answer)) {
    spent_usd_ = sight.cost_usd;
    overruled_ = Overruled::by_budget;
    answer = stop();
  }
  return answer;
}

std::string Guarded::why() const {
  if (overruled_ == Overruled::by_budget) {
    char text[128];
    std::snprintf(text, sizeof text,
                  "%.4g of the budget's %.4g USD are spent, or needed to stop: the rest pays for no more",
                  spent_usd_, problem_.budget_usd);
    return text;
  }
  if (overruled_ == Overruled::by_deadline) return "nothing else is sure to keep the deadline";
  return player_->why();
}

}  // namespace tradewind::policy
