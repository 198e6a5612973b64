// What a job's policy is told: its problem, what it sees now, and, after a restart, what was seen before.
#include <algorithm>
#include <cmath>
#include <map>

#include "core/billing/charge.h"
#include "core/policy/safety.h"
#include "core/scheduler/step.h"

namespace tradewind::scheduler {
namespace {

using policy::Holding;
using policy::Seen;
using policy::Sight;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

// ---- progress

std::optional<Time> began_at(const LeaseRecord& lease) {
  return lease.status ? lease.status->program_started_at : std::nullopt;
}

// Seconds that the program ran here until `until`.
double ran_s(const LeaseRecord& lease, Time until) {
  const std::optional<Time> began = began_at(lease);
  if (!began) return 0;
  Time end = until;
  if (lease.ended_at) end = std::min(end, *lease.ended_at);
  if (lease.status->program_stopped_at) end = std::min(end, *lease.status->program_stopped_at);
  return std::max(0.0, seconds_of(end - *began));
}

// Progress of a job that counts no units is the time that it ran, as far as a checkpoint holds it.
double ran_until_saved_s(Step& step, const JobRecord& job) {
  double total = 0;
  for (const LeaseId& id : job.leases) {
    const LeaseRecord* lease = step.lease(id);
    if (lease == nullptr || !lease->status || lease->status->saved_digest.empty()) continue;
    const bool newest = job.saved && lease->status->epoch == job.saved->epoch;
    total += ran_s(*lease, newest ? job.saved->at : step.now());
  }
  return total;
}

class Progress {
 public:
  Progress(Step& step, const JobRecord& job, const Seat& seat) : step_(step), job_(job), seat_(seat) {
    total_ = job.spec.work.total > 0 ? job.spec.work.total : job.total_steps;
  }
  double saved_s() const {
    if (!seat_.counts_units) return capped(job_.saved ? ran_until_saved_s(step_, job_) : 0);
    return of_units(job_.saved ? job_.saved->step : 0);
  }
  double held_s(const LeaseRecord& held) const {
    const std::optional<Time> began = began_at(held);
    if (!began) return saved_s();
    if (seat_.counts_units) return std::max(saved_s(), of_units(held.status->step));
    const Time since = job_.saved && job_.saved->epoch == held.status->epoch ? job_.saved->at : *began;
    return capped(saved_s() + std::max(0.0, seconds_of(step_.now() - since)));
  }

 private:
  // What runs longer than was thought, or is just ending, is not done before it says so.
  double capped(double seconds) const { return std::min(seconds, seat_.problem.work_s - 1e-3); }
  double of_units(double units) const {
    return total_ > 0 ? capped(units / total_ * seat_.problem.work_s) : 0;
  }

