// What a job will still cost, at the best, by dynamic programming.
//
// A state is the work that is left, the slack (time to the deadline less work left), and what is held:
// spot in a zone in some phase of its life, on-demand in a region while spot there is out for so long, or
// nothing. Work and slack are the two things that time is made of: running spends work, waiting and set-up
// spend slack, so each state's value follows from states with less of one or the other, and one pass over the
// work left, within it over the slack, solves all. With w work, s slack, c the set-up:
//
//   spot(z,p; w,s)     = price·h + P(lives h)·spot(z,p; w-h,s) + P(falls)·fall(z; w-h·when, s - checkpoint/2)
//   fall(z; w,s)       = down(region,0; w,s), or better where another zone is up: launch(z'; w,s) + egress
//   launch(z; w,s)     = price·c + Σ_p P(p)·spot(z,p; w, s-c)
//   on_demand(r,a;w,s) = min(down(r,a; w,s), price·h + Σ P(a→b)·on_demand(r,b; w-h,s) + P(comes back)·min(…,
//   launch)) down(r,a; w,s)     = min(on_demand(r,a; w, s-c) + price·c,                         … buy
//   on-demand
//                            Σ P(a→b)·down(r,b; w, s-ds) + P(comes back)·min(…, launch))   … wait for ds
//
// An outage is known by its age alone, in stages; how long it will last is not. Spot with less slack than a
// set-up is on-demand in all but name: the deadline asks for it.
//
// The layers of work left can be computed a few at a time, so that no tick has to pay for a whole table.
#pragma once

#include <array>
#include <vector>

#include "core/policy/capacity_belief.h"

namespace tradewind::policy {

inline constexpr std::size_t outage_stages = 4;
// The ages at which the stages of an outage begin, hours.
inline constexpr std::array<double, outage_stages> stage_begins_h = {0, 0.25, 1, 4};
// An hour's chance of coming back in each stage, for outages that are mixed so.
std::array<double, outage_stages> stage_rates_per_h(const PhaseMix& down);

struct MarketZone {
  double price_per_h = 0;  // spot, USD
  int region = 0;
  SpellMix next;     // the spells to come
  double share = 0;  // of time with capacity
  double rise_per_h = 0;
};

struct Market {
  std::vector<MarketZone> zones;
  std::vector<double> on_demand_per_h;  // by region, the cheapest
  std::vector<double> move_usd;         // as in Problem
  double cold_start_h = 0;
  double transfer_h = 0;
  double tick_h = 0;
  double checkpoint_interval_h = 0;
  double waiting_usd_per_h = 0;  // of holding nothing; the prices hold it already
};

class ValueTable {
 public:
  static constexpr std::size_t work_layers = 24;   // above 0
  static constexpr std::size_t slack_points = 15;  // denser where slack is scarce
  struct Point {                                   // where a state lies between the grid's points
    std::size_t layer = 0, slack = 0;
    double layer_part = 0, slack_part = 0;
  };

  // Begins a table for at most so much work and slack. step() computes some layers; true once all are.
  void begin(Market market, double work_h, double slack_h);
  bool step(std::size_t layers);
  bool is_begun() const { return !market_.zones.empty(); }
  bool is_complete() const { return next_layer_ > work_layers; }  // or none was begun

  // REQUIRES: is_complete(). Values in USD; what lies outside the grid counts as its edge.
  Point locate(double work_h, double slack_h) const;
  double on_spot(int zone, std::size_t phase, const Point& point) const;
  // `rate_per_h` is the hazard of the outage there is now: the stage that has it is read.
  double on_demand(int region, double rate_per_h, const Point& point) const;
  double down(int region, double rate_per_h, const Point& point) const;
  double slack_h(std::size_t point) const { return slack_h_[point]; }

