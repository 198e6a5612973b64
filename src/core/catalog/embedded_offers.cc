// In a file of its own: the program that makes the table links this room without it.
#include <string_view>

#include "core/catalog/catalog.h"
#include "core/catalog/offer_table.h"

extern "C" {
extern const char tw_offer_table[];
extern const char tw_offer_table_end[];
}

namespace tradewind::catalog {

Catalog embedded_catalog() {
  return read_offer_table({tw_offer_table, static_cast<std::size_t>(tw_offer_table_end - tw_offer_table)});
}

}  // namespace tradewind::catalog
