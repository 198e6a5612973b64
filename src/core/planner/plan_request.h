// What the planner is asked: the job, the offers, and all that is known of suppliers, prices and progress.
// Values only; times come in, nothing is looked up.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "core/catalog/accelerators.h"
#include "core/catalog/egress.h"
#include "core/model/job.h"
#include "core/model/offer.h"
#include "core/planner/hazard.h"
#include "core/planner/queue_wait.h"
#include "core/planner/supplier_facts.h"
#include "core/planner/throughput.h"

namespace tradewind::planner {

// Constants of the models that are nobody's fact: our assumptions, named so that they can be changed and
// shown.
struct Assumptions {
  double restore_bytes_per_s = 250e6;           // reading a checkpoint within its region
  double far_restore_bytes_per_s = 60e6;        // from another region or supplier
  double save_bytes_per_s = 250e6;              // writing one
  Duration save_min = std::chrono::seconds(5);  // what a save costs at least, also when nothing is known
  Duration relaunch_wait = std::chrono::seconds(30);  // from an interruption to the next launch
  double unnoticed = 0.1;  // share of the interruptions that come without the promised notice
};

// How far the job is, in units of its work. `total_units` 0: as the job states it.
struct Progress {
  double done_units = 0;
  double total_units = 0;
};

// The newest checkpoint: where it lies, how large it is.
struct SavedState {
  Location location;
  std::uint64_t bytes = 0;
};

// The store that checkpoints go to. Without a location every machine is taken to have one beside it.
struct CheckpointStore {
  std::optional<Location> location = std::nullopt;
  Money price_per_gb_month;  // GB = 10^9 bytes, month = 730 h
  Money price_per_1000_writes;
  std::uint64_t chunk_bytes = 4 << 20;  // one write each
};

struct BlockedOffer {
  std::string offer_key;
  Time until;          // over when this is not after `now`
  std::string reason;  // "out of capacity since 12:03"
};

// Money that is spent already.
struct Spend {
  Money on_job;                              // counts against the budget
  std::map<std::string, Money> by_supplier;  // the period that max_share speaks of
};

// All functions may be empty. They are called once per distinct place, hazard once per spot offer.
struct PlanRequest {
  const JobSpec& job;
  std::span<const Offer> offers;  // with distinct keys, as in a catalogue
  Time now;
  // Facts of each offer's accelerator, in the order of offers: Catalog::accelerator_facts(). Empty: looked
  // up.
  std::span<const catalog::AcceleratorFacts* const> accelerator_facts = {};
  std::optional<Time> deadline = std::nullopt;  // nothing: deadline_at, or now + deadline_after
  bool deadline_is_hard = true;                 // false: late offers are kept, and say so
  bool budget_is_hard = true;                   // false: offers that it does not pay to the end are kept
  Progress progress = {};
  std::vector<KnownRate> rates = {};  // own progress and earlier runs; the job's own statements are added
  std::optional<SavedState> saved = std::nullopt;
  std::uint64_t checkpoint_bytes = 0;                // expected size, where there is none yet
  std::optional<Duration> save_cost = std::nullopt;  // measured
  Duration setup{};                                  // measured time of `setup:`
  CheckpointStore store = {};
  std::vector<SupplierFacts> suppliers = {};
  std::function<std::optional<Hazard>(const Offer&)> hazard = {};  // measured; nothing: prior_hazard()
  // Waits in the queue of an offer that were seen to their end, the newest ones; they outlive the planning.
  std::function<std::span<const QueueSample>(const Offer&)> queue_history = {};
  std::function<catalog::EgressQuote(const Location& from, const Location& to, std::uint64_t bytes)> egress =
      {};
  std::vector<BlockedOffer> blocked = {};
  std::vector<std::string> committed_offers = {};  // keys of reserved offers that the user has
  Spend spend = {};
  Assumptions assumptions = {};
  std::size_t plans_max = 100;  // fully explained plans, cheapest first; see PlanResult::plans
};

// The deadline that counts, by the rule above.
std::optional<Time> deadline_of(const PlanRequest& request);

}  // namespace tradewind::planner
