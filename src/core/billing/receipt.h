// What a job cost, lease by lease; what the same work would have cost on demand; what its interruptions cost
// in time and in work done twice; and the proof that nothing was lost.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/billing/charge.h"
#include "core/billing/ledger_proof.h"

namespace tradewind::billing {

struct ReceiptRow {
  LeaseId lease;
  int attempt = 0;
  Location location;
  std::string instance_type;
  Purchase purchase = Purchase::on_demand;
  std::optional<Time> start;  // billed from here; nothing: it never got an instance
  std::optional<Time> end;    // and until here; nothing: it goes on
  Duration duration{};        // billed
  Duration running{};         // of that the program ran
  Money price_per_hour;
  Money cost;
  LeaseEnd ended_by = LeaseEnd::none;
  std::string reason;
  double first_step = 0;
  double last_step = 0;
  std::uint64_t bytes_moved = 0;
  std::uint64_t bytes_reused = 0;
  std::uint64_t bytes_saved = 0;
};

// Between the end of the program on one lease and its start on the next.
struct Interruption {
  LeaseId from;
  LeaseId to;
  LeaseEnd cause = LeaseEnd::none;
  Time stopped_at;  // when the program was told to have stopped, or else when its place ended
  Time resumed_at;
  Duration downtime{};
  double step_stopped = 0;  // the last that was seen
  double step_resumed = 0;
  double steps_redone = 0;
  Duration time_redone{};  // at the pace of the lease that was interrupted
};

struct Receipt {
  JobId job;
  std::string name;
  JobState state = JobState::queued;
  std::vector<ReceiptRow> rows;  // in order of intent
  std::vector<Charge> charges;
  Money total;        // effective cost of all charges
  Duration billed{};  // all rows'
  Duration useful{};  // time that the program ran, without what it did twice
  std::optional<Money>
      on_demand_cost;           // useful × the cheapest on-demand price; nothing: no such offer was given
  std::string on_demand_offer;  // its key
  double steps_redone = 0;
  Duration time_redone{};
  Duration downtime{};
  std::uint64_t bytes_moved = 0;
  std::uint64_t bytes_reused = 0;
  std::uint64_t bytes_saved = 0;
  std::vector<Interruption> interruptions;
  LedgerProof proof;
  std::vector<std::string> notes;  // what could not be counted, each one sentence
};

struct ReceiptInput {
  JobRecord job;
  std::vector<LeaseRecord> leases;  // others than the job's are left aside
  std::vector<MoveRecord> moves;
  std::vector<LedgerRecord> ledger;
  std::map<ManifestId, std::string> digests;  // root digests of manifests, as far as known
  // Offers that fit the job. Of these the cheapest on-demand one with the accelerator that did most of the
  // work counts.
  std::vector<Offer> offers;
  // Prices for one lease beyond its own; null: none.
  std::function<ChargePrices(const LeaseRecord&)> prices = nullptr;
  Time now;
};
Receipt make_receipt(const ReceiptInput& input);

json::value to_json(const Receipt& receipt);

}  // namespace tradewind::billing
