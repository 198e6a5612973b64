// One offer, judged: its expected cost, finish and risk, or the reason why not. What many offers share (a
// place, an accelerator's speed, a run) is worked out once, so that a hundred thousand offers take
// milliseconds.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "core/planner/job_facts.h"
#include "core/planner/place_model.h"
#include "core/planner/plan.h"
#include "core/planner/run_costs.h"

namespace tradewind::planner {

// Small enough to rank a hundred thousand of them.
struct Estimate {
  std::int64_t cost_nanos = 0;
  std::int64_t time_nanos = 0;  // what the time until the expected end is worth; 0 where nobody says
  double p95_s = 0;
  double risk = 0;
  std::uint32_t offer = 0;  // index into the request's offers
  std::uint32_t place = 0;  // numbered by the evaluator
  std::uint32_t speed = 0;
  std::uint16_t preference = 0;
  bool is_spot = false;
};

class Evaluator {
 public:
  // Keeps a reference to the request.
  explicit Evaluator(const PlanRequest& request);

  // Under all constraints.
  std::variant<Estimate, Rejection> judge(std::size_t offer_index);
  // As far as the resources asked for, without block, budget, share and deadline: what --explain shows of an
  // offer that was refused for one of these.
  std::variant<Estimate, Rejection> estimate(std::size_t offer_index);

  const JobFacts& facts() const { return facts_; }
  Hazard hazard_of(const Offer& offer) const;
  // Of the queue there; none where the offer speaks of none.
  QueueWait queue_of(const Offer& offer) const;
  const PlaceModel& place_of(const Estimate& estimate) const { return places_[estimate.place]; }
  const Throughput& speed_of(const Estimate& estimate) const { return speeds_[estimate.speed]; }
  RunCosts run_of(const Estimate& estimate) const;

 private:
  struct LocationHash {
    std::size_t operator()(const Location* location) const;
  };
  struct LocationEqual {
    bool operator()(const Location* a, const Location* b) const { return *a == *b; }
  };
  struct SpeedKey {
    const catalog::AcceleratorFacts* facts = nullptr;
    std::string_view model;
    double memory_gib = 0;
    double count = 0;
    bool operator==(const SpeedKey&) const = default;
  };
  struct SpeedHash {
    std::size_t operator()(const SpeedKey& key) const;
  };
  struct RunKey {
    std::uint32_t place = 0;
    std::uint32_t speed = 0;
    Conditions conditions;
    bool operator==(const RunKey&) const = default;
  };
  struct KnownRun {
    bool is_set = false;
    RunKey key;
    RunTotals totals;
  };

  std::variant<Estimate, Rejection> estimate_as(std::size_t offer_index, const Requirement& requirement);
  const BlockedOffer* block_of(const Offer& offer) const;
  std::uint32_t place_index(const Location& location);
  std::uint32_t speed_index(std::size_t offer_index, const Requirement& requirement);
  Conditions conditions_of(const Offer& offer, const PlaceModel& place) const;
  const RunTotals& totals_of_run(const RunKey& key);

  const PlanRequest& request_;
  JobFacts facts_;
  std::vector<PlaceModel> places_;
  std::vector<Throughput> speeds_;
  std::vector<KnownRun>
      known_runs_;  // a cache, its size a power of two: the next run with its hash displaces one
  std::unordered_map<const Location*, std::uint32_t, LocationHash, LocationEqual> place_of_location_;
  std::unordered_map<SpeedKey, std::uint32_t, SpeedHash> speed_of_key_;
  std::unordered_map<std::string_view, const BlockedOffer*> blocked_;
  const Location* last_location_ = nullptr;
  std::uint32_t last_place_ = 0;
};

}  // namespace tradewind::planner
