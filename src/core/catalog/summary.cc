#include "core/catalog/summary.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace tradewind::catalog {
namespace {

std::optional<Money> unit_price(const Offer& offer, SummaryUnit unit) {
  return unit == SummaryUnit::accelerator ? price_per_accelerator_hour(offer) : price_per_vcpu_hour(offer);
}

const Offer*& slot_of(BestOffers& best, Purchase purchase) {
  if (purchase == Purchase::on_demand) return best.on_demand;
  return purchase == Purchase::spot ? best.spot : best.reserved;
}

BestOffers best_of(const OfferGroup& group, SummaryUnit unit) {
  BestOffers best;
  best.place = group.name;
  best.offers = group.offers.size();
  std::set<std::string_view> regions;
  for (const Offer* offer : group.offers) {
    regions.insert(offer->location.region);
    const Offer*& slot = slot_of(best, offer->purchase);
    // The offers come cheapest per unit first.
    if (slot == nullptr) slot = offer;
  }
  best.regions = regions.size();
  const Offer* cheapest = best.on_demand != nullptr ? best.on_demand : best.spot;
  if (best.spot != nullptr && *unit_price(*best.spot, unit) < *unit_price(*cheapest, unit))
    cheapest = best.spot;
  if (cheapest == nullptr) cheapest = best.reserved;
  best.price_per_unit_hour = *unit_price(*cheapest, unit);
  return best;
}

}  // namespace

Summary cheapest_places(const Catalog& catalog, const OfferFilter& filter, SummaryBy by) {
  Summary summary;
  summary.unit = filter.no_accelerator ? SummaryUnit::vcpu : SummaryUnit::accelerator;
  const OfferOrder order =
      filter.no_accelerator ? OfferOrder::price_per_vcpu : OfferOrder::price_per_accelerator;
  std::vector<const Offer*> offers = select_offers(catalog, filter, order);
  std::erase_if(offers, [&](const Offer* offer) { return !unit_price(*offer, summary.unit); });
  const OfferGrouping grouping = by == SummaryBy::provider ? OfferGrouping::provider : OfferGrouping::region;
  for (const OfferGroup& group : group_offers(offers, grouping)) {
    summary.places.push_back(best_of(group, summary.unit));
  }
  std::stable_sort(summary.places.begin(), summary.places.end(),
                   [](const BestOffers& a, const BestOffers& b) {
                     return a.price_per_unit_hour.nanos() < b.price_per_unit_hour.nanos();
                   });
  return summary;
}

}  // namespace tradewind::catalog
