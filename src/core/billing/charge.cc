#include "core/billing/charge.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "core/model/enum_text.h"

namespace tradewind::billing {
namespace {

constexpr std::array<std::string_view, 3> kind_names = {"usage", "egress", "storage"};

Charge charge_for(const LeaseRecord& lease, Time now, ChargeKind kind) {
  Charge charge;
  charge.lease = lease.id;
  charge.job = lease.job;
  charge.location = lease.offer.location;
  charge.purchase = lease.offer.purchase;
  charge.kind = kind;
  charge.instance_type = lease.offer.instance_type;
  if (lease.instance) charge.resource = lease.instance->id.text();
  charge.start = billed_from(lease).value_or(now);
  charge.end = charge.start + billed_span(lease, now);
  charge.is_running = !lease.ended_at;
  return charge;
}

Charge usage_charge(const LeaseRecord& lease, Time now, const ChargePrices& prices) {
  Charge charge = charge_for(lease, now, ChargeKind::usage);
  const Money own_price = lease.offer.price_per_hour;
  charge.quantity = seconds_of(charge.end - charge.start) / 3600;
  charge.unit = "hour";
  charge.billed_cost = charge.effective_cost = usage_cost(lease, now);
  charge.list_cost = cost_of(prices.on_demand_per_hour.value_or(own_price), charge.end - charge.start);
  charge.description = lease.offer.instance_type + " for " + format_duration(charge.end - charge.start) +
                       " at " + own_price.text() + "/h";
  return charge;
}

void add_egress(std::vector<Charge>& charges, const LeaseRecord& lease, Time now, const ChargePrices& prices,
                const Location& from, const Location& to, std::uint64_t bytes) {
  if (bytes == 0) return;
  Charge charge = charge_for(lease, now, ChargeKind::egress);
  charge.location = from;  // the sender pays
  charge.quantity = static_cast<double>(bytes);
  charge.unit = "byte";
  charge.billed_cost = charge.effective_cost = charge.list_cost = prices.egress(from, to, bytes);
  charge.description = format_bytes(bytes) + " from " + to_text(from) + " to " + to_text(to);
  charges.push_back(std::move(charge));
}

std::string_view service_category(ChargeKind kind) {
  constexpr std::array<std::string_view, 3> categories = {"Compute", "Networking", "Storage"};
  return categories[static_cast<std::size_t>(kind)];
}

std::string_view pricing_category(Purchase purchase) {
  switch (purchase) {
    case Purchase::on_demand:
      return "Standard";
    case Purchase::spot:
      return "Dynamic";
    case Purchase::reserved_1y:
    case Purchase::reserved_3y:
      return "Committed";
  }
  return "Other";
}

}  // namespace

std::string_view to_text(ChargeKind kind) {
  return enum_name(kind_names, kind);
}

std::optional<Time> billed_from(const LeaseRecord& lease) {
  if (!lease.offer.queue_wait) return lease.launched_at;
  return lease.started_at ? lease.started_at : lease.first_heard_at;
}

Duration billed_span(const LeaseRecord& lease, Time now) {
  const std::optional<Time> from = billed_from(lease);
  if (!from) return {};
  return std::max(lease.ended_at.value_or(now) - *from, Duration{});
}

Money usage_cost(const LeaseRecord& lease, Time now) {
  return cost_of(lease.offer.price_per_hour, billed_span(lease, now));
}

std::vector<Charge> charges_of(const LeaseRecord& lease, Time now, const ChargePrices& prices) {
  std::vector<Charge> charges;
  if (!lease.launched_at) return charges;
  charges.push_back(usage_charge(lease, now, prices));
  if (!lease.status || !prices.home || !prices.egress) return charges;
  add_egress(charges, lease, now, prices, *prices.home, lease.offer.location, lease.status->bytes_moved);
  add_egress(charges, lease, now, prices, lease.offer.location, *prices.home, lease.status->bytes_saved);
  return charges;
}

json::value to_json(const Charge& charge) {
  return json::object{
      {"lease", charge.lease.text()},
      {"job", charge.job.text()},
      {"location", to_text(charge.location)},
      {"purchase", to_text(charge.purchase)},
      {"kind", to_text(charge.kind)},
      {"instance_type", charge.instance_type},
      {"resource", charge.resource.empty() ? json::value(nullptr) : json::value(charge.resource)},
      {"start", tradewind::to_json(charge.start)},
      {"end", tradewind::to_json(charge.end)},
      {"quantity", charge.quantity},
      {"unit", charge.unit},
      {"list_cost", tradewind::to_json(charge.list_cost)},
      {"billed_cost", tradewind::to_json(charge.billed_cost)},
      {"effective_cost", tradewind::to_json(charge.effective_cost)},
      {"is_running", charge.is_running},
      {"description", charge.description}};
}

json::object focus_row(const Charge& charge) {
  const auto or_null = [](const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(text);
  };
  return json::object{
      {"BilledCost", charge.billed_cost.decimal()},
      {"BillingCurrency", charge.billed_cost.currency().text()},
      {"ChargeCategory", "Usage"},
      {"ChargeDescription", charge.description},
      {"ChargePeriodStart", tradewind::to_json(charge.start)},
      {"ChargePeriodEnd", tradewind::to_json(charge.end)},
      {"ConsumedQuantity", charge.quantity},
      {"ConsumedUnit", charge.unit},
      {"EffectiveCost", charge.effective_cost.decimal()},
      {"ListCost", charge.list_cost.decimal()},
      {"PricingCategory", pricing_category(charge.purchase)},
      {"ProviderName", charge.location.provider},
      {"RegionId", or_null(charge.location.region)},
      {"AvailabilityZone", or_null(charge.location.zone)},
      {"ResourceId", or_null(charge.resource)},
      {"ResourceType", charge.instance_type},
      {"ServiceCategory", service_category(charge.kind)},
      {"Tags", json::object{{"tradewind:job", charge.job.text()}, {"tradewind:lease", charge.lease.text()}}}};
}

}  // namespace tradewind::billing
