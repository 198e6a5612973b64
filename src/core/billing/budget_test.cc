#include "core/billing/budget.h"

#include <gtest/gtest.h>

#include "core/billing/testing/story.h"

namespace tradewind::billing {
namespace {

TEST(Budget, CountsTheJobsOwnLeasesAtTheirOwnPrices) {
  ReceiptInput input = story();
  // 0.5 h × 3 + 29m50s × 2 + 31m × 6
  EXPECT_EQ(spent(input.job, input.leases, input.now), usd("5.594444444"));
  input.leases[0].job = JobId("j-other");
  EXPECT_EQ(spent(input.job, input.leases, input.now), usd("2.494444444"));
  EXPECT_EQ(spent(input.job, {}, input.now), Money());
}

TEST(Budget, TellsHowLongItLastsAtThePaceOfTheRunningLeases) {
  JobRecord job;
  job.id = JobId("j-1");
  LeaseRecord lease = story_lease(1, Purchase::spot, "3", "10:00:00", "10:30:00");
  lease.ended_at = std::nullopt;
  const Time now = clock_at("12:00:00");
  EXPECT_EQ(budget_state(job, {lease}, now).left, std::nullopt);
  EXPECT_EQ(budget_state(job, {lease}, now).lasts, std::nullopt);
  job.spec.budget = usd("10");
  EXPECT_EQ(budget_state(job, {lease}, now).left, usd("4"));
  EXPECT_EQ(budget_state(job, {lease}, now).lasts, Duration(4'800'000));
  EXPECT_EQ(budget_state(job, {lease}, now).per_hour, usd("3"));
  job.spec.budget = usd("5");
  EXPECT_EQ(budget_state(job, {lease}, now).left, -usd("1"));
  EXPECT_EQ(budget_state(job, {lease}, now).lasts, Duration(0));
  EXPECT_TRUE(budget_state(job, {lease}, now).is_overdrawn);
  lease.ended_at = clock_at("11:00:00");
  EXPECT_EQ(budget_state(job, {lease}, now).lasts, std::nullopt);
  EXPECT_EQ(budget_state(job, {lease}, now).left, usd("2"));
}

TEST(Budget, AmountsInOtherCurrenciesAreLeftOutAndToldOf) {
  Sum sum;
  sum.add(Money());
  sum.add(Money(5, Currency::parse("EUR").value()));
  EXPECT_FALSE(sum.left_out());
  sum.add(Money(7));
  EXPECT_EQ(sum.total(), Money(5, Currency::parse("EUR").value()));
  EXPECT_TRUE(sum.left_out());
}

}  // namespace
}  // namespace tradewind::billing
