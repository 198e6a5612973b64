#include "core/billing/receipt.h"

#include <algorithm>

#include "core/billing/budget.h"

namespace tradewind::billing {
namespace {

// How long the program ran there, by its own agent's clock.
Duration running_span(const LeaseRecord& lease) {
  if (!lease.status || !lease.status->program_started_at) return {};
  const Time end = lease.status->program_stopped_at.value_or(lease.status->agent_time);
  return std::max(end - *lease.status->program_started_at, Duration{});
}

ReceiptRow row_of(const LeaseRecord& lease, Time now) {
  ReceiptRow row;
  row.lease = lease.id;
  row.attempt = lease.attempt;
  row.location = lease.offer.location;
  row.instance_type = lease.offer.instance_type;
  row.purchase = lease.offer.purchase;
  row.start = lease.launched_at;
  row.end = lease.ended_at;
  row.duration = billed_span(lease, now);
  row.running = running_span(lease);
  row.price_per_hour = lease.offer.price_per_hour;
  row.cost = usage_cost(lease, now);
  row.ended_by = lease.end;
  row.reason = lease.reason;
  row.first_step = lease.first_step;
  row.last_step = lease.last_step;
  if (lease.status) {
    row.bytes_moved = lease.status->bytes_moved;
    row.bytes_reused = lease.status->bytes_reused;
    row.bytes_saved = lease.status->bytes_saved;
  }
  return row;
}

std::vector<LeaseRecord> leases_of(const ReceiptInput& input) {
  std::vector<LeaseRecord> leases;
  for (const LeaseRecord& lease : input.leases) {
    if (lease.job == input.job.id) leases.push_back(lease);
  }
  std::stable_sort(leases.begin(), leases.end(),
                   [](const LeaseRecord& a, const LeaseRecord& b) { return a.attempt < b.attempt; });
  return leases;
}

// Those on which the program ran, in the order of their epochs.
std::vector<const LeaseRecord*> runs_of(const std::vector<LeaseRecord>& leases) {
  std::vector<const LeaseRecord*> runs;
  for (const LeaseRecord& lease : leases) {
    if (lease.status && lease.status->program_started_at && lease.status->epoch > 0) runs.push_back(&lease);
  }
  std::stable_sort(runs.begin(), runs.end(), [](const LeaseRecord* a, const LeaseRecord* b) {
    return a->status->epoch < b->status->epoch;
  });
  return runs;
}

const MoveRecord* move_between(const std::vector<MoveRecord>& moves, const LeaseId& from, const LeaseId& to) {
  for (const MoveRecord& move : moves) {
    if (move.from == from && move.to == to && move.stopped_at && move.resumed_at) return &move;
  }
  return nullptr;
}

Interruption interruption_between(const LeaseRecord& from, const LeaseRecord& to,
                                  const std::vector<MoveRecord>& moves) {
  Interruption gap;
  gap.from = from.id;
  gap.to = to.id;
  gap.cause = from.end;
  // A program that was killed told nobody: then its place's end counts.
  gap.stopped_at = from.status->program_stopped_at.value_or(from.ended_at.value_or(from.status->agent_time));
  gap.resumed_at = *to.status->program_started_at;
  if (const MoveRecord* move = move_between(moves, from.id, to.id)) {
    gap.stopped_at = *move->stopped_at;
    gap.resumed_at = *move->resumed_at;
  }
  gap.downtime = std::max(gap.resumed_at - gap.stopped_at, Duration{});
  gap.step_stopped = from.last_step;
  gap.step_resumed = to.first_step;
  gap.steps_redone = std::max(0.0, from.last_step - to.first_step);
  const double steps = from.last_step - from.first_step;
  if (steps > 0 && gap.steps_redone > 0) {
    gap.time_redone =
        duration_of_seconds(seconds_of(running_span(from)) * std::min(1.0, gap.steps_redone / steps));
  }
  return gap;
}

std::string accelerator_model(const Offer& offer) {
  return offer.accelerator ? offer.accelerator->model : std::string();
}

// The same work without interruptions on the cheapest machine of the same kind, on demand.
void add_on_demand(Receipt& receipt, const ReceiptInput& input, const std::vector<const LeaseRecord*>& runs) {
  if (runs.empty()) return;
  const LeaseRecord* longest = *std::max_element(
      runs.begin(), runs.end(),
      [](const LeaseRecord* a, const LeaseRecord* b) { return running_span(*a) < running_span(*b); });
  const auto is_alike = [&](const Offer& offer) {
    const bool same_count = !offer.accelerator || !longest->offer.accelerator ||
                            offer.accelerator->count == longest->offer.accelerator->count;
    return offer.purchase == Purchase::on_demand &&
           offer.price_per_hour.currency() == receipt.total.currency() &&
           accelerator_model(offer) == accelerator_model(longest->offer) && same_count;
  };
  const Offer* cheapest = nullptr;
  for (const Offer& offer : input.offers) {
    if (is_alike(offer) && (cheapest == nullptr || offer.price_per_hour < cheapest->price_per_hour))
      cheapest = &offer;
  }
  if (cheapest == nullptr) return;
  const Money all_nodes = cheapest->price_per_hour.scaled(std::max(input.job.spec.num_nodes, 1));
  receipt.on_demand_cost = cost_of(all_nodes, receipt.useful);
  receipt.on_demand_offer = offer_key(*cheapest);
}

void add_charges(Receipt& receipt, const ReceiptInput& input, const std::vector<LeaseRecord>& leases) {
  Sum sum;
  for (const LeaseRecord& lease : leases) {
    const ChargePrices prices = input.prices ? input.prices(lease) : ChargePrices{};
    for (Charge& charge : charges_of(lease, input.now, prices)) {
      sum.add(charge.effective_cost);
      receipt.charges.push_back(std::move(charge));
    }
  }
  receipt.total = sum.total();
  if (sum.left_out())
    receipt.notes.emplace_back("charges in other currencies than " + sum.total().currency().text() +
                               " are not in the total");
}

json::value to_json(const ReceiptRow& row) {
  return json::object{{"lease", row.lease.text()},
                      {"attempt", row.attempt},
                      {"location", to_text(row.location)},
                      {"instance_type", row.instance_type},
                      {"purchase", to_text(row.purchase)},
                      {"start", tradewind::to_json(row.start)},
                      {"end", tradewind::to_json(row.end)},
                      {"duration_s", tradewind::to_json(row.duration)},
                      {"running_s", tradewind::to_json(row.running)},
                      {"price_per_hour", tradewind::to_json(row.price_per_hour)},
                      {"cost", tradewind::to_json(row.cost)},
                      {"ended_by", to_text(row.ended_by)},
                      {"reason", row.reason},
                      {"first_step", row.first_step},
                      {"last_step", row.last_step},
                      {"bytes_moved", row.bytes_moved},
                      {"bytes_reused", row.bytes_reused},
                      {"bytes_saved", row.bytes_saved}};
}

json::value to_json(const Interruption& gap) {
  return json::object{{"from", gap.from.text()},
                      {"to", gap.to.text()},
                      {"cause", to_text(gap.cause)},
                      {"stopped_at", tradewind::to_json(gap.stopped_at)},
                      {"resumed_at", tradewind::to_json(gap.resumed_at)},
                      {"downtime_s", tradewind::to_json(gap.downtime)},
                      {"step_stopped", gap.step_stopped},
                      {"step_resumed", gap.step_resumed},
                      {"steps_redone", gap.steps_redone},
                      {"time_redone_s", tradewind::to_json(gap.time_redone)}};
}

template <class T>
json::array list(const std::vector<T>& items) {
  json::array array;
  for (const T& item : items) array.push_back(to_json(item));
  return array;
}

}  // namespace

Receipt make_receipt(const ReceiptInput& input) {
  Receipt receipt;
  receipt.job = input.job.id;
  receipt.name = input.job.spec.name;
  receipt.state = input.job.state;
  const std::vector<LeaseRecord> leases = leases_of(input);
  for (const LeaseRecord& lease : leases) {
    receipt.rows.push_back(row_of(lease, input.now));
    const ReceiptRow& row = receipt.rows.back();
    receipt.billed += row.duration;
    receipt.useful += row.running;
    receipt.bytes_moved += row.bytes_moved;
    receipt.bytes_reused += row.bytes_reused;
    receipt.bytes_saved += row.bytes_saved;
  }
  add_charges(receipt, input, leases);
  const std::vector<const LeaseRecord*> runs = runs_of(leases);
  for (std::size_t i = 1; i < runs.size(); ++i) {
    receipt.interruptions.push_back(interruption_between(*runs[i - 1], *runs[i], input.moves));
    const Interruption& gap = receipt.interruptions.back();
    receipt.downtime += gap.downtime;
    receipt.steps_redone += gap.steps_redone;
    receipt.time_redone += gap.time_redone;
  }
  receipt.useful = std::max(receipt.useful - receipt.time_redone, Duration{});
  add_on_demand(receipt, input, runs);
  receipt.proof = prove(input.ledger, leases, input.digests);
  return receipt;
}

json::value to_json(const Receipt& receipt) {
  return json::object{
      {"job", receipt.job.text()},
      {"name", receipt.name},
      {"state", to_text(receipt.state)},
      {"total", tradewind::to_json(receipt.total)},
      {"on_demand_cost", tradewind::to_json(receipt.on_demand_cost)},
      {"on_demand_offer",
       receipt.on_demand_offer.empty() ? json::value(nullptr) : json::value(receipt.on_demand_offer)},
      {"billed_s", tradewind::to_json(receipt.billed)},
      {"useful_s", tradewind::to_json(receipt.useful)},
      {"downtime_s", tradewind::to_json(receipt.downtime)},
      {"steps_redone", receipt.steps_redone},
      {"time_redone_s", tradewind::to_json(receipt.time_redone)},
      {"bytes_moved", receipt.bytes_moved},
      {"bytes_reused", receipt.bytes_reused},
      {"bytes_saved", receipt.bytes_saved},
      {"leases", list(receipt.rows)},
      {"interruptions", list(receipt.interruptions)},
      {"charges", list(receipt.charges)},
      {"proof", to_json(receipt.proof)},
      {"notes", tradewind::to_json(receipt.notes)}};
}

}  // namespace tradewind::billing
