// The catalogue: every offer that is known, checked, normalised and indexed. Immutable once built, so threads
// may share it. Offers come from CSV text (ours, embedded in the program; the user's own files) and from
// suppliers that answered.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "core/catalog/accelerators.h"
#include "core/model/offer.h"

namespace tradewind::catalog {

// Why a row was not taken, or was taken with a doubt.
enum class RowProblem {
  malformed,            // wrong number of fields, or a field that cannot be read
  no_price,             // zero or negative: a filter mistake upstream, never a free machine
  absurd_price,         // under a hundredth, or over a hundred times, of what its peers cost
  unusual_price,        // a warning: far from its peers, but such prices have been real
  wrong_currency,       // not in USD, or from a region that is sold in another currency
  not_a_machine,        // dedicated host, Basic tier, promotion, SKU of a part
  partial_price,        // accelerators without their machine, or a machine without its accelerators
  wrong_purchase,       // unknown purchase option
  above_on_demand,      // spot dearer than on-demand: a warning up to 1.25 times, refused beyond
  inverted_reserve,     // reserved dearer than on-demand, or three years dearer than one
  inconsistent,         // the row contradicts itself: price per accelerator, or memory of the accelerator
  wrong_tenancy,        // a size that is 6 or 10 % dearer than its family: dedicated tenancy
  stale,                // over 900 days older than the middle row
  duplicate,            // the same offer twice in one text
  unknown_accelerator,  // a warning: not in the table of accelerators, so nothing is known of its speed
};
std::string_view to_text(RowProblem problem);

struct RowNote {
  std::string file;
  int line = 0;  // 1 is the header
  RowProblem problem = RowProblem::malformed;
  std::string reason;  // one sentence that names the offer and the figures
  bool operator==(const RowNote&) const = default;
};
// "offers.csv:12: aws/us-east-1:p5.48xlarge:spot: ..."
std::string describe(const RowNote& note);

struct LoadReport {
  std::size_t rows = 0;           // data rows seen
  std::vector<RowNote> refused;   // not in the catalogue
  std::vector<RowNote> warnings;  // in the catalogue
};

// A CSV text in the format of docs/catalogue.md. `file` names it in the report.
struct OfferText {
  std::string_view file;
  std::string_view csv;
};

class Catalog {
 public:
  Catalog() = default;
  // Takes the offers as they are: for offers that a supplier's driver answered with, and for tests. Where two
  // have the same key the later one holds. Accelerator models are respelled as in the table where they are in
  // it.
  explicit Catalog(std::vector<Offer> offers);

  std::span<const Offer> offers() const { return offers_; }
  std::size_t size() const { return offers_.size(); }
  // Facts of each offer's accelerator, in the order of offers(): nullptr for none or an unknown one.
  std::span<const AcceleratorFacts* const> accelerator_facts() const { return facts_; }
  // By offer_key(). nullptr when there is none. Valid as long as the catalogue.
  const Offer* find(std::string_view key) const;
  // The key nearest to what was typed; empty when none is near.
  std::string nearest_key(std::string_view key) const;
  // Suppliers in alphabetical order.
  std::vector<std::string> providers() const;
  // A catalogue with these offers too; they replace what has the same key.
  Catalog with(std::vector<Offer> more) const&;
  Catalog with(std::vector<Offer> more) &&;

 private:
  friend struct CatalogBuilder;
  friend Catalog read_offer_table(std::string_view bytes);
  // As they are. REQUIRES: keys are unique, accelerators spelled as in the table, facts in the order of
  // offers.
  Catalog(std::vector<Offer> offers, std::vector<const AcceleratorFacts*> facts)
      : offers_(std::move(offers)), facts_(std::move(facts)) {}
  std::vector<Offer> offers_;
  std::vector<const AcceleratorFacts*> facts_;
};

struct LoadedCatalog {
  Catalog catalog;
  LoadReport report;
};
// Reads and checks all texts together (peers' medians are taken over all of them). A later text replaces
// offers of an earlier one with the same key; within one text a second row with the same key is refused.
// Never fails: what cannot be used is in the report.
LoadedCatalog load_catalog(std::span<const OfferText> texts);

// The offers that the program carries with it: dated facts, see data/catalog/README.md.
std::span<const OfferText> embedded_offer_texts();
// load_catalog(embedded_offer_texts() + more): for peers of a user's own offers, and to see the report.
LoadedCatalog load_embedded_catalog(std::span<const OfferText> more = {});
// The same offers without more, read and checked when the program was built.
Catalog embedded_catalog();

}  // namespace tradewind::catalog
