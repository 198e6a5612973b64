// The seam to every spot policy: one job, asked once a tick what to hold, launch or stop. The same player is
// asked by the backtest, by the protocol of `tradewind policy` and by the broker; it does no I/O and has no
// clock, so the same sights give the same answers.
//
// Times are seconds from the job's start, money is US dollars: both as `double`, since a player weighs
// expectations. What is owed is counted elsewhere, in integers.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tradewind::policy {

// The price of what a zone does not sell, USD an hour: no player pays it where there is anything else.
inline constexpr double not_sold_per_h = 1e6;

// A place that sells capacity for the whole job (all nodes of a gang).
struct Zone {
  std::string name;  // unique within a problem
  std::string provider;
  std::string region;
  std::string zone;
  double on_demand_per_h = 0;  // USD an hour, for the whole gang
  int region_index = 0;        // into Problem::regions
};

// What is seen of capacity without paying for it.
enum class Info {
  all,     // every zone
  region,  // the zones of the region held; else of the checkpoint's; else of the first zone
  held,    // only the zone of a held spot instance: as on real clouds
};

// One job and its market, as known before the first tick.
struct Problem {
  std::string id;
  double tick_s = 0;  // how often the player is asked
  int deadline_ticks = 0;
  double work_s = 0;  // seconds of progress needed
  double cold_start_s = 0;
  double checkpoint_gb = 0;
  double transfer_s = 0;             // to bring the checkpoint to another region
  double checkpoint_interval_s = 0;  // of progress; 0: all progress is saved at once
  Info info = Info::all;
  int nodes = 1;
  double penalty_factor = 3;
  // What an hour is worth until the job has ended, USD: of use without a deadline, which is then set far off.
  double waiting_usd_per_h = 0;
  // Nothing is bought that could bring the cost above this.
  double budget_usd = std::numeric_limits<double>::infinity();
  std::vector<Zone> zones;
  std::vector<std::string> regions;
  std::vector<double> move_usd;  // egress of the checkpoint, [from * regions.size() + to]

  double deadline_s() const { return tick_s * deadline_ticks; }
  double move_cost_usd(int from, int to) const {
    return move_usd[static_cast<std::size_t>(from) * regions.size() + static_cast<std::size_t>(to)];
  }
};

enum class Purchase : std::uint8_t { spot, on_demand };

struct Holding {
  int zone = 0;  // into Problem::zones
  Purchase purchase = Purchase::spot;
  bool operator==(const Holding&) const = default;
};

// What is held stands in its supplier's queue: seconds until it starts.
struct Queued {
  double rest_s = 0;       // expected
  double rest_sure_s = 0;  // of which 95 of 100 stay below
};

struct Attempt {
  Holding what;
  bool ok = false;
};

enum class Seen : std::int8_t { unknown = -1, down = 0, up = 1 };

// What is known at the beginning of a tick.
struct Sight {
  int tick = 0;
  std::optional<Holding> held;
  bool preempted = false;        // since the last tick
  std::optional<Queued> queued;  // nothing: it has started, or boots
  double setup_left_s = 0;
  double progress_s = 0;
  double checkpoint_s = 0;               // progress that a preemption leaves
  std::optional<int> checkpoint_region;  // where it lies
  double cost_usd = 0;
  std::optional<Attempt> last_attempt;  // the launch of the last tick
  std::vector<Seen> capacity;           // per zone, of spot
  // What others were told of spot since the last tick, launches granted and refused, and losses: learned
  // from, never relied on, since what was left for them may not be left for this job.
  std::vector<Attempt> heard;
  std::vector<double> spot_per_h;  // USD an hour, per zone
  // Per zone, a bit for each Purchase that is not to be asked for now: not sold there, no quota, refused a
  // moment ago. Empty: none. The price of what is not sold never wins (spot), or is what the nearest place
  // that sells it takes (on-demand).
  std::vector<std::uint8_t> barred;

  bool is_barred(int zone, Purchase purchase) const {
    if (barred.empty()) return false;
    return (barred[static_cast<std::size_t>(zone)] >> static_cast<int>(purchase) & 1) != 0;
  }
};

struct Answer {
  enum class Action : std::uint8_t { hold, stop, launch } action = Action::hold;
  Holding launch;  // of launch
};
inline Answer hold() {
  return {};
}
inline Answer stop() {
  return {Answer::Action::stop, {}};
}
inline Answer launch(int zone, Purchase purchase) {
  return {Answer::Action::launch, {zone, purchase}};
}

class Player {
 public:
  virtual ~Player() = default;
  // Once a tick, in order; where something happened within a tick, once more, as if the next one had begun.
  virtual Answer decide(const Sight& sight) = 0;
  // What was seen at a tick long past, told in order to a player that takes over, or begins where others have
  // been (ticks below 0): learned from, not answered. Progress and set-up are not told.
  virtual void recall(const Sight&) {}
  // The reason for the last answer, with its numbers; empty where a player has none to tell.
  virtual std::string why() const { return {}; }
  // Losses an hour that it expects of spot launched in the zone now: of use for the cadence of checkpoints
  // there. Nothing from players that keep no such belief.
  virtual std::optional<double> hazard_per_h(int zone) const {
    static_cast<void>(zone);
    return std::nullopt;
  }
};

}  // namespace tradewind::policy
