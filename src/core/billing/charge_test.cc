#include "core/billing/charge.h"

#include <gtest/gtest.h>

#include "core/billing/testing/story.h"

namespace tradewind::billing {
namespace {

ChargePrices some_prices() {
  ChargePrices prices;
  prices.on_demand_per_hour = usd("6");
  prices.home = Location{"home"};
  prices.egress = [](const Location& from, const Location&, std::uint64_t bytes) {
    const double per_gb = from.provider == "home" ? 0.01 : 0.09;
    return Money::estimate(per_gb * static_cast<double>(bytes) / 1e9);
  };
  return prices;
}

TEST(Charge, UsageRunsFromTheLaunchToTheEndOrToNow) {
  LeaseRecord lease = story_lease(1, Purchase::spot, "3", "10:00:00", "10:30:00");
  const Time now = clock_at("12:00:00");
  const std::vector<Charge> ended = charges_of(lease, now, {});
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].billed_cost, usd("1.5"));
  EXPECT_EQ(ended[0].list_cost, usd("1.5"));
  EXPECT_EQ(ended[0].quantity, 0.5);
  EXPECT_EQ(ended[0].resource, "i-1");
  EXPECT_EQ(ended[0].description, "gpu.1x for 30m 00s at $3.00/h");
  EXPECT_FALSE(ended[0].is_running);
  lease.ended_at = std::nullopt;
  const std::vector<Charge> running = charges_of(lease, now, {});
  EXPECT_EQ(running[0].billed_cost, usd("6"));
  EXPECT_EQ(running[0].end, now);
  EXPECT_TRUE(running[0].is_running);
}

TEST(Charge, WhatNeverRanCostsNothingAndAClockSetBackNeverPaysUs) {
  LeaseRecord lease = story_lease(1, Purchase::spot, "3", "10:00:00", "09:00:00");
  EXPECT_EQ(usage_cost(lease, clock_at("12:00:00")), Money());
  lease.ended_at = std::nullopt;
  EXPECT_EQ(usage_cost(lease, clock_at("09:00:00")), Money());
  lease.launched_at = std::nullopt;
  EXPECT_TRUE(charges_of(lease, clock_at("12:00:00"), some_prices()).empty());
}

TEST(Charge, AQueueIsNotBilled) {
  LeaseRecord lease = story_lease(1, Purchase::on_demand, "3", "10:00:00", "12:00:00");
  lease.offer.queue_wait = std::chrono::hours(1);
  EXPECT_EQ(usage_cost(lease, clock_at("12:00:00")), Money());  // withdrawn before it began
  lease.first_heard_at = clock_at("11:30:30");
  EXPECT_EQ(billed_span(lease, clock_at("12:00:00")), std::chrono::seconds(29 * 60 + 30));
  lease.started_at = clock_at("11:30:00");
  EXPECT_EQ(usage_cost(lease, clock_at("12:00:00")), usd("1.5"));
  EXPECT_EQ(charges_of(lease, clock_at("12:00:00"), {})[0].start, clock_at("11:30:00"));
}

TEST(Charge, BytesAreChargedToTheirSender) {
  LeaseRecord lease = story_lease(1, Purchase::spot, "3", "10:00:00", "10:30:00");
  lease.status->bytes_moved = 2'000'000'000;
  lease.status->bytes_saved = 5'000'000'000;
  const std::vector<Charge> charges = charges_of(lease, clock_at("12:00:00"), some_prices());
  ASSERT_EQ(charges.size(), 3u);
  EXPECT_EQ(charges[0].list_cost, usd("3"));
  EXPECT_EQ(charges[0].billed_cost, usd("1.5"));
  EXPECT_EQ(charges[1].kind, ChargeKind::egress);
  EXPECT_EQ(charges[1].location, Location{"home"});
  EXPECT_EQ(charges[1].billed_cost, usd("0.02"));
  EXPECT_EQ(charges[2].location, (Location{"cloud", "region-1"}));
  EXPECT_EQ(charges[2].billed_cost, usd("0.45"));
  EXPECT_EQ(charges[2].quantity, 5e9);
}

TEST(Charge, HasTheColumnsOfFocus) {
  LeaseRecord lease = story_lease(1, Purchase::spot, "3", "10:00:00", "10:30:00");
  const Charge charge = charges_of(lease, clock_at("12:00:00"), some_prices())[0];
  EXPECT_EQ(
      tradewind::to_text(focus_row(charge)),
      R"({"BilledCost":"1.50","BillingCurrency":"USD","ChargeCategory":"Usage",)"
      R"("ChargeDescription":"gpu.1x for 30m 00s at $3.00/h","ChargePeriodStart":"2026-11-24T10:00:00.000Z",)"
      R"("ChargePeriodEnd":"2026-11-24T10:30:00.000Z","ConsumedQuantity":0.5,"ConsumedUnit":"hour",)"
      R"("EffectiveCost":"1.50","ListCost":"3.00","PricingCategory":"Dynamic","ProviderName":"cloud",)"
      R"("RegionId":"region-1","AvailabilityZone":null,"ResourceId":"i-1","ResourceType":"gpu.1x",)"
      R"("ServiceCategory":"Compute","Tags":{"tradewind:job":"j-1","tradewind:lease":"l-1"}})");
}

}  // namespace
}  // namespace tradewind::billing
