// Any text may be given as a file of offers or of egress prices: nothing crashes, every row is either in the
// catalogue or in the report, and what is in the catalogue keeps the promises of its header.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/catalog/catalog.h"
#include "core/catalog/egress.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

namespace catalog = tradewind::catalog;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const catalog::OfferText file{"fuzz.csv", text};
  const catalog::LoadedCatalog loaded = catalog::load_catalog({&file, 1});
  const std::size_t refused = loaded.report.refused.size();
  // A refused header is a note without a row.
  require(loaded.catalog.size() + refused == loaded.report.rows || (loaded.report.rows == 0 && refused == 1));
  for (const tradewind::Offer& offer : loaded.catalog.offers()) {
    require(offer.price_per_hour.nanos() > 0);
    require(tradewind::parse_location(tradewind::to_text(offer.location)).ok());
    require(loaded.catalog.find(tradewind::offer_key(offer)) == &offer);
  }
  const tradewind::Result<catalog::EgressTable> table = catalog::EgressTable::parse("fuzz.csv", text);
  if (!table) return 0;
  const catalog::EgressQuote quote = table->quote({"aws", "us-east-1"}, {"gcp", "us-central1"},
                                                  std::uint64_t{1} << 40, std::uint64_t{1} << 41);
  require(quote.cost.nanos() >= 0);
  return 0;
}
