#include "app/cli/offer_source.h"

#include <utility>

namespace tradewind::cli {

catalog::Catalog known_offers(Context& context, const std::string& zones_file) {
  catalog::Catalog embedded = catalog::embedded_catalog();
  if (!context.wiring.local_offers) return embedded;
  Result<std::vector<Offer>> local = context.wiring.local_offers(zones_file);
  if (!local.ok()) {
    print_warning(context, "this machine's zones are left out: " + describe(local.error()));
    return embedded;
  }
  return std::move(embedded).with(*std::move(local));
}

}  // namespace tradewind::cli
