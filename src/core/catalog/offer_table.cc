#include "core/catalog/offer_table.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace tradewind::catalog {
namespace {

constexpr std::uint32_t no_facts = 0xffffffff;
// Room for what a user's own suppliers sell: a catalogue that grows by so few need not be moved.
constexpr std::size_t usual_additions = 64;

// In the pool of texts.
struct Text {
  std::uint32_t at = 0;
  std::uint32_t size = 0;
};

struct TableRow {
  Text provider;
  Text region;
  Text zone;
  Text instance_type;
  Text accelerator;  // empty: none
  Text observed_on;
  Text source;
  std::uint32_t facts = no_facts;  // row of all_accelerators()
  std::uint32_t purchase = 0;
  std::int64_t price_nanos = 0;
  double count = 0;
  double accelerator_gib = 0;
  double vcpus = 0;
  double memory_gib = 0;
};
static_assert(std::is_trivially_copyable_v<TableRow>);

class TextPoolWriter {
 public:
  Text add(const std::string& text) {
    const auto [entry, is_new] = known_.try_emplace(
        text, Text{static_cast<std::uint32_t>(pool_.size()), static_cast<std::uint32_t>(text.size())});
    if (is_new) pool_ += text;
    return entry->second;
  }
  const std::string& pool() const { return pool_; }

 private:
  std::map<std::string, Text> known_;
  std::string pool_;
};

TableRow row_of(const Offer& offer, const AcceleratorFacts* facts, TextPoolWriter& texts) {
  TableRow row;
  row.provider = texts.add(offer.location.provider);
  row.region = texts.add(offer.location.region);
  row.zone = texts.add(offer.location.zone);
  row.instance_type = texts.add(offer.instance_type);
  row.observed_on = texts.add(offer.observed_on);
  row.source = texts.add(offer.source);
  if (facts != nullptr) row.facts = static_cast<std::uint32_t>(facts - all_accelerators().data());
  row.purchase = static_cast<std::uint32_t>(offer.purchase);
  row.price_nanos = offer.price_per_hour.nanos();
  row.vcpus = offer.vcpus;
  row.memory_gib = offer.memory_gib;
  if (!offer.accelerator) return row;
  row.accelerator = texts.add(offer.accelerator->model);
  row.count = offer.accelerator->count;
  row.accelerator_gib = offer.accelerator->memory_gib;
  return row;
}

void fill_offer(const TableRow& row, std::string_view texts, Offer& offer) {
  const auto view = [texts](Text text) { return texts.substr(text.at, text.size); };
  offer.location.provider = view(row.provider);
  offer.location.region = view(row.region);
  offer.location.zone = view(row.zone);
  offer.instance_type = view(row.instance_type);
  offer.observed_on = view(row.observed_on);
  offer.source = view(row.source);
  offer.purchase = static_cast<Purchase>(row.purchase);
  offer.price_per_hour = Money(row.price_nanos);
  offer.vcpus = row.vcpus;
  offer.memory_gib = row.memory_gib;
  if (row.accelerator.size == 0) return;
  offer.accelerator.emplace(Accelerator{std::string(view(row.accelerator)), row.count, row.accelerator_gib});
}

}  // namespace

std::string write_offer_table(const Catalog& catalog) {
  TextPoolWriter texts;
  const std::uint64_t count = catalog.size();
  std::string bytes(reinterpret_cast<const char*>(&count), sizeof count);
  for (std::size_t i = 0; i < catalog.size(); ++i) {
    const TableRow row = row_of(catalog.offers()[i], catalog.accelerator_facts()[i], texts);
    bytes.append(reinterpret_cast<const char*>(&row), sizeof row);
  }
  return bytes + texts.pool();
}

Catalog read_offer_table(std::string_view bytes) {
  std::uint64_t count = 0;
  std::memcpy(&count, bytes.data(), sizeof count);
  bytes.remove_prefix(sizeof count);
  const std::string_view texts = bytes.substr(count * sizeof(TableRow));
  std::vector<Offer> offers;
  std::vector<const AcceleratorFacts*> facts;
  offers.reserve(count + usual_additions);
  facts.reserve(count + usual_additions);
  for (std::size_t i = 0; i < count; ++i) {
    TableRow row;
    std::memcpy(&row, bytes.data() + i * sizeof row, sizeof row);
    fill_offer(row, texts, offers.emplace_back());
    facts.push_back(row.facts == no_facts ? nullptr : &all_accelerators()[row.facts]);
  }
  return {std::move(offers), std::move(facts)};
}

}  // namespace tradewind::catalog
