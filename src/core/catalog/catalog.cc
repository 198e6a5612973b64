#include "core/catalog/catalog.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "core/catalog/offer_row.h"
#include "core/catalog/peer_checks.h"
#include "core/catalog/place_index.h"
#include "core/catalog/row_rules.h"
#include "core/model/enum_text.h"

namespace tradewind::catalog {
namespace {

constexpr std::array<std::string_view, 15> problem_names = {
    "malformed",     "no_price",      "absurd_price",   "unusual_price",   "wrong_currency",
    "not_a_machine", "partial_price", "wrong_purchase", "above_on_demand", "inverted_reserve",
    "inconsistent",  "wrong_tenancy", "stale",          "duplicate",       "unknown_accelerator"};

// Room for what a user's own suppliers sell: a catalogue that grows by so few need not be moved.
constexpr std::size_t usual_additions = 64;

bool same_offer(const Offer& a, const Offer& b) {
  return a.instance_type == b.instance_type && a.location == b.location && a.purchase == b.purchase;
}

std::size_t hash_of(const Offer& offer) {
  const std::hash<std::string_view> hash;
  std::size_t mixed = static_cast<std::size_t>(offer.purchase);
  for (const std::string_view part :
       {std::string_view(offer.instance_type), std::string_view(offer.location.region),
        std::string_view(offer.location.zone), std::string_view(offer.location.provider)}) {
    mixed = (mixed ^ hash(part)) * 0x9e3779b97f4a7c15U;
  }
  return mixed ^ (mixed >> 29);
}

// Of offers with one key the last stays, in the first one's place.
void keep_last_of_each_key(std::vector<Offer>& offers) {
  std::vector<std::uint32_t> slots(std::bit_ceil(2 * offers.size() + 2), 0);  // offer number + 1
  std::size_t kept = 0;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    std::size_t slot = hash_of(offers[i]) & (slots.size() - 1);
    while (slots[slot] != 0 && !same_offer(offers[slots[slot] - 1], offers[i]))
      slot = (slot + 1) & (slots.size() - 1);
    if (slots[slot] == 0) slots[slot] = static_cast<std::uint32_t>(++kept);
    if (slots[slot] - 1 != i) offers[slots[slot] - 1] = std::move(offers[i]);
  }
  offers.resize(kept);
}

void spell_accelerator(Offer& offer) {
  if (!offer.accelerator) return;
  const Result<AcceleratorWish> wish = read_accelerator(offer.accelerator->model);
  if (!wish) return;
  offer.accelerator->model = wish->name;
  if (offer.accelerator->memory_gib == 0) offer.accelerator->memory_gib = wish->memory_gib;
}

}  // namespace

// Makes a catalogue of rows that were checked already: their keys are unique and their facts known.
struct CatalogBuilder {
  static Catalog build(const std::vector<OfferRow>& rows) {
    Catalog catalog;
    const auto kept = std::count_if(rows.begin(), rows.end(), [](const OfferRow& row) { return row.kept; });
    catalog.offers_.reserve(static_cast<std::size_t>(kept) + usual_additions);
    catalog.facts_.reserve(static_cast<std::size_t>(kept) + usual_additions);
    for (const OfferRow& row : rows) {
      if (!row.kept) continue;
      fill_offer(row, catalog.offers_.emplace_back());
      catalog.facts_.push_back(row.facts);
    }
    return catalog;
  }
};

std::string_view to_text(RowProblem problem) {
  return enum_name(problem_names, problem);
}

std::string describe(const RowNote& note) {
  std::string text = note.file;
  text += ':';
  text += std::to_string(note.line);
  text += ": ";
  return text + note.reason;
}

Catalog::Catalog(std::vector<Offer> offers) : offers_(std::move(offers)) {
  keep_last_of_each_key(offers_);
  facts_.reserve(offers_.size());
  for (Offer& offer : offers_) {
    spell_accelerator(offer);
    facts_.push_back(offer.accelerator ? facts_of(*offer.accelerator, offer.instance_type) : nullptr);
  }
}

const Offer* Catalog::find(std::string_view key) const {
  const std::size_t type_at = key.find(':');
  const std::size_t purchase_at = key.rfind(':');
  if (type_at == purchase_at) return nullptr;
  const Result<Location> location = parse_location(key.substr(0, type_at));
  const std::optional<Purchase> purchase = purchase_from_text(key.substr(purchase_at + 1));
  if (!location || !purchase) return nullptr;
  const std::string_view type = key.substr(type_at + 1, purchase_at - type_at - 1);
  for (const Offer& offer : offers_) {
    if (offer.instance_type == type && offer.purchase == *purchase && offer.location == *location)
      return &offer;
  }
  return nullptr;
}

std::string Catalog::nearest_key(std::string_view key) const {
  const std::string_view provider = key.substr(0, key.find_first_of("/:"));
  std::vector<std::string> keys;
  for (const Offer& offer : offers_) {
    const bool near =
        offer.location.provider == provider || key.find(offer.instance_type) != std::string_view::npos;
    if (near) keys.push_back(offer_key(offer));
  }
  const std::vector<std::string_view> candidates(keys.begin(), keys.end());
  return nearest_word(key, candidates);
}

std::vector<std::string> Catalog::providers() const {
  std::vector<std::string> names;
  for (const Offer& offer : offers_) {
    if (names.empty() || names.back() != offer.location.provider) names.push_back(offer.location.provider);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Catalog Catalog::with(std::vector<Offer> more) const& {
  return Catalog(*this).with(std::move(more));
}

Catalog Catalog::with(std::vector<Offer> more) && {
  Catalog added(std::move(more));
  // Only the suppliers that sell something new can have an offer that it replaces.
  const std::vector<std::string> sellers = added.providers();
  std::unordered_multimap<std::size_t, std::size_t> known;
  for (std::size_t i = 0; i < offers_.size(); ++i) {
    if (std::binary_search(sellers.begin(), sellers.end(), offers_[i].location.provider))
      known.emplace(hash_of(offers_[i]), i);
  }
  for (std::size_t i = 0; i < added.offers_.size(); ++i) {
    const auto [first, last] = known.equal_range(hash_of(added.offers_[i]));
    const auto same = std::find_if(
        first, last, [&](const auto& entry) { return same_offer(offers_[entry.second], added.offers_[i]); });
    if (same != last) {
      offers_[same->second] = std::move(added.offers_[i]);
      facts_[same->second] = added.facts_[i];
    } else {
      offers_.push_back(std::move(added.offers_[i]));
      facts_.push_back(added.facts_[i]);
    }
  }
  return std::move(*this);
}

LoadedCatalog load_catalog(std::span<const OfferText> texts) {
  LoadedCatalog loaded;
  TextPool pool;
  std::vector<OfferRow> rows;
  std::size_t bytes = 0;
  for (const OfferText& text : texts) bytes += text.csv.size();
  rows.reserve(bytes / 80);
  for (const OfferText& text : texts) parse_offer_text(text, pool, rows, loaded.report);
  for (OfferRow& row : rows) {
    if (std::optional<RowFault> fault = judge_row(row)) {
      refuse(row, fault->first, std::move(fault->second), loaded.report);
    }
  }
  refuse_stale_rows(rows, loaded.report);
  const PlaceIndex places(rows, loaded.report);
  check_against_peers(rows, loaded.report);
  check_purchase_order(rows, places, loaded.report);
  refuse_wrong_tenancy(rows, loaded.report);
  loaded.catalog = CatalogBuilder::build(rows);
  return loaded;
}

}  // namespace tradewind::catalog
