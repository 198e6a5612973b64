#include "core/scheduler/seat.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>

#include "core/policy/player_registry.h"
#include "core/policy/players.h"
#include "core/policy/safety.h"

namespace tradewind::scheduler {
namespace {

constexpr std::size_t zones_max = 16;
constexpr double never_wins = 10;       // times the price of the other purchase
constexpr double ticks_of_a_job = 100;  // at least, as far as its deadline or budget goes
constexpr double tick_min_s = 1;
constexpr int far_deadline_ticks = 1'000'000;
constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double far_behind = 1e9;  // USD a preference: what was asked for first is taken first
constexpr std::string_view default_policy = "tradewind";

double nodes_of(const JobRecord& job) {
  return std::max(job.spec.num_nodes, 1);
}

bool is_on_demand(const FeasibleOffer& feasible) {
  return purchase_of(feasible.offer) == policy::Purchase::on_demand;
}

// Work is counted in seconds on this offer: the cheapest on-demand that keeps the deadline, else the fastest
// on-demand, else the fastest. nullptr: the work's length is not known.
const FeasibleOffer* reference_of(const JobRecord& job, const Market& market) {
  const FeasibleOffer* best = nullptr;
  int best_rank = 0;
  for (const FeasibleOffer& feasible : market.offers) {
    if (feasible.work_s <= 0) continue;
    const bool in_time =
        job.deadline && feasible.start_s + feasible.sure_s <= seconds_of(*job.deadline - job.submitted_at);
    const int rank = !is_on_demand(feasible) ? 1 : in_time ? 3 : 2;
    const bool better = best == nullptr || rank > best_rank ||
                        (rank == best_rank && (rank == 3 ? feasible.expected_usd < best->expected_usd
                                                         : feasible.sure_s < best->sure_s));
    if (!better) continue;
    best = &feasible;
    best_rank = rank;
  }
  return best;
}

// Builds the zones and what is said of them.
class Builder {
 public:
  Builder(const JobRecord& job, const Market& market, const std::optional<Offer>& keep)
      : job_(job), market_(market), reference_(reference_of(job, market)), seat_(std::make_shared<Seat>()) {
    add_zones(keep);
    sort_zones();
    price_zones();
    price_moves();
  }

  const FeasibleOffer* reference() const { return reference_; }
  std::shared_ptr<Seat> seat() { return seat_; }
  bool sells_on_demand() const { return on_demand_usd_ < infinite; }

 private:
  // USD of an hour's worth of the reference's work.
  double price_of(const FeasibleOffer& feasible) const {
    const double scale =
        reference_ == nullptr || feasible.work_s <= 0 ? 1 : feasible.work_s / reference_->work_s;
    return feasible.offer.price_per_hour.as_double() * nodes_of(job_) * scale;
  }

  int add_zone(const Location& location) {
    Seat& seat = *seat_;
    seat.zones.push_back({location, {}, {}});
    policy::Zone zone;
    zone.name = to_text(location);
    zone.provider = location.provider;
    zone.region = location.provider + "/" + location.region;
    zone.zone = location.zone;
    const auto known = std::ranges::find(seat.problem.regions, zone.region);
    zone.region_index = static_cast<int>(known - seat.problem.regions.begin());
    if (known == seat.problem.regions.end()) seat.problem.regions.push_back(zone.region);
    seat.problem.zones.push_back(std::move(zone));
    return static_cast<int>(seat.zones.size()) - 1;
  }

  void add_offer(const FeasibleOffer& feasible, bool in_any_case) {
    int zone = seat_->zone_of(feasible.offer.location);
    if (zone < 0 && seat_->zones.size() >= zones_max && !in_any_case) return;
    if (zone < 0) zone = add_zone(feasible.offer.location);
    SeatZone& sells = seat_->zones[static_cast<std::size_t>(zone)];
    if (!is_on_demand(feasible)) {
      sells.spot.push_back(feasible);
    } else if (reference_ == nullptr || feasible.work_s <= reference_->work_s * (1 + 1e-9)) {
      sells.on_demand.push_back(feasible);  // slower ones would not keep the deadline
    }
  }

  void add_zones(const std::optional<Offer>& keep) {
    if (reference_ != nullptr) add_zone(reference_->offer.location);
    if (keep && seat_->zone_of(keep->location) < 0) add_zone(keep->location);
    for (const FeasibleOffer& feasible : market_.offers) add_offer(feasible, false);
  }

