#include "core/backtest/run.h"

#include <algorithm>
#include <cmath>

namespace tradewind::backtest {

using policy::Answer;
using policy::Attempt;
using policy::Holding;
using policy::Info;
using policy::Problem;
using policy::Purchase;
using policy::Seen;

namespace {

constexpr double tiny_s = 1e-6;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

}  // namespace

Run::Run(const World& world) : world_(world) {
  const std::size_t zones = world.problem.zones.size();
  sight_.capacity.resize(zones);
  sight_.spot_per_h.resize(zones);
  begin_tick();
}

void Run::begin_tick() {
  const std::size_t tick = at(sight_.tick);
  sight_.preempted = false;
  if (sight_.held && sight_.held->purchase == Purchase::spot && world_.up[at(sight_.held->zone)][tick] == 0) {
    sight_.held.reset();
    sight_.setup_left_s = 0;
    sight_.progress_s = sight_.checkpoint_s;
    sight_.preempted = true;
    ++preemptions_;
  }
  show_capacity();
  for (std::size_t zone = 0; zone < sight_.spot_per_h.size(); ++zone) {
    sight_.spot_per_h[zone] = world_.spot_per_h[zone][tick];
  }
}

void Run::show_capacity() {
  const Problem& problem = world_.problem;
  const int region = sight_.held ? problem.zones[at(sight_.held->zone)].region_index
                                 : sight_.checkpoint_region.value_or(problem.zones.front().region_index);
  for (std::size_t zone = 0; zone < problem.zones.size(); ++zone) {
    bool shown = problem.info == Info::all;
    if (problem.info == Info::region) shown = problem.zones[zone].region_index == region;
    if (problem.info == Info::held) {
      shown = sight_.held && sight_.held->purchase == Purchase::spot && at(sight_.held->zone) == zone;
    }
    sight_.capacity[zone] = shown ? static_cast<Seen>(world_.up[zone][at(sight_.tick)]) : Seen::unknown;
  }
}

void Run::release() {
  if (!sight_.held) return;
  sight_.checkpoint_s = sight_.progress_s;
  sight_.held.reset();
  sight_.setup_left_s = 0;
}

void Run::start(Holding what) {
  const Problem& problem = world_.problem;
  const int region = problem.zones[at(what.zone)].region_index;
  release();
  sight_.held = what;
  sight_.setup_left_s = problem.cold_start_s;
  ++launches_;
  if (sight_.checkpoint_s > 0 && sight_.checkpoint_region && *sight_.checkpoint_region != region) {
    sight_.setup_left_s += problem.transfer_s;
    const double fee = problem.move_cost_usd(*sight_.checkpoint_region, region);
    egress_usd_ += fee;
    sight_.cost_usd += fee;
  }
}

void Run::work() {
  const Problem& problem = world_.problem;
  const Holding held = *sight_.held;
  const double price = held.purchase == Purchase::spot ? sight_.spot_per_h[at(held.zone)]
                                                       : problem.zones[at(held.zone)].on_demand_per_h;
  const double idle = std::min(sight_.setup_left_s, problem.tick_s);
  sight_.setup_left_s -= idle;
  if (sight_.setup_left_s <= 1e-9) {
    sight_.setup_left_s = 0;
    sight_.checkpoint_region = problem.zones[at(held.zone)].region_index;
  }
  const double worked = std::min(problem.tick_s - idle, problem.work_s - sight_.progress_s);
  sight_.progress_s += worked;
  const double interval = problem.checkpoint_interval_s;
  sight_.checkpoint_s = interval == 0 ? sight_.progress_s
                                      : std::max(sight_.checkpoint_s,
                                                 std::floor(sight_.progress_s / interval + 1e-9) * interval);
  const bool finished = sight_.progress_s >= problem.work_s - tiny_s;
  const double used = finished ? idle + worked : problem.tick_s;
  sight_.cost_usd += price * used / 3600;
  if (finished) {
    done_ = true;
    finished_s_ = sight_.tick * problem.tick_s + used;
  }
}

Status Run::act(const Answer& answer) {
  const Problem& problem = world_.problem;
  sight_.last_attempt.reset();
  if (answer.action == Answer::Action::launch) {
    const Holding what = answer.launch;
    if (what.zone < 0 || at(what.zone) >= problem.zones.size()) {
      return Error{Code::invalid_argument, "there is no zone of number " + std::to_string(what.zone)};
    }
    const bool ok = what.purchase == Purchase::on_demand || world_.up[at(what.zone)][at(sight_.tick)] != 0;
    if (!ok && problem.info == Info::all) {
      return Error{Code::invalid_argument, problem.id + ": spot in " + problem.zones[at(what.zone)].name +
                                               " was not available at tick " + std::to_string(sight_.tick)};
    }
    sight_.last_attempt = Attempt{what, ok};
    if (ok) start(what);
  } else if (answer.action == Answer::Action::stop) {
    release();
  }
  if (sight_.held) work();
  ++sight_.tick;
  if (sight_.tick >= problem.deadline_ticks) done_ = true;
  if (!done_) begin_tick();
  return {};
}

Outcome Run::outcome() const {
  Outcome outcome{finished_s_ >= 0, finished_s_,  sight_.cost_usd,  egress_usd_,
                  launches_,        preemptions_, sight_.progress_s};
  if (outcome.finished) return outcome;
  const Problem& problem = world_.problem;
  double cheapest = problem.zones.front().on_demand_per_h;
  for (const policy::Zone& zone : problem.zones) cheapest = std::min(cheapest, zone.on_demand_per_h);
  outcome.cost_usd += problem.penalty_factor * cheapest *
                      (problem.work_s - sight_.checkpoint_s + problem.cold_start_s) / 3600;
  return outcome;
}

}  // namespace tradewind::backtest