  Step& step_;
  const JobRecord& job_;
  const Seat& seat_;
  double total_ = 0;
};

// ---- places

// Where the newest state lies: at the last place whose program has begun, or saved.
std::optional<int> checkpoint_region(Step& step, const JobRecord& job, const Seat& seat) {
  for (auto id = job.leases.rbegin(); id != job.leases.rend(); ++id) {
    const LeaseRecord* lease = step.lease(*id);
    if (lease == nullptr || !lease->status) continue;
    const bool saved = job.saved && lease->status->epoch == job.saved->epoch;
    if (!saved && !lease->status->program_started_at) continue;
    const Location& location = lease->offer.location;
    const auto found = std::ranges::find(seat.problem.regions, location.provider + "/" + location.region);
    if (found == seat.problem.regions.end()) return std::nullopt;
    return static_cast<int>(found - seat.problem.regions.begin());
  }
  return std::nullopt;
}

double setup_left_s(Step& step, const Seat& seat, const Sight& sight, const LeaseRecord& held) {
  if (began_at(held)) return 0;
  const double expected = policy::setup_s(seat.problem, sight, sight.held->zone);
  const double since = seconds_of(step.now() - held.launched_at.value_or(held.intended_at));
  return std::max(expected - since, 1.0);
}

void show_barred(Step& step, const Seat& seat, Sight& sight) {
  sight.barred.assign(seat.zones.size(), 0);
  for (std::size_t i = 0; i < seat.zones.size(); ++i) {
    for (const auto purchase : {policy::Purchase::spot, policy::Purchase::on_demand}) {
      const auto open = [&](const FeasibleOffer& feasible) { return !blocked_until(step, feasible.offer); };
      if (std::ranges::any_of(seat.zones[i].sold(purchase), open)) continue;
      sight.barred[i] = static_cast<std::uint8_t>(sight.barred[i] | 1U << static_cast<unsigned>(purchase));
    }
  }
}

// The answer to the last launch. Nothing where it tells nothing of capacity.
std::optional<policy::Attempt> attempt_of(const Seat& seat, const LeaseRecord* lease) {
  if (lease == nullptr) return std::nullopt;
  const int zone = seat.zone_of(lease->offer.location);
  const bool ok = lease->launched_at.has_value();
  if (zone < 0 || (!ok && lease->refusal != Code::insufficient_capacity)) return std::nullopt;
  return policy::Attempt{{zone, purchase_of(lease->offer)}, ok};
}

Sight blank_sight(const Seat& seat, int tick) {
  Sight sight;
  sight.tick = tick;
  sight.capacity.assign(seat.zones.size(), Seen::unknown);
  sight.spot_per_h = seat.spot_per_h;
  return sight;
}

void show_held(const Seat& seat, const LeaseRecord& lease, Sight& sight) {
  const int zone = seat.zone_of(lease.offer.location);
  if (zone < 0) return;
  sight.held = Holding{zone, purchase_of(lease.offer)};
  if (sight.held->purchase == policy::Purchase::spot) sight.capacity[at(zone)] = Seen::up;
}

// What was spent, and what the next tick costs while an order to stop is on its way: so the last checkpoint
// is paid for, too.
double spent_usd(Step& step, const JobRecord& job, const Seat& seat, const LeaseRecord* held) {
  double spent = 0;
  for (const LeaseId& id : job.leases) {
    const LeaseRecord* lease = step.lease(id);
    if (lease != nullptr) spent += billing::usage_cost(*lease, step.now()).as_double();
  }
  if (held == nullptr) return spent;
  return spent + cost_of(held->offer.price_per_hour, seat.tick).as_double();
}

// ---- what was seen before this seat was made

std::optional<Time> over_at(const LeaseRecord& lease) {
  if (!lease.released_at) return lease.ended_at;
  return lease.ended_at ? std::min(*lease.released_at, *lease.ended_at) : *lease.released_at;
}

Sight past_sight(const std::vector<const LeaseRecord*>& leases, const Seat& seat, int tick) {
  Sight sight = blank_sight(seat, tick);
  const Time now = seat.time_of(tick);
  const Time before = now - seat.tick;
  for (const LeaseRecord* lease : leases) {
    if (lease->intended_at >= now) break;
    if (lease->intended_at >= before) sight.last_attempt = attempt_of(seat, lease);
    if (!lease->launched_at) continue;
    const std::optional<Time> over = over_at(*lease);
    if (!over || *over > now) show_held(seat, *lease, sight);
    if (lease->end == LeaseEnd::preempted && over && *over > before && *over <= now) sight.preempted = true;
  }
  return sight;
}

// What other jobs were told before: by tick, of which those before the job's first are below 0.
std::map<int, std::vector<policy::Attempt>> hearsay_by_tick(Step& step, const JobRecord& job, Seat& seat) {
  constexpr Duration counts_for{24 * 3600'000};
  std::map<int, std::vector<policy::Attempt>> told;
  const Time since = std::min(step.now(), job.submitted_at) - counts_for;
  for (const Hearsay& each : heard(step, job.id, seat, since, step.now())) {
    told[seat.tick_before(each.at)].push_back(each.what);
  }
  seat.heard_until = step.now();
  return told;
}

// Everything that a player learns from is in leases: launches granted and refused, lives and losses.
void recall(Step& step, const JobRecord& job, Seat& seat) {
  if (seat.patient) return;
  const auto told = hearsay_by_tick(step, job, seat);
  for (const auto& [tick, attempts] : told) {
    if (tick >= 0) break;
    Sight sight = blank_sight(seat, tick);
    sight.heard = attempts;
    seat.player->recall(sight);
  }
  std::vector<const LeaseRecord*> leases;
  for (const LeaseId& id : job.leases) {
    if (const LeaseRecord* lease = step.lease(id)) leases.push_back(lease);
  }
  if (leases.empty() && told.empty()) return;
  const int until = seat.tick_at(step.now());
  for (int tick = 0; tick < until; ++tick) {
    Sight sight = past_sight(leases, seat, tick);
    if (const auto others = told.find(tick); others != told.end()) sight.heard = others->second;
    seat.player->recall(sight);
  }
  if (leases.empty()) return;
  const LeaseRecord& last = *leases.back();
  const Time before = seat.time_of(until - 1);
  if (last.intended_at >= before) seat.attempted = last.id;
  if (const std::optional<Time> over = over_at(last); !over || *over > before) seat.held = last.id;
}

// ---- making seats

// How often on-demand was refused, of all that was asked for, with a guess to begin with.
double refusals_of(Step& step) {
  constexpr double guess = 0.05;
  constexpr double weight = 20;  // of the guess, in launches
  double asked = weight;
  double refused = weight * guess;
  for (const auto& [id, lease] : step.state().leases) {
    if (lease.offer.purchase == Purchase::spot) continue;
    if (lease.launched_at || lease.refusal) asked += 1;
    if (lease.refusal == Code::insufficient_capacity) refused += 1;
  }
  return refused / asked;
}

bool differs(std::uint64_t known, std::uint64_t measured) {
  const auto a = static_cast<double>(known);
  const auto b = static_cast<double>(measured);
  return b > 0 && std::fabs(a - b) > 0.5 * std::max(a, b);
}

// Only prices may differ between two seats of one player.
bool is_same_problem(const policy::Problem& a, const policy::Problem& b) {
  return a.tick_s == b.tick_s && a.work_s == b.work_s && a.cold_start_s == b.cold_start_s &&
         a.transfer_s == b.transfer_s && a.deadline_ticks == b.deadline_ticks &&
         a.checkpoint_interval_s == b.checkpoint_interval_s &&
         std::ranges::equal(a.zones, b.zones, {}, &policy::Zone::name, &policy::Zone::name);
}

void take_prices(Seat& seat, Seat& fresh) {
  for (std::size_t i = 0; i < seat.zones.size(); ++i) {
    seat.problem.zones[i].on_demand_per_h = fresh.problem.zones[i].on_demand_per_h;
  }
  seat.problem.move_usd = fresh.problem.move_usd;
  seat.spot_per_h = fresh.spot_per_h;
  seat.zones = std::move(fresh.zones);
}

}  // namespace

Seat* seat_of(Step& step, const JobRecord& job, const LeaseRecord* held, std::string& why) {
  std::shared_ptr<Seat>& known = step.working().seats[job.id];
  SurveyQuestion question = question_for(step, job);
  const bool fits = known != nullptr && !differs(known->checkpoint_bytes, question.checkpoint_bytes) &&
                    (held == nullptr || known->zone_of(held->offer.location) >= 0);
  if (fits && known->offers_version == step.working().offers_version) return known.get();
  question.whole = true;
  const Market market = step.survey()(question);
  if (market.offers.empty()) {
    why = market.why_none;
    step.working().seats.erase(job.id);
    return nullptr;
  }
  const std::optional<Offer> keep = held != nullptr ? std::optional(held->offer) : std::nullopt;
  const double refusals = job.deadline ? refusals_of(step) : 0;
  std::shared_ptr<Seat> fresh = make_seat(job, market, step.tempo(), keep, refusals);
  fresh->offers_version = step.working().offers_version;
  if (fits && !fresh->queues && !known->queues && is_same_problem(known->problem, fresh->problem)) {
    take_prices(*known, *fresh);
    known->offers_version = fresh->offers_version;
    return known.get();
  }
  if (fits && fresh->queues && known->queues) {
    fresh->held = known->held;
    fresh->attempted = known->attempted;
    fresh->heard_until = known->heard_until;
  } else {
    recall(step, job, *fresh);
  }
  if (known != nullptr) fresh->last = known->last;
  known = std::move(fresh);
  return known.get();
}

policy::Sight sight_of(Step& step, const JobRecord& job, Seat& seat, const LeaseRecord* held) {
  Sight sight = blank_sight(seat, seat.tick_at(step.now()));
  const Progress progress(step, job, seat);
  sight.checkpoint_region = checkpoint_region(step, job, seat);
  sight.progress_s = sight.checkpoint_s = progress.saved_s();
  if (held != nullptr) {
    show_held(seat, *held, sight);
    if (seat.queues && sight.held) sight.queued = queued(step, *held);
    sight.setup_left_s = sight.held ? setup_left_s(step, seat, sight, *held) : 0;
    sight.progress_s = progress.held_s(*held);
  }
  if (job.spec.budget) sight.cost_usd = spent_usd(step, job, seat, held);
  for (const LeaseId& id : {seat.held, seat.attempted}) {
    const LeaseRecord* before = step.lease(id);
    if (before != nullptr && before->end == LeaseEnd::preempted) sight.preempted = true;
  }
  sight.last_attempt = attempt_of(seat, step.lease(seat.attempted));
  for (const Hearsay& each : heard(step, job.id, seat, seat.heard_until, step.now())) {
    sight.heard.push_back(each.what);
  }
  seat.heard_until = step.now();
  show_barred(step, seat, sight);
  return sight;
}

}  // namespace tradewind::scheduler
