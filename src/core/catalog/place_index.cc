#include "core/catalog/place_index.h"

#include <bit>
#include <fmt/format.h>

namespace tradewind::catalog {
namespace {

std::size_t hash_of(const OfferRow& row) {
  std::size_t mixed = row.type_hash;
  for (const std::size_t part :
       {row.region_hash, row.zone.empty() ? 0 : hash_of_name(row.zone), row.provider_hash}) {
    mixed = (mixed ^ part) * 0x9e3779b97f4a7c15U;
  }
  return mixed ^ (mixed >> 29);
}

bool same_place(const OfferRow& a, const OfferRow& b) {
  return a.instance_type == b.instance_type && a.region == b.region && a.zone == b.zone &&
         a.provider == b.provider;
}

}  // namespace

PlaceIndex::PlaceIndex(std::vector<OfferRow>& rows, LoadReport& report)
    : rows_(rows), slots_(std::bit_ceil(2 * rows.size() + 2), 0) {
  places_.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].kept) add(static_cast<std::uint32_t>(i), report);
  }
}

const OfferRow& PlaceIndex::any_row(const Place& place) const {
  for (const std::uint32_t row : place.rows) {
    if (row != none) return rows_[row];
  }
  return rows_.front();  // not reached: a place begins with a row and never loses its last one
}

// The slot of the place, or the free one where it would go.
std::size_t PlaceIndex::slot_of(const OfferRow& sought) const {
  std::size_t slot = hash_of(sought) & (slots_.size() - 1);
  while (slots_[slot] != 0 && !same_place(any_row(places_[slots_[slot] - 1]), sought)) {
    slot = (slot + 1) & (slots_.size() - 1);
  }
  return slot;
}

void PlaceIndex::add(std::uint32_t row, LoadReport& report) {
  const std::size_t slot = slot_of(rows_[row]);
  if (slots_[slot] == 0) {
    places_.emplace_back();
    slots_[slot] = static_cast<std::uint32_t>(places_.size());
  }
  std::uint32_t& known = places_[slots_[slot] - 1].rows[static_cast<std::size_t>(rows_[row].purchase)];
  if (known != none && rows_[known].file == rows_[row].file) {
    refuse(rows_[row], RowProblem::duplicate,
           fmt::format("the same offer stands in line {} already", rows_[known].line), report);
    return;
  }
  if (known != none) rows_[known].kept = false;
  known = row;
}

std::uint32_t PlaceIndex::find(const OfferRow& like, std::string_view zone, Purchase purchase) const {
  OfferRow sought = like;
  sought.zone = zone;
  const std::uint32_t place = slots_[slot_of(sought)];
  return place == 0 ? none : places_[place - 1].at(purchase);
}

}  // namespace tradewind::catalog