  // By name, so that the order of offers decides nothing.
  void sort_zones() {
    Seat& seat = *seat_;
    std::vector<Location> places;
    for (const SeatZone& zone : seat.zones) places.push_back(zone.location);
    std::ranges::sort(places);
    seat.zones.clear();
    seat.problem.zones.clear();
    seat.problem.regions.clear();
    for (const Location& place : places) add_zone(place);
    for (const FeasibleOffer& feasible : market_.offers) {
      if (seat.zone_of(feasible.offer.location) >= 0) add_offer(feasible, true);
    }
    const auto cheaper = [&](const FeasibleOffer& a, const FeasibleOffer& b) {
      return a.preference != b.preference ? a.preference < b.preference : price_of(a) < price_of(b);
    };
    for (SeatZone& zone : seat.zones) {
      std::ranges::stable_sort(zone.spot, cheaper);
      std::ranges::stable_sort(zone.on_demand, cheaper);
    }
  }

  void price_zones() {
    Seat& seat = *seat_;
    double dearest = 0;
    for (const SeatZone& zone : seat.zones) {
      if (!zone.on_demand.empty())
        on_demand_usd_ = std::min(on_demand_usd_, price_of(zone.on_demand.front()));
      if (!zone.spot.empty()) dearest = std::max(dearest, price_of(zone.spot.front()));
    }
    const double instead = sells_on_demand() ? on_demand_usd_ : never_wins * dearest;
    for (std::size_t i = 0; i < seat.zones.size(); ++i) {
      const SeatZone& zone = seat.zones[i];
      double& on_demand = seat.problem.zones[i].on_demand_per_h;
      on_demand = zone.on_demand.empty() ? instead : price_of(zone.on_demand.front());
      seat.spot_per_h.push_back(zone.spot.empty() ? never_wins * on_demand : price_of(zone.spot.front()));
    }
  }

  void price_moves() {
    Seat& seat = *seat_;
    const std::size_t count = seat.problem.regions.size();
    seat.problem.move_usd.assign(count * count, 0);
    if (!market_.egress_usd || market_.checkpoint_bytes == 0) return;
    std::vector<Location> places(count);
    for (const SeatZone& zone : seat.zones) {
      const auto index = static_cast<std::size_t>(&zone - seat.zones.data());
      places[static_cast<std::size_t>(seat.problem.zones[index].region_index)] = zone.location;
    }
    for (std::size_t from = 0; from < count; ++from) {
      for (std::size_t to = 0; to < count; ++to) {
        if (from == to) continue;
        seat.problem.move_usd[from * count + to] =
            market_.egress_usd(places[from], places[to], market_.checkpoint_bytes);
      }
    }
  }

