// Finds the rows of one instance type in one place, in all its purchase options: duplicates and prices that
// must stand in an order are found by it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/catalog/offer_row.h"

namespace tradewind::catalog {

class PlaceIndex {
 public:
  static constexpr std::uint32_t none = 0xffffffff;
  // Row numbers by purchase option.
  struct Place {
    std::array<std::uint32_t, 4> rows = {none, none, none, none};
    std::uint32_t at(Purchase purchase) const { return rows[static_cast<std::size_t>(purchase)]; }
  };

  // Indexes the kept rows. A second row of the same offer in one file is refused; one of a later file
  // replaces the earlier one, which is no longer kept. The rows must outlive the index.
  PlaceIndex(std::vector<OfferRow>& rows, LoadReport& report);

  std::span<const Place> places() const { return places_; }
  // The row of the same supplier, region and instance type in that zone; none when there is no such row.
  std::uint32_t find(const OfferRow& like, std::string_view zone, Purchase purchase) const;

 private:
  std::size_t slot_of(const OfferRow& sought) const;
  void add(std::uint32_t row, LoadReport& report);
  const OfferRow& any_row(const Place& place) const;

  std::vector<OfferRow>& rows_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> slots_;  // open addressing; place number + 1, 0: free
};

}  // namespace tradewind::catalog
