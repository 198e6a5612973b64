#include "core/planner/plan_json.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

#include "core/planner/planner.h"
#include "core/planner/testing/market.h"

namespace tradewind::planner {
namespace {

const Time now = parse_utc("2026-03-01T00:00:00Z").value();

std::string read_text(const std::string& name) {
  std::ifstream file(std::string(TRADEWIND_SOURCE_DIR) + "/src/core/planner/golden/" + name);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

json::value golden_plan() {
  const std::vector<Offer> offers = testing::offers_of(R"(
    aws/us-east-1/us-east-1a p5 spot      8xH100-80 192 2048 20.00
    lambda/us-east-1         h8 on_demand 8xH100-80 208 1800 24.00
    gcp/us-central1          a3 on_demand 8xH100-80 208 1872 80.00
    gcp/us-central1          n2 on_demand -           8   32  0.40
  )");
  JobSpec job = testing::job_of(36'000, "H100", 8);
  job.work.rate_per_s = {{"H100", 1.0}};
  job.budget = Money::parse("500").value();
  PlanRequest request{.job = job, .offers = offers, .now = now};
  request.deadline = now + std::chrono::hours(24);
  request.saved = SavedState{{"lambda", "us-east-1"}, 10'000'000'000};
  request.egress = [](const Location& from, const Location& to, std::uint64_t) {
    const bool is_near = from.provider == to.provider;
    return catalog::EgressQuote{.cost = Money(is_near ? 0 : 900'000'000), .rule = "0.09 per GB"};
  };
  PlanResult result = make_plan(request);
  result.planning_ms = 1.5;
  return to_json(result, request);
}

TEST(PlanJson, IsTheDocumentedForm) {
  const std::string written = to_pretty(golden_plan());
  EXPECT_TRUE(written == read_text("plan.json"))
      << "If the change is meant, put this into golden/plan.json:\n"
      << written;
}

TEST(PlanJson, HasTheKeysThatProgramsRelyOn) {
  const json::value plan = golden_plan();
  JsonReader reader(plan, "plan");
  JsonReader chosen(reader.value("chosen"), "chosen");
  EXPECT_EQ(chosen.text("offer"), "aws/us-east-1/us-east-1a:p5:spot");
  EXPECT_GT(chosen.money("expected_cost"), Money());
  EXPECT_GT(chosen.number("p95_finish_s"), chosen.number("p50_finish_s"));
  EXPECT_TRUE(chosen.value("terms").is_object());
  EXPECT_FALSE(chosen.text("why").empty());
  EXPECT_TRUE(chosen.status().ok());
  EXPECT_EQ(reader.array("plans").size(), 2U);
  ASSERT_EQ(reader.array("rejected").size(), 2U);
  JsonReader rejected(reader.array("rejected")[0], "rejected[0]");
  EXPECT_EQ(rejected.text("offer"), "gcp/us-central1:a3:on_demand");
  EXPECT_EQ(rejected.text("code"), "over_budget");
  EXPECT_FALSE(rejected.text("reason").empty());
  EXPECT_DOUBLE_EQ(reader.number("planning_ms"), 1.5);
  EXPECT_TRUE(reader.status().ok());
}

TEST(PlanJson, AmountsOfTheTermsSumToTheExpectedCost) {
  const json::value plan = golden_plan();
  JsonReader reader(plan, "plan");
  JsonReader chosen(reader.value("chosen"), "chosen");
  Money sum;
  for (const auto& term : chosen.value("terms").get_object()) {
    JsonReader inner(term.value(), "terms");
    sum += inner.money("amount");
    EXPECT_TRUE(inner.status().ok());
  }
  EXPECT_EQ(sum, chosen.money("expected_cost"));
}

TEST(PlanJson, WithoutAPlanChosenIsNullAndTheReasonIsThere) {
  const JobSpec job = testing::job_of(10);
  const PlanRequest request{.job = job, .offers = {}, .now = now};
  const json::value written = to_json(make_plan(request), request);
  EXPECT_TRUE(written.at("chosen").is_null());
  EXPECT_TRUE(written.at("plans").get_array().empty());
  EXPECT_EQ(written.at("no_choice"), "there are no offers");
  EXPECT_EQ(written.at("notes").at(0),
            "no rate is known for this work, so offers are compared by the hour: add work.rate_per_s or "
            "duration");
}

TEST(PlanJson, FinishIsNullWhereOffersAreComparedByTheHour) {
  const std::vector<Offer> offers = testing::offers_of("a/b c on_demand - 8 16 1.00");
  const JobSpec job = testing::job_of(0);
  const PlanRequest request{.job = job, .offers = offers, .now = now};
  const json::value plan = to_json(*make_plan(request).chosen());
  EXPECT_TRUE(plan.at("p95_finish_s").is_null());
  EXPECT_EQ(plan.at("basis"), "hour");
}

}  // namespace
}  // namespace tradewind::planner
