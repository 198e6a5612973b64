#include "core/policy/value_table.h"

#include <cmath>
#include <gtest/gtest.h>

namespace tradewind::policy {
namespace {

constexpr SpellMix average = {{0.58, 0.30, 0.12}, {0.64, 0.30, 0.06}};

MarketZone zone(double price, int region = 0, const SpellMix& spells = average) {
  return {price, region, spells, share_up(spells), rise_per_h(spells.down)};
}

Market one_zone(double price) {
  Market market;
  market.zones = {zone(price)};
  market.on_demand_per_h = {3};
  market.move_usd = {0};
  market.cold_start_h = 0.1;
  market.tick_h = 0.05;
  return market;
}

Market two_regions(double egress) {
  Market market = one_zone(1);
  market.zones.push_back(zone(1, 1));
  market.on_demand_per_h.push_back(3);
  market.move_usd = {0, egress, egress, 0};
  return market;
}

ValueTable solved(const Market& market, double work_h = 24, double slack_h = 12) {
  ValueTable table;
  table.begin(market, work_h, slack_h);
  EXPECT_TRUE(table.step(ValueTable::work_layers));
  return table;
}

double rate_of_young_outage() {
  return stage_rates_per_h(average.down)[0];
}

TEST(ValueTable, AnOutageThatLastsComesBackMoreAndMoreSeldom) {
  const auto rates = stage_rates_per_h(average.down);
  for (std::size_t a = 1; a < outage_stages; ++a) EXPECT_LT(rates[a], rates[a - 1]);
}

TEST(ValueTable, NothingIsDueWithoutWork) {
  const ValueTable table = solved(one_zone(1));
  for (std::size_t p = 0; p < phases; ++p) EXPECT_EQ(table.on_spot(0, p, table.locate(0, 5)), 0);
  EXPECT_EQ(table.on_demand(0, 1, table.locate(0, 5)), 0);
}

TEST(ValueTable, CostsLieBetweenAllSpotAndAllOnDemand) {
  const ValueTable table = solved(one_zone(1));
  for (const double work_h : {2.0, 10.0, 20.0}) {
    for (const double slack_h : {1.0, 5.0, 10.0}) {
      const ValueTable::Point point = table.locate(work_h, slack_h);
      for (std::size_t p = 0; p < phases; ++p) {
        EXPECT_GT(table.on_spot(0, p, point), work_h * 0.98);
        EXPECT_LT(table.on_spot(0, p, point), 3 * work_h);
      }
      EXPECT_LE(table.down(0, rate_of_young_outage(), point), 3 * (work_h + 0.1) * 1.02);
    }
  }
}

TEST(ValueTable, MoreWorkCostsMoreAndMoreSlackNoMore) {
  const ValueTable table = solved(two_regions(1));
  const double rate = rate_of_young_outage();
  for (int i = 0; i < 15; ++i) {
    for (int j = 0; j < 17; ++j) {
      const double slack_h = 0.5 + 0.7 * i;
      const double work_h = 1 + 1.3 * j;
      const ValueTable::Point here = table.locate(work_h, slack_h);
      const ValueTable::Point more_work = table.locate(work_h + 1, slack_h);
      const ValueTable::Point more_slack = table.locate(work_h, slack_h + 0.7);
      EXPECT_GT(table.down(0, rate, more_work), table.down(0, rate, here));
      EXPECT_LE(table.down(0, rate, more_slack), table.down(0, rate, here) * 1.001);
      for (std::size_t p = 0; p < phases; ++p) {
        EXPECT_GT(table.on_spot(0, p, more_work), table.on_spot(0, p, here));
        EXPECT_LE(table.on_spot(0, p, more_slack), table.on_spot(0, p, here) * 1.001);
      }
    }
  }
}

TEST(ValueTable, SpotThatCostsAsMuchAsOnDemandIsWorthNoSetUp) {
  const ValueTable table = solved(one_zone(3));
  const ValueTable::Point point = table.locate(20, 6);
  EXPECT_NEAR(table.on_demand(0, rate_of_young_outage(), point), 60, 0.2);
}

TEST(ValueTable, ALongLifeIsWorthMoreThanAShortOne) {
  const ValueTable table = solved(one_zone(1));
  const ValueTable::Point point = table.locate(20, 3);
  EXPECT_LT(table.on_spot(0, 2, point), table.on_spot(0, 1, point));
  EXPECT_LT(table.on_spot(0, 1, point), table.on_spot(0, 0, point));
}

TEST(ValueTable, AnotherRegionHelpsTheMoreTheLessItCostsToGoThere) {
  const double rate = rate_of_young_outage();
  const auto cost = [&](double egress) {
    const ValueTable table = solved(two_regions(egress));
    return table.down(0, rate, table.locate(20, 3));
  };
  const ValueTable alone = solved(one_zone(1));
  EXPECT_LT(cost(0.1), cost(5));
  EXPECT_LE(cost(5), cost(1000) * 1.001);
  EXPECT_NEAR(cost(1000), alone.down(0, rate, alone.locate(20, 3)), 0.05);
}

TEST(ValueTable, LayersMayBeComputedAFewAtATime) {
  const ValueTable at_once = solved(two_regions(1));
  ValueTable slowly;
  slowly.begin(two_regions(1), 24, 12);
  int steps = 1;
  while (!slowly.step(5)) ++steps;
  EXPECT_EQ(steps, 5);
  const ValueTable::Point point = at_once.locate(17, 4);
  EXPECT_EQ(slowly.on_spot(1, 1, point), at_once.on_spot(1, 1, point));
  EXPECT_EQ(slowly.down(1, 0.3, point), at_once.down(1, 0.3, point));
}

TEST(ValueTable, WaitingCostsWhatAnHourIsWorth) {
  Market market = one_zone(1);
  const ValueTable patient = solved(market);
  market.waiting_usd_per_h = 0.5;
  const ValueTable hurried = solved(market);
  const ValueTable::Point point = patient.locate(20, 10);
  EXPECT_GT(hurried.down(0, 0.1, point), patient.down(0, 0.1, point));
}

}  // namespace
}  // namespace tradewind::policy
