#include "core/planner/place_model.h"

namespace tradewind::planner {
namespace {

bool is_near(const Location& a, const Location& b) {
  return a.provider == b.provider && a.region == b.region;
}

double restore_seconds(const PlanRequest& request, const JobFacts& facts, const Location& from,
                       const Location& to) {
  const double rate = is_near(from, to) ? request.assumptions.restore_bytes_per_s
                                        : request.assumptions.far_restore_bytes_per_s;
  return static_cast<double>(facts.checkpoint_bytes) / rate;
}

void set_supplier(PlaceModel& place, const PlanRequest& request, const Location& location) {
  const SupplierPrior prior = supplier_prior(location.provider);
  place.cold_start_s = seconds_of(prior.cold_start);
  place.notice_lead_s = seconds_of(prior.notice_lead);
  for (const SupplierFacts& supplier : request.suppliers) {
    if (supplier.provider != location.provider) continue;
    if (supplier.cold_start) place.cold_start_s = seconds_of(*supplier.cold_start);
    if (supplier.notice_lead) place.notice_lead_s = seconds_of(*supplier.notice_lead);
  }
}

void set_limits(PlaceModel& place, const PlanRequest& request, const JobFacts& facts,
                const Location& location) {
  for (std::size_t i = 0; i < request.job.avoid.size() && !place.avoided_by; ++i) {
    if (contains(request.job.avoid[i], location)) place.avoided_by = static_cast<std::uint16_t>(i);
  }
  const auto limit = request.job.max_share.find(location.provider);
  if (limit != request.job.max_share.end() && facts.spent_total > 0) place.share_limit = limit->second;
  const auto spent = request.spend.by_supplier.find(location.provider);
  if (spent != request.spend.by_supplier.end()) place.spent = spent->second.as_double();
}

// Nothing where no price is known, or it is in another currency than the plan.
Money quoted(const PlanRequest& request, const JobFacts& facts, const Location& from, const Location& to,
             std::string& rule) {
  const Money nothing(0, facts.currency);
  if (!request.egress || facts.checkpoint_bytes == 0) return nothing;
  catalog::EgressQuote quote = request.egress(from, to, facts.checkpoint_bytes);
  if (quote.cost.currency() != facts.currency) return nothing;
  rule = std::move(quote.rule);
  return quote.cost;
}

}  // namespace

PlaceModel model_place(const PlanRequest& request, const JobFacts& facts, const Location& location) {
  PlaceModel place;
  place.first_egress = place.restart_egress = place.save_egress = Money(0, facts.currency);
  set_supplier(place, request, location);
  set_limits(place, request, facts, location);
  if (request.saved) {
    const Location& from = request.saved->location;
    place.first_restore_s = restore_seconds(request, facts, from, location);
    place.first_egress = quoted(request, facts, from, location, place.first_egress_rule);
  }
  if (!facts.saves) return place;
  const Location& store = request.store.location ? *request.store.location : location;
  place.restore_s = restore_seconds(request, facts, store, location);
  if (request.store.location) {
    place.restart_egress = quoted(request, facts, store, location, place.restart_egress_rule);
    place.save_egress = quoted(request, facts, location, store, place.save_egress_rule);
  }
  return place;
}

}  // namespace tradewind::planner
