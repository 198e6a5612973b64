// How long the embedded catalogue takes to load, and a question to 100,000 offers.
#include <array>
#include <benchmark/benchmark.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "core/catalog/catalog.h"
#include "core/catalog/egress.h"
#include "core/catalog/summary.h"

namespace tradewind::catalog {
namespace {

constexpr std::array<std::string_view, 6> models = {"", "H100", "A100", "L4", "TPU-v5e", "Trainium1"};

std::vector<Offer> synthetic_offers(std::size_t count) {
  Random random(7);
  std::vector<Offer> offers(count);
  for (std::size_t i = 0; i < count; ++i) {
    Offer& offer = offers[i];
    offer.location = {"cloud-" + std::to_string(i % 12), "region-" + std::to_string(i % 97), ""};
    offer.instance_type = "type-" + std::to_string(i);
    const std::string_view model = models[random.below(models.size())];
    const auto count_of_accelerators = static_cast<double>(1 + random.below(8));
    if (!model.empty()) offer.accelerator = Accelerator{std::string(model), count_of_accelerators, 80};
    offer.vcpus = static_cast<double>(4 + 4 * random.below(32));
    offer.memory_gib = 4 * offer.vcpus;
    offer.purchase = random.chance(0.4) ? Purchase::spot : Purchase::on_demand;
    offer.price_per_hour = Money::estimate(0.1 + 20 * random.unit());
    offer.observed_on = "2026-07-20";
    offer.source = "synthetic";
  }
  return offers;
}

const Catalog& large_catalog() {
  static const Catalog catalog(synthetic_offers(100'000));
  return catalog;
}

// What each start of the program does.
void read_embedded(benchmark::State& state) {
  while (state.KeepRunning()) benchmark::DoNotOptimize(embedded_catalog());
  state.counters["offers"] = static_cast<double>(embedded_catalog().size());
}
BENCHMARK(read_embedded)->Unit(benchmark::kMillisecond);

// The same offers from their texts, each row checked: what the build does.
void load_and_check_embedded(benchmark::State& state) {
  while (state.KeepRunning()) benchmark::DoNotOptimize(load_embedded_catalog());
}
BENCHMARK(load_and_check_embedded)->Unit(benchmark::kMillisecond);

void index_100k(benchmark::State& state) {
  const std::vector<Offer> offers = synthetic_offers(100'000);
  while (state.KeepRunning()) {
    state.PauseTiming();
    std::vector<Offer> copy = offers;
    state.ResumeTiming();
    Catalog catalog(std::move(copy));
    benchmark::DoNotOptimize(catalog);
    state.PauseTiming();
    catalog = {};
    state.ResumeTiming();
  }
}
BENCHMARK(index_100k)->Unit(benchmark::kMillisecond);

void query_100k_by_accelerator(benchmark::State& state) {
  OfferFilter filter;
  filter.accelerator = *read_accelerator("H100");
  filter.accelerator_count = AmountRequest{8, false};
  while (state.KeepRunning()) {
    benchmark::DoNotOptimize(select_offers(large_catalog(), filter, OfferOrder::price_per_accelerator, 20));
  }
}
BENCHMARK(query_100k_by_accelerator)->Unit(benchmark::kMillisecond);

void query_100k_all_sorted(benchmark::State& state) {
  while (state.KeepRunning()) benchmark::DoNotOptimize(select_offers(large_catalog(), {}, OfferOrder::price));
}
BENCHMARK(query_100k_all_sorted)->Unit(benchmark::kMillisecond);

void query_100k_by_words(benchmark::State& state) {
  OfferFilter filter;
  filter.text = "region-42 spot";
  while (state.KeepRunning())
    benchmark::DoNotOptimize(select_offers(large_catalog(), filter, OfferOrder::price, 20));
}
BENCHMARK(query_100k_by_words)->Unit(benchmark::kMillisecond);

void cheapest_h100_in_100k(benchmark::State& state) {
  OfferFilter filter;
  filter.accelerator = *read_accelerator("H100");
  while (state.KeepRunning())
    benchmark::DoNotOptimize(cheapest_places(large_catalog(), filter, SummaryBy::region));
}
BENCHMARK(cheapest_h100_in_100k)->Unit(benchmark::kMillisecond);

void quote_egress(benchmark::State& state) {
  const EgressTable table = embedded_egress_table();
  const Location from{"aws", "us-east-1"};
  const Location to{"gcp", "us-central1"};
  while (state.KeepRunning()) benchmark::DoNotOptimize(table.quote(from, to, std::uint64_t{1} << 40));
}
BENCHMARK(quote_egress)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tradewind::catalog

BENCHMARK_MAIN();