 private:
  using Row = std::array<float, slack_points>;  // over slack
  struct Shift {                                // a row read at less slack
    std::array<std::size_t, slack_points> from{};
    std::array<float, slack_points> part{};
  };
  struct Stages {  // where an outage is after some time, if it goes on, and whether a zone has come back
    std::array<std::array<float, outage_stages>, outage_stages> to{};
    std::array<float, outage_stages> comes_back{};
  };
  struct Away {  // a place in another region
    std::size_t zone = 0;
    float egress = 0;
    float comes_in_step = 0;  // the chance that it comes back in a step of work
    Row comes_in_wait{};      // from a slack point to the one below
  };
  struct Region {
    std::vector<std::size_t> zones;  // of the region
    std::vector<std::size_t>
        places;               // where a job that lies here may go, the best first: zones of any region
    std::vector<Away> aways;  // those of places that lie elsewhere
    SpellMix spells;
    std::array<double, outage_stages> rate_per_h{};
    double neighbours_per_h = 0;  // the other zones' chance to come back, on top of the outage's own
    double share = 0, rise_per_h = 0;
    Stages after_step;                              // of work
    std::array<Stages, slack_points> after_wait{};  // from a slack point to the one below
  };
  struct Launches {  // rows of one zone and layer
    Row home_found{}, home_fresh{}, away_found{}, away_fresh{};
    Row home_midway{}, away_midway{};  // fresh, half-way to the slack point below
  };

  // What a layer's states cost. Each layer is allocated as it is solved, so that no tick pays for all.
  struct Layer {
    std::vector<Row> spot;             // [zone · phases + phase]
    std::vector<Row> on_demand, down;  // [region · outage_stages + stage]
  };
  using Kind = std::vector<Row> Layer::*;

  void add_layer();
  void prepare_grid(double work_h, double slack_h);
  void prepare_regions();
  void average_region(Region& region) const;
  void choose_places(std::size_t region, double work_h);
  Away away_place(std::size_t from, std::size_t zone) const;
  // Where an outage in stage a is some time later: in stage b; the rest has ended.
  using Passage = std::array<std::array<double, outage_stages>, outage_stages>;
  static Passage passage(const Region& region, double hours);
  static Passage chained(const Passage& first, const Passage& then);
  static Stages as_stages(const Region& region, const Passage& to, double hours);
  Shift shift_by(double hours) const;
  static Row shifted(const Row& row, const Shift& shift);

  void solve_layer(std::size_t layer);
  void run_spot(std::size_t zone, std::size_t layer);
  void price_launches(std::size_t zone, std::size_t layer);
  void run_on_demand(std::size_t region, std::size_t stage, std::size_t layer);
  void wait(std::size_t region, std::size_t stage, std::size_t layer);
  // `outages`: the region's rows of `down`, by stage.
  float wait_on(const Region& region, const Row* outages, std::size_t stage, std::size_t slack) const;
  void fall(std::size_t zone, std::size_t layer);
  void change_for_better(std::size_t zone, std::size_t layer);
  double fee(std::size_t from, std::size_t to) const { return market_.move_usd[from * regions_.size() + to]; }

  Row& row(Kind kind, std::size_t line, std::size_t layer) { return (layers_[layer].*kind)[line]; }
  const Row& row(Kind kind, std::size_t line, std::size_t layer) const {
    return (layers_[layer].*kind)[line];
  }
  double read(Kind kind, std::size_t line, const Point& point) const;
  double staged(Kind kind, int region, double rate_per_h, const Point& point) const;

  Market market_;
  std::vector<Region> regions_;
  double step_h_ = 0;
  std::array<double, slack_points> slack_h_{};
  std::size_t next_layer_ = work_layers + 1;
  Shift by_cold_start_, by_move_, by_lost_work_;
  PhaseMix lives_{};                                    // the chance to outlive a step of work
  PhaseMix falls_when_{};                               // of those that do not: after which part of it
  std::vector<Layer> layers_;                           // by steps of work left
  std::vector<Launches> launches_, launches_before_;    // of this layer and the one before
  std::vector<Row> fall_, fall_before_, fall_earlier_;  // by zone
};

}  // namespace tradewind::policy
