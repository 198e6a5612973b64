#include "core/planner/run_costs.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tradewind::planner {
namespace {

constexpr double nanos_max = 1e18;  // so that the sum of all terms fits into 64 bits

std::size_t at(TermKind kind) {
  return static_cast<std::size_t>(kind);
}

RunInputs inputs_of(const PlanRequest& request, const JobFacts& facts, const PlaceModel& place,
                    const Throughput& throughput, const Conditions& conditions) {
  RunInputs inputs;
  inputs.work_s = facts.remaining_units / throughput.units_per_s;
  inputs.rate_cv = throughput.cv;
  inputs.start_s = conditions.cold_start_s + seconds_of(request.setup);
  inputs.first_restore_s = place.first_restore_s;
  inputs.restore_s = place.restore_s;
  inputs.wait_s = seconds_of(request.assumptions.relaunch_wait);
  inputs.hazard_per_s = conditions.hazard_per_hour * facts.nodes / 3600;
  inputs.saves = facts.saves;
  inputs.save_s = facts.save_s;
  inputs.interval_s = facts.interval_s;
  const bool noticed = conditions.spot && facts.saves && conditions.notice_lead_s >= facts.save_s;
  inputs.unnoticed = noticed ? request.assumptions.unnoticed : 1;
  inputs.queue_s = conditions.queue.mean_s();
  inputs.queue_variance = conditions.queue.variance();
  inputs.limit_s = conditions.limit_s;
  return inputs;
}

RunModel one_hour(double hazard_per_s) {
  RunModel run;
  run.work_s = run.mean_s = 3600;
  run.interrupted = -std::expm1(-hazard_per_s * 3600);
  return run;
}

double writes_per_save(const PlanRequest& request, const JobFacts& facts) {
  const double chunk = static_cast<double>(std::max<std::uint64_t>(request.store.chunk_bytes, 1));
  return std::ceil(static_cast<double>(facts.checkpoint_bytes) / chunk) + 2;  // manifest, ledger record
}

std::int64_t times(double quantity, Money unit_price) {
  return std::llround(std::min(quantity * static_cast<double>(unit_price.nanos()), nanos_max));
}

}  // namespace

RunCosts cost_run(const PlanRequest& request, const JobFacts& facts, const PlaceModel& place,
                  const Throughput& throughput, const Conditions& conditions) {
  RunCosts costs;
  if (facts.basis == Basis::hour) {
    costs.run = one_hour(conditions.hazard_per_hour * facts.nodes / 3600);
  } else {
    costs.run = model_run(inputs_of(request, facts, place, throughput, conditions));
  }
  const RunModel& run = costs.run;
  if (!is_finite(run)) return costs;
  const double node_hours = facts.nodes / 3600.0;
  costs.quantities[at(TermKind::work)] = run.work_s * node_hours;
  costs.quantities[at(TermKind::start_up)] = run.start_s * node_hours;
  costs.quantities[at(TermKind::restore)] = run.restore_s * node_hours;
  costs.quantities[at(TermKind::checkpoint_overhead)] = run.saving_s * node_hours;
  costs.quantities[at(TermKind::rework)] = run.rework_s * node_hours;
  costs.quantities[at(TermKind::restarts)] = run.restarts_s * node_hours;
  if (facts.basis == Basis::hour) return costs;

  const double gigabytes = static_cast<double>(facts.checkpoint_bytes) / 1e9;
  const double months = run.mean_s / 3600 / hours_per_month;
  const double again = facts.saves && request.store.location ? run.restarts : 0;
  costs.quantities[at(TermKind::egress)] = gigabytes * ((request.saved ? 1 : 0) + again);
  costs.fixed_nanos[at(TermKind::egress)] =
      place.first_egress.nanos() + times(run.restarts, place.restart_egress);
  costs.quantities[at(TermKind::save_egress)] = gigabytes * run.saves;
  costs.fixed_nanos[at(TermKind::save_egress)] = times(run.saves, place.save_egress);
  if (!facts.saves) return costs;
  const double kept = gigabytes * std::max(request.job.checkpoint.keep, 1) * months;
  costs.quantities[at(TermKind::storage)] = kept;
  costs.fixed_nanos[at(TermKind::storage)] = times(kept, request.store.price_per_gb_month);
  const double thousands = run.saves * writes_per_save(request, facts) / 1000;
  costs.quantities[at(TermKind::requests)] = thousands;
  costs.fixed_nanos[at(TermKind::requests)] = times(thousands, request.store.price_per_1000_writes);
  return costs;
}

Amounts amounts_of(const RunCosts& costs, std::int64_t price_nanos_per_hour) {
  Amounts amounts = costs.fixed_nanos;
  const auto price = static_cast<double>(price_nanos_per_hour);
  for (std::size_t i = 0; i < time_terms; ++i) amounts[i] = std::llround(costs.quantities[i] * price);
  return amounts;
}

RunTotals totals_of(const RunCosts& costs) {
  RunTotals totals;
  totals.is_finite = is_finite(costs.run);
  totals.mean_s = costs.run.mean_s;
  totals.p95_s = costs.run.p95_s;
  totals.interrupted = costs.run.interrupted;
  std::copy_n(costs.quantities.begin(), time_terms, totals.node_hours.begin());
  totals.all_node_hours = std::accumulate(totals.node_hours.begin(), totals.node_hours.end(), 0.0);
  totals.fixed_nanos = std::accumulate(costs.fixed_nanos.begin(), costs.fixed_nanos.end(), std::int64_t{0});
  return totals;
}

std::optional<std::int64_t> cost_at(const RunTotals& totals, std::int64_t price_nanos_per_hour) {
  const auto price = static_cast<double>(price_nanos_per_hour);
  if (!totals.is_finite || !(totals.all_node_hours * price < nanos_max)) return std::nullopt;
  std::int64_t cost = totals.fixed_nanos;
  for (const double node_hours : totals.node_hours) cost += std::llround(node_hours * price);
  return cost;
}

}  // namespace tradewind::planner
