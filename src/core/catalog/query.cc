#include "core/catalog/query.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <tuple>
#include <unordered_map>

#include "base/text.h"
#include "core/model/enum_text.h"

namespace tradewind::catalog {
namespace {

constexpr std::array<std::string_view, 6> order_names = {
    "price", "price_per_accelerator", "price_per_vcpu", "provider", "accelerator", "newest"};
constexpr std::array<std::string_view, 5> grouping_names = {"provider", "region", "accelerator",
                                                            "instance_type", "purchase"};

bool in_any_of(const std::vector<Location>& places, const Location& location) {
  if (places.empty()) return true;
  return std::any_of(places.begin(), places.end(),
                     [&](const Location& place) { return contains(place, location); });
}

bool accepts_accelerator(const OfferFilter& filter, const Offer& offer) {
  if (!offer.accelerator) return !filter.accelerator && !filter.accelerator_count;
  if (filter.no_accelerator) return false;
  if (filter.accelerator && !accepts(*filter.accelerator, *offer.accelerator)) return false;
  return !filter.accelerator_count || filter.accelerator_count->accepts(offer.accelerator->count);
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::string& word : split(lower(text), ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  return words;
}

bool has_all_words(const std::vector<std::string>& words, const Offer& offer) {
  if (words.empty()) return true;
  std::string text = lower(offer_key(offer));
  if (offer.accelerator) text += ' ' + lower(offer.accelerator->model);
  return std::all_of(words.begin(), words.end(),
                     [&](const std::string& word) { return text.find(word) != std::string::npos; });
}

// All but the text, which is split once for a whole query.
bool accepts_facts(const OfferFilter& filter, const Offer& offer) {
  if (!accepts_accelerator(filter, offer)) return false;
  if (filter.price_per_hour_max && offer.price_per_hour > *filter.price_per_hour_max) return false;
  if (offer.vcpus < filter.vcpus_min || offer.memory_gib < filter.memory_gib_min) return false;
  const bool purchase =
      filter.purchases.empty() ||
      std::find(filter.purchases.begin(), filter.purchases.end(), offer.purchase) != filter.purchases.end();
  if (!purchase || !in_any_of(filter.infra, offer.location)) return false;
  return filter.instance_type.empty() || filter.instance_type == offer.instance_type;
}

std::int64_t nanos_or_last(const std::optional<Money>& price) {
  return price ? price->nanos() : std::numeric_limits<std::int64_t>::max();
}

std::string_view model_of(const Offer& offer) {
  return offer.accelerator ? std::string_view(offer.accelerator->model) : std::string_view();
}

// What decides between equals: price, then the parts of the key.
auto tie_break(const Offer& offer) {
  return std::tie(offer.location, offer.instance_type, offer.purchase);
}

// An offer with the number that it is sorted by, so that a comparison mostly touches no offer.
struct Ranked {
  std::int64_t rank = 0;
  const Offer* offer = nullptr;
};

std::int64_t rank_of(const Offer& offer, OfferOrder order) {
  if (order == OfferOrder::price) return offer.price_per_hour.nanos();
  if (order == OfferOrder::price_per_accelerator) return nanos_or_last(price_per_accelerator_hour(offer));
  if (order == OfferOrder::price_per_vcpu) return nanos_or_last(price_per_vcpu_hour(offer));
  return 0;
}

bool goes_before(const Ranked& a, const Ranked& b, OfferOrder order) {
  if (a.rank != b.rank) return a.rank < b.rank;
  const Offer& left = *a.offer;
  const Offer& right = *b.offer;
  if (order == OfferOrder::provider && left.location.provider != right.location.provider) {
    return left.location.provider < right.location.provider;
  }
  if (order == OfferOrder::accelerator) {
    // Machines without an accelerator come last.
    const auto key = [](const Offer& offer) {
      return std::tuple(!offer.accelerator, model_of(offer),
                        offer.accelerator ? offer.accelerator->count : 0);
    };
    if (key(left) != key(right)) return key(left) < key(right);
  }
  if (order == OfferOrder::newest && left.observed_on != right.observed_on) {
    return left.observed_on > right.observed_on;
  }
  const std::int64_t left_nanos = left.price_per_hour.nanos();
  const std::int64_t right_nanos = right.price_per_hour.nanos();
  return left_nanos != right_nanos ? left_nanos < right_nanos : tie_break(left) < tie_break(right);
}

std::string group_name(const Offer& offer, OfferGrouping grouping) {
  switch (grouping) {
    case OfferGrouping::provider:
      return offer.location.provider;
    case OfferGrouping::region:
      return to_text(Location{offer.location.provider, offer.location.region});
    case OfferGrouping::instance_type:
      return offer.instance_type;
    case OfferGrouping::purchase:
      return std::string(to_text(offer.purchase));
    case OfferGrouping::accelerator:
      break;
  }
  if (!offer.accelerator) return "none";
  if (offer.accelerator->memory_gib == 0) return offer.accelerator->model;
  std::string memory = std::to_string(offer.accelerator->memory_gib);
  memory.erase(memory.find_last_not_of('0') + 1);
  if (memory.ends_with('.')) memory.pop_back();
  return offer.accelerator->model + " " + memory + " GiB";
}

const Offer* cheapest_of(const std::vector<const Offer*>& offers) {
  const bool all_have_one = std::all_of(offers.begin(), offers.end(), [](const Offer* offer) {
    return price_per_accelerator_hour(*offer).has_value();
  });
  const OfferOrder order = all_have_one ? OfferOrder::price_per_accelerator : OfferOrder::price;
  return *std::min_element(offers.begin(), offers.end(), [order](const Offer* a, const Offer* b) {
    return goes_before({rank_of(*a, order), a}, {rank_of(*b, order), b}, order);
  });
}

}  // namespace

bool accepts(const OfferFilter& filter, const Offer& offer) {
  return accepts_facts(filter, offer) && has_all_words(words_of(filter.text), offer);
}

std::string_view to_text(OfferOrder order) {
  return enum_name(order_names, order);
}
std::optional<OfferOrder> offer_order_from_text(std::string_view text) {
  return enum_value<OfferOrder>(order_names, text);
}
std::string_view to_text(OfferGrouping grouping) {
  return enum_name(grouping_names, grouping);
}
std::optional<OfferGrouping> offer_grouping_from_text(std::string_view text) {
  return enum_value<OfferGrouping>(grouping_names, text);
}

std::optional<Money> price_per_accelerator_hour(const Offer& offer) {
  if (!offer.accelerator || offer.accelerator->count <= 0) return std::nullopt;
  return offer.price_per_hour.scaled(1 / offer.accelerator->count);
}

std::optional<Money> price_per_vcpu_hour(const Offer& offer) {
  if (offer.vcpus <= 0) return std::nullopt;
  return offer.price_per_hour.scaled(1 / offer.vcpus);
}

std::vector<const Offer*> select_offers(const Catalog& catalog, const OfferFilter& filter, OfferOrder order,
                                        std::size_t limit) {
  const std::vector<std::string> words = words_of(filter.text);
  std::vector<Ranked> found;
  for (const Offer& offer : catalog.offers()) {
    if (accepts_facts(filter, offer) && has_all_words(words, offer))
      found.push_back({rank_of(offer, order), &offer});
  }
  const std::size_t wanted = limit == 0 ? found.size() : std::min(limit, found.size());
  const auto middle = found.begin() + static_cast<std::ptrdiff_t>(wanted);
  std::partial_sort(found.begin(), middle, found.end(),
                    [order](const Ranked& a, const Ranked& b) { return goes_before(a, b, order); });
  std::vector<const Offer*> offers;
  offers.reserve(wanted);
  for (std::size_t i = 0; i < wanted; ++i) offers.push_back(found[i].offer);
  return offers;
}

std::vector<OfferGroup> group_offers(std::span<const Offer* const> offers, OfferGrouping grouping) {
  std::vector<OfferGroup> groups;
  std::unordered_map<std::string, std::size_t> by_name;
  for (const Offer* offer : offers) {
    std::string name = group_name(*offer, grouping);
    const auto [entry, is_new] = by_name.try_emplace(name, groups.size());
    if (is_new) groups.push_back({std::move(name), {}, nullptr});
    groups[entry->second].offers.push_back(offer);
  }
  for (OfferGroup& group : groups) group.cheapest = cheapest_of(group.offers);
  return groups;
}

}  // namespace tradewind::catalog
