// A job's seat: the market as its policy knows it, and the player that decides there. Forgettable: it is made
// again from the job, the market and what the job's leases tell.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/policy/player.h"
#include "core/scheduler/market.h"
#include "core/scheduler/working.h"

namespace tradewind::scheduler {

// What a zone of the problem sells, the cheapest first. The first of each sets the price.
struct SeatZone {
  Location location;
  std::vector<FeasibleOffer> spot;
  std::vector<FeasibleOffer> on_demand;  // and reserved; none slower than the reference

  const std::vector<FeasibleOffer>& sold(policy::Purchase purchase) const {
    return purchase == policy::Purchase::spot ? spot : on_demand;
  }
};

struct Seat {
  policy::Problem problem;
  std::vector<SeatZone> zones;     // as the problem's
  std::vector<double> spot_per_h;  // USD, per zone
  std::unique_ptr<policy::Player> player;
  Time start;  // of tick 0
  Duration tick{};
  bool queues = false;        // weighs queues against renting, and remembers nothing
  bool patient = false;       // holds what it has until it is lost, or its budget is spent
  bool counts_units = false;  // progress is told in units of work
  double reference_s = 0;     // of work in `problem`; 0: not known
  std::string note;           // what the user has to know of the deadline, with its number
  std::uint64_t checkpoint_bytes = 0;

  // What was answered last; whether the job's events hold it.
  std::optional<policy::Answer> last;
  LeaseId held;       // at the last answer
  LeaseId attempted;  // launched by the last answer
  Time heard_until;   // what others were told is learned up to here

  std::uint64_t offers_version = 0;  // that the prices are of

  int zone_of(const Location& location) const;  // -1: not among them
  // The first tick at or after `now`.
  int tick_at(Time now) const;
  // The tick that a moment lies in, below 0 before the first.
  int tick_before(Time then) const;
  Time time_of(int number) const { return start + tick * number; }
};

// REQUIRES: market.offers is not empty. `keep` is a place that must be among the zones. `refusals` is the
// chance that on-demand is refused at one place.
std::shared_ptr<Seat> make_seat(const JobRecord& job, const Market& market, const Tempo& tempo,
                                const std::optional<Offer>& keep, double refusals);

// How often the job's policy is asked, as far as its deadline tells; a small budget makes a seat's tick
// shorter.
Duration tick_of(const JobRecord& job, const Tempo& tempo);

// Whether time is worth something to the job, so that there is more to weigh than what is cheapest.
inline bool is_pressed(const JobRecord& job) {
  return job.deadline || (job.spec.waiting_cost && job.spec.waiting_cost->nanos() > 0);
}
// Whether its policy is asked while something is held, too.
inline bool is_watched(const JobRecord& job) {
  return is_pressed(job) || job.spec.budget;
}

inline policy::Purchase purchase_of(const Offer& offer) {
  return offer.purchase == Purchase::spot ? policy::Purchase::spot : policy::Purchase::on_demand;
}

}  // namespace tradewind::scheduler
