#include "core/policy/capacity_belief.h"

#include <gtest/gtest.h>

namespace tradewind::policy {
namespace {

// Ticks of six minutes; zones 0 and 1 in one region, zone 2 in another.
Problem three_zones() {
  Problem problem;
  problem.tick_s = 360;
  problem.deadline_ticks = 1000;
  problem.work_s = 36000;
  problem.zones = {{"a1", "p", "a", "a1", 3, 0}, {"a2", "p", "a", "a2", 3, 0}, {"b1", "p", "b", "b1", 3, 1}};
  problem.regions = {"a", "b"};
  problem.move_usd = {0, 1, 1, 0};
  return problem;
}

Sight seen(int tick, std::vector<Seen> capacity) {
  Sight sight;
  sight.tick = tick;
  sight.capacity = std::move(capacity);
  sight.spot_per_h = {1, 1, 1};
  return sight;
}

double hazard(const PhaseMix& up) {
  double rate = 0;
  for (std::size_t p = 0; p < phases; ++p) rate += up[p] / up_mean_h[p];
  return rate;
}

constexpr Seen up = Seen::up;
constexpr Seen down = Seen::down;
constexpr Seen unknown = Seen::unknown;

TEST(CapacityBelief, BeginsWithTheShareOfTimeThatZonesAreUp) {
  const Problem problem = three_zones();
  const CapacityBelief belief(problem);
  double expected = 0;
  for (const Regime& regime : known_regimes) expected += regime.weight * share_up(regime.spells);
  EXPECT_NEAR(belief.zone(0).up, expected, 1e-9);
  EXPECT_NEAR(belief.zone(0).share, expected, 1e-9);
}

TEST(CapacityBelief, FewerCapacityIsLostTheLongerItHasBeenThere) {
  const Problem problem = three_zones();
  CapacityBelief belief(problem);
  belief.learn(seen(0, {down, up, up}));
  belief.learn(seen(1, {up, up, up}));  // has just come
  double before = hazard(belief.zone(0).up_phases);
  EXPECT_GT(before, 0.5);
  for (int tick = 2; tick < 100; ++tick) {
    belief.learn(seen(tick, {up, up, up}));
    const double now = hazard(belief.zone(0).up_phases);
    EXPECT_LT(now, before);
    before = now;
  }
  EXPECT_LT(before, 0.1);
}

TEST(CapacityBelief, AnOutageThatLastsIsALongOne) {
  const Problem problem = three_zones();
  CapacityBelief belief(problem);
  belief.learn(seen(0, {up, up, up}));
  for (int tick = 1; tick <= 60; ++tick) belief.learn(seen(tick, {down, up, up}));
  EXPECT_EQ(belief.zone(0).up, 0);
  EXPECT_GT(belief.zone(0).down_phases[2], 0.5);
  EXPECT_LT(belief.zone(0).down_phases[0], 0.01);
}

TEST(CapacityBelief, WhatIsNotSeenAnyMoreDriftsBackToItsShare) {
  const Problem problem = three_zones();
  CapacityBelief belief(problem);
  Sight failed = seen(0, {unknown, unknown, unknown});
  belief.learn(failed);
  failed.tick = 1;
  failed.last_attempt = Attempt{{0, Purchase::spot}, false};
  belief.learn(failed);
  double before = belief.zone(0).up;
  EXPECT_EQ(before, 0);
  for (int tick = 2; tick < 200; ++tick) {
    belief.learn(seen(tick, {unknown, unknown, unknown}));
    EXPECT_GE(belief.zone(0).up, before - 1e-3);
    before = belief.zone(0).up;
  }
  EXPECT_NEAR(before, belief.zone(0).share, 0.1);
}

TEST(CapacityBelief, APreemptionTellsOfAZoneThatIsNotShown) {
  const Problem problem = three_zones();
  CapacityBelief belief(problem);
  Sight held = seen(0, {unknown, up, unknown});
  held.held = Holding{1, Purchase::spot};
  belief.learn(held);
  Sight lost = seen(1, {unknown, unknown, unknown});
  lost.preempted = true;
  belief.learn(lost);
  EXPECT_EQ(belief.zone(1).up, 0);
  EXPECT_GT(belief.zone(2).up, 0.4);
}

TEST(CapacityBelief, ZonesOfOneRegionShareTheirLuck) {
  const Problem problem = three_zones();
  CapacityBelief belief(problem);
  // Zone 0 comes and goes every half hour for a day; zones 1 and 2 are not seen.
  for (int tick = 0; tick < 240; ++tick) {
    belief.learn(seen(tick, {(tick / 5) % 2 == 0 ? up : down, unknown, unknown}));
  }
  EXPECT_LT(belief.zone(0).share, belief.zone(2).share);
  EXPECT_LT(belief.zone(1).share, belief.zone(2).share);
  EXPECT_LT(mean_up_h(belief.zone(1).next.up), mean_up_h(belief.zone(2).next.up));
}

TEST(CapacityBelief, ProbabilitiesStayProbabilities) {
  const Problem problem = three_zones();
  CapacityBelief belief(problem);
  for (int tick = 0; tick < 500; ++tick) {
    const Seen odd = tick % 7 == 0 ? up : tick % 11 == 0 ? down : unknown;
    belief.learn(seen(tick, {odd, tick % 2 == 0 ? up : down, up}));
    for (int zone = 0; zone < 3; ++zone) {
      const ZoneBelief& now = belief.zone(zone);
      EXPECT_GE(now.up, 0);
      EXPECT_LE(now.up, 1 + 1e-9);
      for (const PhaseMix& mix : {now.up_phases, now.down_phases, now.next.up, now.next.down}) {
        EXPECT_NEAR(mix[0] + mix[1] + mix[2], 1, 1e-9);
      }
    }
  }
}

}  // namespace
}  // namespace tradewind::policy
