// What must hold of every plan, over random catalogues and jobs.
#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <set>

#include "core/planner/planner.h"
#include "core/planner/testing/market.h"

namespace tradewind::planner {
namespace {

using testing::job_of;

const Time now = parse_utc("2026-03-01T00:00:00Z").value();

Offer random_offer(int number) {
  Offer offer;
  offer.location.provider = *rc::gen::element<std::string>("aws", "gcp", "lambda");
  offer.location.region = *rc::gen::element<std::string>("us", "eu");
  offer.instance_type = "type-" + std::to_string(number);
  offer.purchase = *rc::gen::element(Purchase::on_demand, Purchase::spot);
  offer.accelerator = Accelerator{*rc::gen::element<std::string>("H100", "A100"), 8, 80};
  offer.vcpus = *rc::gen::element(16, 64);
  offer.price_per_hour = Money(*rc::gen::inRange<std::int64_t>(1, 100) * 500'000'000);
  return offer;
}

struct World {
  std::vector<Offer> offers;
  JobSpec job;
  std::optional<Duration> deadline;
  std::uint64_t checkpoint_bytes = 0;
  double hazard_factor = 1;

  PlanRequest request() const {
    PlanRequest request{.job = job, .offers = offers, .now = now};
    if (deadline) request.deadline = now + *deadline;
    request.saved = SavedState{{"aws", "us"}, checkpoint_bytes};
    request.store.price_per_gb_month = Money(20'000'000);
    request.store.price_per_1000_writes = Money(5'000'000);
    request.egress = [](const Location& from, const Location& to, std::uint64_t bytes) {
      const double price = from == to ? 0 : from.provider == to.provider ? 0.02 : 0.09;
      return catalog::EgressQuote{.cost = Money::estimate(price * static_cast<double>(bytes) / 1e9)};
    };
    request.hazard = [factor = hazard_factor](const Offer& offer) -> std::optional<Hazard> {
      return Hazard{prior_hazard(offer).per_hour * factor, "random"};
    };
    return request;
  }
};

World random_world() {
  World world;
  const int count = *rc::gen::inRange(1, 25);
  for (int i = 0; i < count; ++i) world.offers.push_back(random_offer(i));
  world.job = job_of(*rc::gen::inRange(600, 400'000));
  world.job.resources.accelerators = {{"H100", 8}, {"A100", 8}};
  world.job.work.rate_per_s = {{"H100", *rc::gen::inRange(1, 5)}, {"A100", 1}};
  if (*rc::gen::arbitrary<bool>()) world.job.checkpoint.path.clear();
  if (*rc::gen::arbitrary<bool>()) world.job.resources.cpus = AmountRequest{32, true};
  if (*rc::gen::arbitrary<bool>()) {
    world.deadline = std::chrono::minutes(*rc::gen::inRange(10, 20'000));
  }
  if (*rc::gen::arbitrary<bool>())
    world.job.budget = Money(*rc::gen::inRange<std::int64_t>(1, 3000) * 1'000'000'000);
  world.checkpoint_bytes = *rc::gen::inRange<std::uint64_t>(0, 200) * 1'000'000'000;
  world.hazard_factor = *rc::gen::element(0.0, 0.1, 1.0, 10.0);
  return world;
}

bool is_better_somewhere(const Plan& a, const Plan& b) {
  return a.expected_cost < b.expected_cost || a.run.p95_s < b.run.p95_s || a.risk < b.risk;
}
bool dominates(const Plan& a, const Plan& b) {
  return is_better_somewhere(a, b) && !is_better_somewhere(b, a);
}

std::optional<std::string> chosen_key(const PlanResult& result) {
  if (result.chosen() == nullptr) return std::nullopt;
  return offer_key(result.chosen()->offer);
}

const Plan* plan_named(const PlanResult& result, const std::string& key) {
  for (const Plan& plan : result.plans) {
    if (offer_key(plan.offer) == key) return &plan;
  }
  return nullptr;
}

RC_GTEST_PROP(PlannerProperty, EveryOfferIsEitherPlannedOrRejectedOnce, ()) {
  const World world = random_world();
  const PlanRequest request = world.request();
  const PlanResult result = make_plan(request);
  std::set<std::size_t> seen;
  for (const Plan& plan : result.plans) RC_ASSERT(seen.insert(plan.offer_index).second);
  for (const Rejection& rejection : result.rejections) {
    RC_ASSERT(seen.insert(rejection.offer).second);
    RC_ASSERT(!reason_of(request, rejection).empty());
  }
  RC_ASSERT(seen.size() == world.offers.size());
  RC_ASSERT(result.feasible == result.plans.size());
}

RC_GTEST_PROP(PlannerProperty, TermsSumToTheExpectedCost, ()) {
  const World world = random_world();
  for (const Plan& plan : make_plan(world.request()).plans) {
    Money sum;
    for (const Term& term : plan.terms) {
      RC_ASSERT(term.amount.nanos() >= 0);
      sum += term.amount;
    }
    RC_ASSERT(sum == plan.expected_cost);
  }
}

RC_GTEST_PROP(PlannerProperty, TheChoiceIsTheCheapestThatKeepsDeadlineAndBudget, ()) {
  const World world = random_world();
  const PlanRequest request = world.request();
  const PlanResult result = make_plan(request);
  std::optional<Money> cheapest;
  for (std::size_t i = 0; i < world.offers.size(); ++i) {
    const Result<Plan> plan = plan_of(request, i);
    if (!plan.ok()) continue;
    if (world.deadline && plan->run.p95_s > seconds_of(*world.deadline)) continue;
    if (world.job.budget && plan->expected_cost > *world.job.budget) continue;
    if (!cheapest || plan->expected_cost < *cheapest) cheapest = plan->expected_cost;
  }
  RC_ASSERT(cheapest.has_value() == (result.chosen() != nullptr));
  if (cheapest) RC_ASSERT(result.chosen()->expected_cost == *cheapest);
}

RC_GTEST_PROP(PlannerProperty, TheFrontIsWhatNothingDominates, ()) {
  const World world = random_world();
  const PlanResult result = make_plan(world.request());
  if (result.chosen() != nullptr) RC_ASSERT(result.chosen()->on_front);
  for (const Plan& plan : result.plans) {
    const bool is_dominated =
        std::ranges::any_of(result.plans, [&](const Plan& other) { return dominates(other, plan); });
    if (plan.on_front) RC_ASSERT(!is_dominated);
    if (plan.on_front || is_dominated) continue;
    // Off the front without being dominated: an equal one stands for it.
    RC_ASSERT(std::ranges::any_of(result.plans, [&](const Plan& other) {
      return other.on_front && !is_better_somewhere(other, plan) && !is_better_somewhere(plan, other);
    }));
  }
}

RC_GTEST_PROP(PlannerProperty, MoreHazardIsNeverCheaper, ()) {
  World world = random_world();
  world.deadline.reset();
  world.job.budget.reset();
  const PlanResult calm = make_plan(world.request());
  world.hazard_factor = world.hazard_factor * 1.5 + 0.1;
  const PlanResult rough = make_plan(world.request());
  for (const Plan& plan : rough.plans) {
    const Plan* before = plan_named(calm, offer_key(plan.offer));
    RC_ASSERT(before != nullptr);  // what can be finished in the rough can be in the calm
    // One billionth of rounding per term.
    RC_ASSERT(plan.expected_cost.nanos() + 10 >= before->expected_cost.nanos());
  }
}

RC_GTEST_PROP(PlannerProperty, ADearerOfferNeverGainsARank, ()) {
  World world = random_world();
  const PlanResult before = make_plan(world.request());
  const std::size_t raised = *rc::gen::inRange<std::size_t>(0, world.offers.size());
  Offer& offer = world.offers[raised];
  offer.price_per_hour += Money(*rc::gen::inRange<std::int64_t>(1, 50) * 250'000'000);
  const std::string key = offer_key(offer);
  const PlanResult after = make_plan(world.request());
  const auto rank_in = [&](const PlanResult& result) {
    const Plan* plan = plan_named(result, key);
    return plan == nullptr ? result.plans.size() + world.offers.size()
                           : static_cast<std::size_t>(plan - result.plans.data());
  };
  RC_ASSERT(rank_in(after) >= rank_in(before));
  if (chosen_key(before) != key) RC_ASSERT(chosen_key(after) == chosen_key(before));
}

RC_GTEST_PROP(PlannerProperty, TheOrderOfTheOffersChangesNothing, ()) {
  World world = random_world();
  const PlanResult before = make_plan(world.request());
  std::ranges::reverse(world.offers);
  const PlanResult after = make_plan(world.request());
  RC_ASSERT(before.plans.size() == after.plans.size());
  for (std::size_t i = 0; i < before.plans.size(); ++i) {
    RC_ASSERT(offer_key(before.plans[i].offer) == offer_key(after.plans[i].offer));
    RC_ASSERT(before.plans[i].expected_cost == after.plans[i].expected_cost);
    RC_ASSERT(before.plans[i].on_front == after.plans[i].on_front);
  }
}

RC_GTEST_PROP(PlannerProperty, AnEarlierDeadlineNeverMakesTheChoiceCheaper, ()) {
  World world = random_world();
  world.deadline = std::chrono::minutes(*rc::gen::inRange(100, 20'000));
  const PlanResult late = make_plan(world.request());
  world.deadline = *world.deadline * 9 / 10;
  const PlanResult early = make_plan(world.request());
  if (early.chosen() == nullptr) return;
  RC_ASSERT(late.chosen() != nullptr);
  RC_ASSERT(early.chosen()->expected_cost >= late.chosen()->expected_cost);
}

}  // namespace
}  // namespace tradewind::planner
