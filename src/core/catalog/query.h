// Questions to a catalogue: filter, sort, group.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/accelerators.h"
#include "core/catalog/catalog.h"
#include "core/model/job.h"

namespace tradewind::catalog {

// Everything that is set must hold.
struct OfferFilter {
  std::optional<AcceleratorWish> accelerator = {};
  std::optional<AmountRequest> accelerator_count = {};
  bool no_accelerator = false;           // machines without one only
  std::vector<Location> infra = {};      // in any one of these; empty: anywhere
  std::vector<Purchase> purchases = {};  // any one of these; empty: all
  std::string instance_type = {};        // exactly; empty: any
  double vcpus_min = 0;                  // an offer whose vCPUs are unknown does not pass
  double memory_gib_min = 0;             // likewise
  std::optional<Money> price_per_hour_max = {};
  // Every word must be part of the offer's key or accelerator, whatever its case.
  std::string text = {};
};
bool accepts(const OfferFilter& filter, const Offer& offer);

enum class OfferOrder { price, price_per_accelerator, price_per_vcpu, provider, accelerator, newest };
std::string_view to_text(OfferOrder order);
std::optional<OfferOrder> offer_order_from_text(std::string_view text);

// Price of the instance divided by its accelerators, vCPUs. Nothing when it has none.
std::optional<Money> price_per_accelerator_hour(const Offer& offer);
std::optional<Money> price_per_vcpu_hour(const Offer& offer);

// The offers that pass, in that order; equal ones by price, then key. At most `limit` of them (0: all).
// The pointers are valid as long as the catalogue.
std::vector<const Offer*> select_offers(const Catalog& catalog, const OfferFilter& filter,
                                        OfferOrder order = OfferOrder::price, std::size_t limit = 0);

enum class OfferGrouping { provider, region, accelerator, instance_type, purchase };
std::string_view to_text(OfferGrouping grouping);
std::optional<OfferGrouping> offer_grouping_from_text(std::string_view text);

struct OfferGroup {
  std::string
      name;  // "aws", "aws/us-east-1", "H100 80 GiB", "p5.48xlarge", "spot"; "none" for no accelerator
  std::vector<const Offer*> offers;  // in the order given
  const Offer* cheapest = nullptr;   // per accelerator-hour where all have one, else per instance-hour
};
// Groups in the order in which their first offer comes.
std::vector<OfferGroup> group_offers(std::span<const Offer* const> offers, OfferGrouping grouping);

}  // namespace tradewind::catalog