  const JobRecord& job_;
  const Market& market_;
  const FeasibleOffer* reference_;
  std::shared_ptr<Seat> seat_;
  double on_demand_usd_ = infinite;
};

double cold_start_of(const Seat& seat) {
  double longest = 0;
  for (const SeatZone& zone : seat.zones) {
    for (const auto* sold : {&zone.spot, &zone.on_demand}) {
      for (const FeasibleOffer& feasible : *sold) longest = std::max(longest, feasible.start_s);
    }
  }
  return longest;
}

// Regions that sell on-demand as fast as the reference.
int fallbacks_of(const Seat& seat) {
  std::set<int> regions;
  for (std::size_t i = 0; i < seat.zones.size(); ++i) {
    if (!seat.zones[i].on_demand.empty()) regions.insert(seat.problem.zones[i].region_index);
  }
  return static_cast<int>(regions.size());
}

// The deadline that a player sees is earlier than the job's. First by what real machines owe to the model:
// they are asked within ticks, some are slower than the reference, and checkpoints do not keep to the clock.
// Then by the time of one more launch, for on-demand that is refused or does not come up; where little time
// is left, half of it.
double reserve_of(const policy::Problem& problem, int fallbacks, double spare_s) {
  const bool saves = problem.checkpoint_interval_s > 0 && problem.checkpoint_interval_s < problem.work_s;
  const double model_s = problem.tick_s + (saves ? problem.checkpoint_interval_s : 0);
  const double launch_s =
      problem.cold_start_s + (fallbacks > 1 || problem.regions.size() > 1 ? problem.transfer_s : 0);
  const double owed_s = std::clamp(model_s, 0.0, std::max(0.0, spare_s - problem.tick_s));
  return owed_s + std::min(launch_s, std::max(0.0, spare_s - problem.tick_s - owed_s) / 2);
}

std::string note_on_deadline(const Seat& seat, const JobRecord& job, int fallbacks, double refusals) {
  const policy::Problem& problem = seat.problem;
  const double needs_s = problem.cold_start_s + problem.work_s;
  if (fallbacks == 0) return "nobody sells on-demand that fits, so that the deadline rests on spot alone";
  if (job.submitted_at + duration_of_seconds(needs_s) > *job.deadline) {
    return "the deadline cannot be kept: the earliest end to rely on is " +
           format_utc(job.submitted_at + duration_of_seconds(needs_s));
  }
  char text[128];
  std::snprintf(text, sizeof text,
                "deadline kept unless on-demand is refused in all of %d place%s; chance about %.2g %%",
                fallbacks, fallbacks == 1 ? "" : "s", 100 * std::pow(refusals, fallbacks));
  return text;
}

void set_deadline(Seat& seat, const JobRecord& job, double refusals) {
  policy::Problem& problem = seat.problem;
  const double span_s = seconds_of(*job.deadline - job.submitted_at);
  const int fallbacks = fallbacks_of(seat);
  const double spare_s = std::max(0.0, span_s - problem.cold_start_s - problem.work_s);
  const double reserve_s = reserve_of(problem, fallbacks, spare_s);
  problem.deadline_ticks = std::max(1, static_cast<int>((span_s - reserve_s) / problem.tick_s));
  const std::string note = note_on_deadline(seat, job, fallbacks, refusals);
  seat.note = seat.note.empty() ? note : note + "; " + seat.note;
}

// What the budget pays for, where it does not pay for all.
std::string note_on_budget(const JobRecord& job, const Market& market) {
  double least_usd = infinite;
  for (const FeasibleOffer& feasible : market.offers) {
    if (feasible.work_s > 0) least_usd = std::min(least_usd, feasible.expected_usd);
  }
  const double budget = job.spec.budget->as_double();
  if (least_usd == infinite || least_usd <= budget) return {};
  char text[128];
  std::snprintf(text, sizeof text,
                "the budget of %s pays for about %.0f %% of the work, which is to cost %.2f",
                job.spec.budget->text().c_str(), 100 * budget / least_usd, least_usd);
  return text;
}

// Of one node.
double dearest_per_h(const Seat& seat) {
  double dearest = 0;
  for (const SeatZone& zone : seat.zones) {
    for (const auto* sold : {&zone.spot, &zone.on_demand}) {
      for (const FeasibleOffer& feasible : *sold)
        dearest = std::max(dearest, feasible.offer.price_per_hour.as_double());
    }
  }
  return dearest;
}

void set_budget(Seat& seat, const JobRecord& job, const Market& market) {
  seat.problem.budget_usd = job.spec.budget->as_double();
  if (const std::string note = note_on_budget(job, market); !note.empty()) {
    seat.note += (seat.note.empty() ? "" : "; ") + note;
  }
  const double dearest = dearest_per_h(seat) * nodes_of(job);
  if (dearest <= 0) return;
  const double lasts_s = 3600 * seat.problem.budget_usd / dearest;
  const double tick_s = std::clamp(std::floor(lasts_s / ticks_of_a_job), tick_min_s, seconds_of(seat.tick));
  seat.tick = duration_of_seconds(tick_s);
}

// A job that nothing hurries.
std::unique_ptr<policy::Player> unhurried_player(Seat& seat) {
  seat.patient = true;
  std::vector<policy::WholeCost> costs;
  const auto cost_of = [](const std::vector<FeasibleOffer>& sold) {
    double best = infinite;
    for (const FeasibleOffer& feasible : sold) {
      best = std::min(best, feasible.expected_usd + far_behind * static_cast<double>(feasible.preference));
    }
    return best;
  };
  for (const SeatZone& zone : seat.zones) costs.push_back({cost_of(zone.spot), cost_of(zone.on_demand)});
  return std::make_unique<policy::Guarded>(policy::cheapest_player(seat.problem, std::move(costs)),
                                           seat.problem);
}

// On one's own machines there is nothing to wait for: neither where on-demand is free, nor where all is,
// which leaves costs nothing to tell apart.
bool sells_for_nothing(const Seat& seat) {
  if (dearest_per_h(seat) <= 0) return true;
  return std::ranges::any_of(seat.zones, [](const SeatZone& zone) {
    return !zone.on_demand.empty() && zone.on_demand.front().offer.price_per_hour.nanos() == 0;
  });
}

// The best of what a zone sells: what was asked for first, then the cheapest with the worth of time.
policy::WholeRun whole_run(const std::vector<FeasibleOffer>& sold, double waiting_usd_per_h) {
  policy::WholeRun best;
  double least = infinite;
  for (const FeasibleOffer& feasible : sold) {
    const double hours = (feasible.queue.mean_s() + feasible.run_s) / 3600;
    const double behind = far_behind * static_cast<double>(feasible.preference);
    const double whole = feasible.expected_usd + waiting_usd_per_h * hours + behind;
    if (whole >= least) continue;
    least = whole;
    best = {feasible.expected_usd + behind, feasible.run_s, feasible.run_sure_s, feasible.queue.mean_s(),
            feasible.queue.p95_s()};
  }
  return best;
}

// Whether a queue is among the places, and the user names no other policy.
bool weighs_queues(const JobRecord& job, const Seat& seat) {
  if (!job.spec.policy.empty() && job.spec.policy != default_policy) return false;
  return std::ranges::any_of(seat.zones, [](const SeatZone& zone) {
    const auto has_queue = [](const FeasibleOffer& feasible) {
      return feasible.offer.queue_wait.has_value();
    };
    return std::ranges::any_of(zone.spot, has_queue) || std::ranges::any_of(zone.on_demand, has_queue);
  });
}

// It keeps the deadline itself: its problem has none, since on-demand there may be a queue.
std::unique_ptr<policy::Player> bursting_player(const JobRecord& job, Seat& seat) {
  seat.queues = true;
  seat.problem.deadline_ticks = far_deadline_ticks;
  std::vector<policy::WholeRuns> runs;
  for (const SeatZone& zone : seat.zones) {
    runs.push_back({whole_run(zone.spot, seat.problem.waiting_usd_per_h),
                    whole_run(zone.on_demand, seat.problem.waiting_usd_per_h)});
  }
  const double deadline_s = job.deadline ? seconds_of(*job.deadline - job.submitted_at) : infinite;
  return std::make_unique<policy::Guarded>(policy::burst_player(seat.problem, std::move(runs), deadline_s),
                                           seat.problem);
}

std::unique_ptr<policy::Player> player_of(const JobRecord& job, Seat& seat) {
  if (is_pressed(job) && seat.reference_s > 0 && weighs_queues(job, seat)) return bursting_player(job, seat);
  if (!is_pressed(job) || seat.reference_s <= 0 || sells_for_nothing(seat)) return unhurried_player(seat);
  std::unique_ptr<policy::Player> named = policy::make_player(job.spec.policy, seat.problem);
  return named != nullptr ? std::move(named) : policy::make_player(default_policy, seat.problem);
}

}  // namespace

int Seat::zone_of(const Location& location) const {
  const auto found = std::ranges::find(zones, location, &SeatZone::location);
  return found == zones.end() ? -1 : static_cast<int>(found - zones.begin());
}

int Seat::tick_at(Time now) const {
  if (now <= start) return 0;
  return static_cast<int>((now - start + tick - Duration(1)) / tick);
}

int Seat::tick_before(Time then) const {
  const Duration passed = then - start;
  const auto whole = static_cast<int>(passed / tick);
  return passed < Duration(0) && tick * whole != passed ? whole - 1 : whole;
}

Duration tick_of(const JobRecord& job, const Tempo& tempo) {
  if (!job.deadline) return tempo.tick;
  const double span_s = seconds_of(*job.deadline - job.submitted_at);
  const double most_s = std::max(tick_min_s, seconds_of(tempo.tick));
  return duration_of_seconds(std::floor(std::clamp(span_s / ticks_of_a_job, tick_min_s, most_s)));
}

std::shared_ptr<Seat> make_seat(const JobRecord& job, const Market& market, const Tempo& tempo,
                                const std::optional<Offer>& keep, double refusals) {
  Builder builder(job, market, keep);
  std::shared_ptr<Seat> seat = builder.seat();
  policy::Problem& problem = seat->problem;
  const FeasibleOffer* reference = builder.reference();
  problem.id = job.id.text();
  problem.info = policy::Info::held;
  problem.nodes = std::max(job.spec.num_nodes, 1);
  problem.work_s = reference == nullptr ? 1 : std::max(reference->sure_s, 1.0);
  seat->reference_s = reference == nullptr ? 0 : problem.work_s;
  problem.cold_start_s = std::ceil(cold_start_of(*seat));
  seat->checkpoint_bytes = market.checkpoint_bytes;
  problem.checkpoint_gb = static_cast<double>(market.checkpoint_bytes) / 1e9;
  if (market.checkpoint_bytes > 0) {
    problem.transfer_s =
        std::ceil(static_cast<double>(market.checkpoint_bytes) / market.far_restore_bytes_per_s);
  }
  problem.checkpoint_interval_s =
      market.interval_s <= problem.work_s ? market.interval_s : 2 * problem.work_s;
  seat->tick = tick_of(job, tempo);
  if (job.spec.budget) set_budget(*seat, job, market);
  problem.tick_s = seconds_of(seat->tick);
  problem.deadline_ticks = far_deadline_ticks;
  if (job.spec.waiting_cost) problem.waiting_usd_per_h = job.spec.waiting_cost->as_double();
  if (job.deadline && reference != nullptr) set_deadline(*seat, job, refusals);
  seat->start = job.submitted_at;
  seat->counts_units = job.spec.work.total > 0 || job.total_steps > 0;
  seat->player = player_of(job, *seat);
  return seat;
}

}  // namespace tradewind::scheduler
