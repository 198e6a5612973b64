#include "core/planner/planner.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "core/planner/testing/market.h"

namespace tradewind::planner {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::job_of;
using testing::offers_of;

const Time now = parse_utc("2026-03-01T00:00:00Z").value();

constexpr std::string_view market = R"(
  aws/us-east-1/us-east-1a p5  on_demand   8xH100-80 192 2048 50.00
  aws/us-east-1/us-east-1a p5  spot        8xH100-80 192 2048 20.00
  gcp/us-central1          a3  on_demand   8xH100-80 208 1872 80.00
  gcp/us-central1          a3  spot        8xH100-80 208 1872 30.00
  gcp/us-central1          a3  reserved_1y 8xH100-80 208 1872 10.00
  lambda/us-east-1         h8  on_demand   8xH100-80 208 1800 24.00
  lambda/us-east-1         a8  on_demand   8xA100-80 208 1800 10.00
  gcp/us-central1          n2  on_demand   -           8   32  0.40
)";

struct Case {
  std::vector<Offer> offers = offers_of(market);
  JobSpec job = job_of(36'000, "H100", 8);
  PlanRequest request{.job = job, .offers = offers, .now = now};

  Case() { job.work.rate_per_s = {{"H100", 1.0}}; }  // ten hours
  Case(const Case&) = delete;
};

// "offer cost" per plan, rounded to cents.
std::vector<std::string> ranking(const PlanResult& result) {
  std::vector<std::string> lines;
  for (const Plan& plan : result.plans) {
    lines.push_back(offer_key(plan.offer) + " " + plan.expected_cost.text());
  }
  return lines;
}

// "offer: code: reason" per rejection.
std::vector<std::string> rejections(const PlanRequest& request, const PlanResult& result) {
  std::vector<std::string> lines;
  for (const Rejection& rejection : result.rejections) {
    lines.push_back(offer_key(request.offers[rejection.offer]) + ": " + std::string(to_text(rejection.code)) +
                    ": " + reason_of(request, rejection));
  }
  return lines;
}

std::string rejection_of(const PlanRequest& request, const std::string& key) {
  for (const std::string& line : rejections(request, make_plan(request))) {
    if (line.starts_with(key + ": ")) return line.substr(key.size() + 2);
  }
  return "";
}

const Plan* plan_named(const PlanResult& result, const std::string& key) {
  for (const Plan& plan : result.plans) {
    if (offer_key(plan.offer) == key) return &plan;
  }
  return nullptr;
}

TEST(Planner, RanksOffersByExpectedCostAndSaysWhyNotTheOthers) {
  Case c;
  const PlanResult result = make_plan(c.request);
  EXPECT_EQ(ranking(result),
            (std::vector<std::string>{
                "aws/us-east-1/us-east-1a:p5:spot $205.17", "lambda/us-east-1:h8:on_demand $241.36",
                "gcp/us-central1:a3:spot $307.75", "aws/us-east-1/us-east-1a:p5:on_demand $502.84",
                "gcp/us-central1:a3:on_demand $804.54"}));
  EXPECT_EQ(
      rejections(c.request, result),
      (std::vector<std::string>{
          "gcp/us-central1:a3:reserved_1y: needs_commitment: is reserved capacity, for which there is no "
          "commitment",
          "lambda/us-east-1:a8:on_demand: accelerator_mismatch: has 8 x A100 of 80 GiB, and 8 x H100 is "
          "asked for",
          "gcp/us-central1:n2:on_demand: accelerator_mismatch: has no accelerator, and 8 x H100 is asked "
          "for"}));
  EXPECT_EQ(result.feasible, 5U);
}

TEST(Planner, SaysWhyItChoseAndWhatTheOthersWouldGive) {
  Case c;
  const PlanResult result = make_plan(c.request);
  EXPECT_EQ(result.plans[0].why,
            "cheapest in expected cost of 5 offers that meet every constraint; next is "
            "lambda/us-east-1:h8:on_demand, $36.19 (17.6 %) dearer than the chosen one");
  EXPECT_TRUE(result.plans[1].on_front);
  EXPECT_EQ(result.plans[4].why, "$599.37 (292 %) dearer than the chosen one");
  EXPECT_FALSE(result.plans[4].on_front);
}

TEST(Planner, KeepsEveryTermOfTheCost) {
  Case c;
  c.request.saved = SavedState{{"lambda", "us-east-1"}, 100'000'000'000};
  c.request.egress = [](const Location& from, const Location& to, std::uint64_t bytes) {
    const double price = from.provider == to.provider ? 0 : 0.09;
    return catalog::EgressQuote{.cost = Money::estimate(price * static_cast<double>(bytes) / 1e9),
                                .rule = "0.09 per GB"};
  };
  c.request.store.location = Location{"lambda", "us-east-1"};
  c.request.store.price_per_gb_month = Money::parse("0.02").value();
  c.request.store.price_per_1000_writes = Money::parse("0.005").value();
  const PlanResult result = make_plan(c.request);
  const Plan* plan = plan_named(result, "aws/us-east-1/us-east-1a:p5:spot");
  ASSERT_NE(plan, nullptr);
  ASSERT_EQ(plan->terms.size(), term_count);
  Money sum;
  for (std::size_t i = 0; i < term_count; ++i) {
    EXPECT_EQ(plan->terms[i].kind, static_cast<TermKind>(i));
    EXPECT_GT(plan->terms[i].amount, Money());
    EXPECT_FALSE(plan->terms[i].explanation.empty()) << to_text(plan->terms[i].kind);
    sum += plan->terms[i].amount;
  }
  EXPECT_EQ(sum, plan->expected_cost);
  EXPECT_EQ(plan->terms[0].amount.text(), "$200.00");
  EXPECT_DOUBLE_EQ(plan->terms[0].quantity, 10);
  EXPECT_EQ(plan->terms[0].explanation, "10h 00m of work; rate: your work.rate_per_s for H100");
  // Bringing it here once and again after each interruption, at nine dollars a time.
  const Term& egress = plan->terms[static_cast<std::size_t>(TermKind::egress)];
  EXPECT_NEAR(egress.amount.as_double(), 9 * (1 + plan->run.restarts), 1e-6);
  EXPECT_NEAR(egress.quantity, 100 * (1 + plan->run.restarts), 1e-6);
  EXPECT_EQ(egress.unit_price.text(), "$0.09");
  // Where the checkpoint lies, nothing has to travel.
  const Plan* home = plan_named(result, "lambda/us-east-1:h8:on_demand");
  ASSERT_NE(home, nullptr);
  for (const Term& term : home->terms) {
    EXPECT_NE(term.kind, TermKind::egress);
    EXPECT_NE(term.kind, TermKind::save_egress);
  }
}

TEST(Planner, ProgressMadeIsWorkSaved) {
  Case c;
  const Money whole = make_plan(c.request).chosen()->expected_cost;
  c.request.progress.done_units = 18'000;
  const Money half = make_plan(c.request).chosen()->expected_cost;
  EXPECT_LT(half, whole.scaled(0.55));
  EXPECT_GT(half, whole.scaled(0.45));
}

TEST(Planner, RefusesWhatMissesTheDeadlineAtP95) {
  Case c;
  c.request.deadline = now + hours(10);
  PlanResult result = make_plan(c.request);
  EXPECT_EQ(result.chosen(), nullptr);
  EXPECT_EQ(result.plans.size(), 0U);
  EXPECT_TRUE(result.no_choice.starts_with("none of 8 offers meets every constraint; the nearest: "))
      << result.no_choice;
  EXPECT_EQ(rejection_of(c.request, "lambda/us-east-1:h8:on_demand"),
            "misses_deadline: finishes within 11h 47m at p95, 1h 47m after the deadline, which is 10h 00m "
            "away");
  c.request.deadline = now + hours(13);
  result = make_plan(c.request);
  ASSERT_NE(result.chosen(), nullptr);
  EXPECT_LE(*result.chosen()->p95_finish, hours(13));
  EXPECT_LT(*result.chosen()->late_probability, 0.05);
  c.request.deadline = now - minutes(5);
  EXPECT_EQ(rejection_of(c.request, "lambda/us-east-1:h8:on_demand"),
            "misses_deadline: cannot meet a deadline that has passed 5m 00s ago");
}

TEST(Planner, KeepsLateOffersWhenAskedToShowThem) {
  Case c;
  c.request.deadline = now + hours(10);
  c.request.deadline_is_hard = false;
  const PlanResult result = make_plan(c.request);
  EXPECT_EQ(result.feasible, 5U);
  EXPECT_GT(*result.chosen()->late_probability, 0.3);
  EXPECT_NE(result.chosen()->why.find("after the deadline"), std::string::npos) << result.chosen()->why;
}

TEST(Planner, TakesTheDeadlineFromTheJob) {
  Case c;
  c.job.deadline_after = hours(3);
  EXPECT_EQ(deadline_of(c.request), now + hours(3));
  EXPECT_EQ(make_plan(c.request).chosen(), nullptr);
  c.job.deadline_at = now + hours(30);
  EXPECT_EQ(deadline_of(c.request), now + hours(30));
  EXPECT_NE(make_plan(c.request).chosen(), nullptr);
}

TEST(Planner, RefusesWhatCostsMoreThanIsLeftOfTheBudget) {
  Case c;
  c.job.budget = Money::parse("250").value();
  EXPECT_EQ(make_plan(c.request).feasible, 2U);
  EXPECT_EQ(rejection_of(c.request, "gcp/us-central1:a3:spot"),
            "over_budget: is expected to cost $307.75, over the $250.00 left of the budget");
  c.request.spend.on_job = Money::parse("20").value();
  EXPECT_EQ(make_plan(c.request).feasible, 1U);
}

TEST(Planner, SaysHowFarABudgetGoesThatIsNotHeldAgainstOffers) {
  Case c;
  c.request.budget_is_hard = false;
  c.job.budget = Money::parse("100").value();
  const PlanResult result = make_plan(c.request);
  EXPECT_EQ(result.feasible, 5U);
  const double share = 100 / result.plans.front().expected_cost.as_double();
  ASSERT_LT(share, 1);
  EXPECT_EQ(result.notes.back(), "the budget of $100.00 pays for about " +
                                     std::to_string(static_cast<int>(100 * share)) +
                                     " % of the work: the run is saved and stopped there");
  c.job.budget = Money::parse("100000").value();
  EXPECT_TRUE(make_plan(c.request).notes.empty());
}

TEST(Planner, KeepsSuppliersWithinTheirShareOfTheSpend) {
  Case c;
  c.job.max_share = {{"aws", 0.5}};
  EXPECT_EQ(make_plan(c.request).notes.front(), "nothing was spent yet, so max_share cannot be judged");
  EXPECT_EQ(make_plan(c.request).feasible, 5U);
  c.request.spend.by_supplier = {{"aws", Money::parse("100").value()}, {"gcp", Money::parse("100").value()}};
  EXPECT_EQ(rejection_of(c.request, "aws/us-east-1/us-east-1a:p5:spot"),
            "over_share: would bring aws to 75.32 % of the spend, over its max_share of 50 %");
  EXPECT_EQ(make_plan(c.request).feasible, 3U);
}

TEST(Planner, AvoidsBlockedAndUnwantedPlaces) {
  Case c;
  c.job.avoid = {{"aws", "us-east-1"}};
  c.request.blocked = {{"lambda/us-east-1:h8:on_demand", now + minutes(5), "it had no capacity"},
                       {"gcp/us-central1:a3:spot", now, "over by now"}};
  EXPECT_EQ(rejection_of(c.request, "aws/us-east-1/us-east-1a:p5:spot"),
            "avoided: lies in aws/us-east-1, which the job avoids");
  EXPECT_EQ(rejection_of(c.request, "lambda/us-east-1:h8:on_demand"),
            "blocked: is left out until 2026-03-01T00:05:00.000Z: it had no capacity");
  EXPECT_EQ(offer_key(make_plan(c.request).chosen()->offer), "gcp/us-central1:a3:spot");
}

TEST(Planner, TakesReservedCapacityThatTheUserHas) {
  Case c;
  c.request.committed_offers = {"gcp/us-central1:a3:reserved_1y"};
  EXPECT_EQ(offer_key(make_plan(c.request).chosen()->offer), "gcp/us-central1:a3:reserved_1y");
}

TEST(Planner, ReservedCapacityOfAnotherPlaceDoesNotCount) {
  Case c;
  c.request.committed_offers = {"gcp/us-east1:a3:reserved_1y"};
  EXPECT_NE(rejection_of(c.request, "gcp/us-central1:a3:reserved_1y"), "");
}

TEST(Planner, TakesTheFirstPreferenceThatCanBeHad) {
  Case c;
  c.job.resources = {};
  c.job.work.rate_per_s = {{"H100", 1.0}, {"A100", 0.4}};
  ResourceRequest h100;
  h100.accelerators = {{"H100", 8}};
  ResourceRequest a100;
  a100.accelerators = {{"A100", 8}};
  c.job.resources.any_of = {h100, a100};
  EXPECT_EQ(offer_key(make_plan(c.request).chosen()->offer), "aws/us-east-1/us-east-1a:p5:spot");
  c.job.resources.any_of.clear();
  c.job.resources.ordered = {a100, h100};
  PlanResult result = make_plan(c.request);
  EXPECT_EQ(offer_key(result.chosen()->offer), "lambda/us-east-1:a8:on_demand");
  EXPECT_EQ(result.plans[1].why, "$45.50 (18.2 %) cheaper than the chosen one, but of a later preference");
  c.job.avoid = {{"lambda"}};
  EXPECT_EQ(offer_key(make_plan(c.request).chosen()->offer), "aws/us-east-1/us-east-1a:p5:spot");
}

TEST(Planner, ComparesByTheHourWhenNothingIsKnownOfTheWork) {
  Case c;
  c.job.work = {};
  c.job.deadline_after = hours(1);
  const PlanResult result = make_plan(c.request);
  ASSERT_NE(result.chosen(), nullptr);
  EXPECT_EQ(result.chosen()->basis, Basis::hour);
  EXPECT_EQ(result.chosen()->expected_cost.text(), "$20.00");
  EXPECT_EQ(result.chosen()->p95_finish, std::nullopt);
  EXPECT_EQ(result.chosen()->terms.size(), 1U);
  EXPECT_EQ(result.notes, (std::vector<std::string>{
                              "neither work nor duration is given, so offers are compared by the hour and "
                              "no finish is estimated",
                              "without work or duration the deadline cannot be judged"}));
}

TEST(Planner, ReadsADurationAsThatOfTheFirstAcceleratorAskedFor) {
  Case c;
  c.job.work = {};
  c.job.duration = hours(4);
  c.job.resources.accelerators = {{"A100", 8}, {"H100", 8}};
  const PlanResult result = make_plan(c.request);
  const Plan* a100 = plan_named(result, "lambda/us-east-1:a8:on_demand");
  const Plan* h100 = plan_named(result, "lambda/us-east-1:h8:on_demand");
  ASSERT_TRUE(a100 != nullptr && h100 != nullptr);
  EXPECT_NEAR(a100->run.work_s, 4 * 3600, 1e-6);
  EXPECT_EQ(a100->throughput.source, RateSource::stated_duration);
  EXPECT_NEAR(h100->run.work_s, 4 * 3600 / 3.17, 10);
  EXPECT_EQ(h100->throughput_source, "your duration, taken for 8 x A100, times 3.17 by published rates");
}

TEST(Planner, MeasuredRatesTakeThePlaceOfStatedOnes) {
  Case c;
  c.request.rates = {{RateSource::own_progress, "H100", 80, 8, 1, 2.0}};
  const PlanResult result = make_plan(c.request);
  EXPECT_NEAR(result.chosen()->run.work_s, 18'000, 1e-6);
  EXPECT_EQ(result.chosen()->throughput_source, "measured in this job on 8 x H100");
}

TEST(Planner, RefusesAcceleratorsOfUnknownSpeed) {
  Case c;
  c.offers = offers_of("x/y z on_demand 1xNovel9-10 8 32 0.10");
  c.request.offers = c.offers;
  c.job.resources.accelerators = {{"Novel9", 1}};
  EXPECT_EQ(rejection_of(c.request, "x/y:z:on_demand"),
            "unknown_speed: no rate is known for 1 x Novel9 of 10 GiB: add it to work.rate_per_s");
}

TEST(Planner, RefusesSpotThatCannotEndWithoutCheckpoints) {
  Case c;
  c.job.checkpoint.path.clear();
  c.job.work.total = 3600 * 24 * 7;
  EXPECT_EQ(rejection_of(c.request, "gcp/us-central1:a3:spot"),
            "never_finishes: is interrupted too often to finish: 0.2462 times an hour and node");
  EXPECT_EQ(make_plan(c.request).feasible, 3U);
}

TEST(Planner, SeveralNodesCostAndRiskAsMuch) {
  Case c;
  c.request.rates = {{RateSource::own_progress, "H100", 80, 8, 4, 1.0}};
  c.job.num_nodes = 4;
  const PlanResult result = make_plan(c.request);
  const Plan* plan = plan_named(result, "lambda/us-east-1:h8:on_demand");
  ASSERT_NE(plan, nullptr);
  EXPECT_DOUBLE_EQ(plan->terms[0].quantity, 40);
  EXPECT_EQ(plan->terms[0].amount.text(), "$960.00");
  EXPECT_NEAR(plan->risk, 1 - std::exp(-4 * 1.579e-4 * 10.06), 1e-5);
}

TEST(Planner, FigureOfTheOfferTakesThePlaceOfTheSuppliers) {
  Case c;
  c.request.suppliers = {{"lambda", minutes(30)}};
  EXPECT_DOUBLE_EQ(plan_named(make_plan(c.request), "lambda/us-east-1:h8:on_demand")->run.start_s, 1800);
  c.offers[5].cold_start = minutes(1);
  c.request.setup = seconds(15);
  EXPECT_DOUBLE_EQ(plan_named(make_plan(c.request), "lambda/us-east-1:h8:on_demand")->run.start_s, 75);
}

TEST(Planner, MeasuredHazardTakesThePlaceOfThePrior) {
  Case c;
  c.request.hazard = [](const Offer& offer) -> std::optional<Hazard> {
    if (offer.location.provider != "aws") return std::nullopt;
    return Hazard{2.0, "seen this week"};
  };
  const PlanResult result = make_plan(c.request);
  const Plan* plan = plan_named(result, "aws/us-east-1/us-east-1a:p5:spot");
  EXPECT_DOUBLE_EQ(plan->hazard.per_hour, 2);
  EXPECT_GT(plan->run.restarts, 15);
  EXPECT_LT(plan_named(result, "gcp/us-central1:a3:spot")->run.restarts, 5);
}

TEST(Planner, NoticeLongEnoughToSaveLosesLessWork) {
  Case c;
  c.request.save_cost = seconds(60);
  const auto rework = [&](const std::string& key) {
    return plan_named(make_plan(c.request), key)->run.rework_s;
  };
  // AWS gives two minutes, Google Cloud thirty seconds.
  EXPECT_LT(rework("aws/us-east-1/us-east-1a:p5:spot"), rework("gcp/us-central1:a3:spot") / 2);
}

TEST(Planner, RefusesOffersInAnotherCurrency) {
  Case c;
  c.offers[0].price_per_hour = Money::parse("50", Currency::parse("EUR").value()).value();
  EXPECT_EQ(rejection_of(c.request, "aws/us-east-1/us-east-1a:p5:on_demand"),
            "other_currency: is priced in EUR, and the plan is in USD");
}

TEST(Planner, ShowsTheTermsOfARefusedOfferToo) {
  Case c;
  c.job.budget = Money::parse("250").value();
  const Result<Plan> plan = plan_of(c.request, 4 - 1);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->expected_cost.text(), "$307.75");
  EXPECT_EQ(plan->why, "refused: is expected to cost $307.75, over the $250.00 left of the budget");
  const Result<Plan> none = plan_of(c.request, 7);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().message,
            "gcp/us-central1:n2:on_demand: has no accelerator, and 8 x H100 is asked for");
}

TEST(Planner, TellsOnlyAsManyPlansAsAskedForButAlwaysTheFrontAndEachSuppliersBest) {
  Case c;
  c.request.plans_max = 1;
  const PlanResult result = make_plan(c.request);
  EXPECT_EQ(result.feasible, 5U);
  EXPECT_EQ(result.plans.size(), 5U);  // spot and on-demand of aws and gcp, on-demand of lambda
  std::vector<Offer> more = c.offers;
  for (int i = 0; i < 50; ++i) {
    Offer offer = c.offers[1];
    offer.location.zone = "us-east-1-" + std::to_string(i);
    offer.price_per_hour = Money(offer.price_per_hour.nanos() + 1 + i);
    more.push_back(offer);
  }
  c.request.offers = more;
  EXPECT_EQ(make_plan(c.request).plans.size(), 5U);
  c.request.plans_max = 20;
  EXPECT_GE(make_plan(c.request).plans.size(), 20U);
  EXPECT_EQ(make_plan(c.request).feasible, 55U);
}

TEST(Planner, WithoutOffersThereIsNoPlan) {
  Case c;
  c.request.offers = {};
  const PlanResult result = make_plan(c.request);
  EXPECT_EQ(result.chosen(), nullptr);
  EXPECT_EQ(result.no_choice, "there are no offers");
}

}  // namespace
}  // namespace tradewind::planner
