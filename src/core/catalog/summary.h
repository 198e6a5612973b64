// "Who sells this cheapest, where": the best offers of each supplier, or of each of its regions, for one
// accelerator.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/catalog/query.h"

namespace tradewind::catalog {

struct BestOffers {
  std::string place;                 // "aws" or "aws/us-east-1"
  const Offer* on_demand = nullptr;  // the cheapest per unit-hour; nullptr: none
  const Offer* spot = nullptr;
  const Offer* reserved = nullptr;  // one year or three
  Money price_per_unit_hour;  // of the cheapest of on_demand and spot; of reserved where there is neither
  std::size_t offers = 0;     // how many passed the filter there
  std::size_t regions = 0;    // over how many regions
};

enum class SummaryBy { provider, region };
// What a price is divided by: accelerators, or vCPUs where the filter asks for machines without accelerators.
enum class SummaryUnit { accelerator, vcpu };

struct Summary {
  SummaryUnit unit = SummaryUnit::accelerator;
  std::vector<BestOffers> places;  // cheapest first
};
// The offers that pass the filter and have that unit, by place. The pointers are valid as long as the
// catalogue.
Summary cheapest_places(const Catalog& catalog, const OfferFilter& filter, SummaryBy by);

}  // namespace tradewind::catalog
