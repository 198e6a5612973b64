// Planning over 100,000 offers: budget 20 ms on one core.
#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <string>
#include <vector>

#include "base/random.h"
#include "core/catalog/accelerators.h"
#include "core/planner/planner.h"

namespace tradewind::planner {
namespace {

constexpr std::array<std::string_view, 8> providers = {"aws",    "gcp",    "azure",  "lambda",
                                                       "runpod", "nebius", "crusoe", "oci"};
constexpr std::array<std::string_view, 6> models = {"", "", "H100", "A100", "L4", "T4"};
const Time now = parse_utc("2026-03-01T00:00:00Z").value();

Offer random_offer(Random& random, int number) {
  Offer offer;
  const std::size_t region = random.below(25);
  offer.location.provider = providers[random.below(providers.size())];
  offer.location.region = "region-" + std::to_string(region);
  if (random.chance(0.5)) offer.location.zone = offer.location.region + "-" + std::to_string(random.below(3));
  offer.instance_type = "type-" + std::to_string(number) + ".16xlarge";
  const std::string_view model = models[random.below(models.size())];
  if (!model.empty()) {
    offer.accelerator = Accelerator{std::string(model), static_cast<double>(1 << random.below(4)),
                                    model == "L4"   ? 24.0
                                    : model == "T4" ? 16.0
                                                    : 80.0};
  }
  offer.vcpus = static_cast<double>(2 << random.below(7));
  offer.memory_gib = offer.vcpus * 4;
  constexpr std::array purchases = {Purchase::on_demand, Purchase::spot, Purchase::spot,
                                    Purchase::reserved_1y};
  offer.purchase = purchases[random.below(purchases.size())];
  offer.price_per_hour = Money(static_cast<std::int64_t>(50'000'000 + random.below(90'000'000'000)));
  return offer;
}

struct Market {
  std::vector<Offer> offers;
  std::vector<const catalog::AcceleratorFacts*> facts;

  explicit Market(std::size_t count) {
    Random random(1);
    for (std::size_t i = 0; i < count; ++i) offers.push_back(random_offer(random, static_cast<int>(i)));
    // Grouped by place, as price lists are.
    std::ranges::stable_sort(offers, {}, &Offer::location);
    for (const Offer& offer : offers) {
      facts.push_back(offer.accelerator ? catalog::find_accelerator(offer.accelerator->model) : nullptr);
    }
  }
};

const Market& market() {
  static const Market large(100'000);
  return large;
}

PlanRequest request_of(const JobSpec& job) {
  PlanRequest request{.job = job, .offers = market().offers, .now = now};
  request.accelerator_facts = market().facts;
  request.deadline = now + std::chrono::hours(48);
  request.saved = SavedState{{"aws", "region-1"}, 10'000'000'000};
  request.store.price_per_gb_month = Money(23'000'000);
  request.store.price_per_1000_writes = Money(5'000'000);
  request.egress = [](const Location& from, const Location& to, std::uint64_t bytes) {
    const double price = from == to ? 0 : from.provider == to.provider ? 0.02 : 0.09;
    return catalog::EgressQuote{.cost = Money::estimate(price * static_cast<double>(bytes) / 1e9)};
  };
  return request;
}

JobSpec job_with(double total) {
  JobSpec job;
  job.work.total = total;
  job.work.rate_per_s = {{"H100", 1}, {"cpu", 1}};
  job.checkpoint.path = "out";
  return job;
}

void run(benchmark::State& state, const JobSpec& job, const PlanRequest& request) {
  std::size_t feasible = 0;
  while (state.KeepRunning()) {
    const PlanResult result = make_plan(request);
    feasible = result.feasible;
    benchmark::DoNotOptimize(result.plans.data());
  }
  state.counters["feasible"] = static_cast<double>(feasible);
  benchmark::DoNotOptimize(&job);
}

// The usual question: one accelerator, most offers do not have it.
void plan_eight_h100(benchmark::State& state) {
  JobSpec job = job_with(36'000);
  job.resources.accelerators = {{"H100", 8}};
  run(state, job, request_of(job));
}
BENCHMARK(plan_eight_h100)->Unit(benchmark::kMillisecond);

// The worst question: everything will do, so that every offer is modelled, priced and ranked.
void plan_anything(benchmark::State& state) {
  const JobSpec job = job_with(36'000);
  run(state, job, request_of(job));
}
BENCHMARK(plan_anything)->Unit(benchmark::kMillisecond);

// The peer: who has the offers in a list and wants the cheapest goes over them once and sorts what fits by
// price. That tells neither time nor risk.
template <class Fits>
void scan_and_sort(benchmark::State& state, Fits fits) {
  const std::vector<Offer>& offers = market().offers;
  while (state.KeepRunning()) {
    std::vector<const Offer*> found;
    for (const Offer& offer : offers) {
      if (fits(offer)) found.push_back(&offer);
    }
    std::sort(found.begin(), found.end(),
              [](const Offer* a, const Offer* b) { return a->price_per_hour < b->price_per_hour; });
    benchmark::DoNotOptimize(found.data());
  }
}

void sort_eight_h100(benchmark::State& state) {
  scan_and_sort(state, [](const Offer& offer) {
    return offer.accelerator && offer.accelerator->model == "H100" && offer.accelerator->count >= 8;
  });
}
BENCHMARK(sort_eight_h100)->Unit(benchmark::kMillisecond);

void sort_anything(benchmark::State& state) {
  scan_and_sort(state, [](const Offer&) { return true; });
}
BENCHMARK(sort_anything)->Unit(benchmark::kMillisecond);

// What a control plane asks all the time: a dozen offers of its own suppliers.
void plan_a_dozen_offers(benchmark::State& state) {
  const JobSpec job = job_with(36'000);
  PlanRequest request = request_of(job);
  request.offers = request.offers.first(12);
  request.accelerator_facts = request.accelerator_facts.first(12);
  run(state, job, request);
}
BENCHMARK(plan_a_dozen_offers)->Unit(benchmark::kMicrosecond);

// A hazard of its own for each spot offer: no two runs are alike.
void plan_anything_with_own_hazards(benchmark::State& state) {
  const JobSpec job = job_with(36'000);
  PlanRequest request = request_of(job);
  request.hazard = [](const Offer& offer) -> std::optional<Hazard> {
    return Hazard{0.05 + static_cast<double>(offer.price_per_hour.nanos() % 1'000'003) / 1e7, "random"};
  };
  run(state, job, request);
}
BENCHMARK(plan_anything_with_own_hazards)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tradewind::planner

BENCHMARK_MAIN();
