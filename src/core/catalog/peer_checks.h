// Checks that need the other rows: what peers cost, how purchase options of one place must be ordered, how
// old a row is.
#pragma once

#include <vector>

#include "core/catalog/offer_row.h"
#include "core/catalog/place_index.h"

namespace tradewind::catalog {

// Over 900 days older than the middle row: prices of another time. Uses no clock.
void refuse_stale_rows(std::vector<OfferRow>& rows, LoadReport& report);

// Price per accelerator-hour (per vCPU-hour without one) against the median of the suppliers' medians of
// on-demand prices, where at least three suppliers or five rows have one: under 1/100 or over 100 times
// refused, under 1/20 or over 6 times a warning. And an on-demand row against the median of the same type in
// the supplier's other regions (four or more): outside 0.3 to 3 refused, outside 0.5 to 1.9 a warning.
void check_against_peers(std::vector<OfferRow>& rows, LoadReport& report);

// Spot against on-demand (under 5 %, over 125 % refused), reserved against on-demand, three years against
// one.
void check_purchase_order(std::vector<OfferRow>& rows, const PlaceIndex& places, LoadReport& report);

// AWS machines without accelerators: the price per vCPU is the same over a family's sizes in a region. A size
// that is 6 or 10 % dearer than the cheapest is a dedicated-tenancy price.
void refuse_wrong_tenancy(std::vector<OfferRow>& rows, LoadReport& report);

}  // namespace tradewind::catalog
