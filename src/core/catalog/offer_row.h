// One row of an offers text on its way into the catalogue: parsed and normalised, not yet checked against
// others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog/accelerators.h"
#include "core/catalog/catalog.h"
#include "core/catalog/csv.h"
#include "core/model/offer.h"

namespace tradewind::catalog {

// Text that is not a part of the file: respelled names, unescaped fields. Views into it stay valid as it
// grows.
using TextPool = std::deque<std::string>;

struct OfferRow {
  std::string_view file;
  int line = 0;
  std::string_view provider;
  std::string_view region;
  std::string_view zone;
  std::string_view instance_type;
  std::string_view accelerator;  // spelled as in the table; empty: none
  std::string_view observed_on;
  std::string_view source;
  const AcceleratorFacts* facts = nullptr;  // of the variant; nullptr: none, or not in the table
  Purchase purchase = Purchase::on_demand;
  std::int64_t price_nanos = 0;  // USD per instance-hour
  double count = 0;
  double accelerator_gib = 0;
  double vcpus = 0;
  double memory_gib = 0;
  std::size_t provider_hash = 0;  // equal names have equal hashes
  std::size_t region_hash = 0;
  std::size_t type_hash = 0;
  std::size_t accelerator_hash = 0;
  int day = 0;       // days since 1970-01-01; 0: not said
  bool kept = true;  // false: refused, or replaced by a later text
};

std::size_t hash_of_name(std::string_view name);
// "aws/us-east-1:p5.48xlarge:spot"
std::string key_of(const OfferRow& row);
// REQUIRES: `offer` is as new.
void fill_offer(const OfferRow& row, Offer& offer);

// Notes why a row is not taken and takes it out.
void refuse(OfferRow& row, RowProblem problem, std::string reason, LoadReport& report);
void warn(const OfferRow& row, RowProblem problem, std::string reason, LoadReport& report);

// Appends the rows of the text; what cannot be read is refused in the report. A wrong header refuses the
// whole text (one note on its line). The texts must outlive the rows.
void parse_offer_text(const OfferText& text, TextPool& pool, std::vector<OfferRow>& rows, LoadReport& report);

}  // namespace tradewind::catalog
