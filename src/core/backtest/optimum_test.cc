#include "core/backtest/optimum.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "core/backtest/testing/tiny_world.h"

namespace tradewind::backtest {
namespace {

using policy::Answer;
using policy::Purchase;

// Every sequence of answers.
class Brute {
 public:
  explicit Brute(const World& world) : world_(world) { follow(Run(world)); }
  double best() const { return best_; }

 private:
  void follow(const Run& run) {
    if (run.look().cost_usd >= best_) return;
    if (run.done()) {
      if (run.outcome().finished) best_ = run.outcome().cost_usd;
      return;
    }
    try_answer(run, policy::hold());
    if (run.look().held) try_answer(run, policy::stop());
    for (int zone = 0; zone < static_cast<int>(world_.up.size()); ++zone) {
      if (world_.up[static_cast<std::size_t>(zone)][static_cast<std::size_t>(run.tick())] != 0) {
        try_answer(run, policy::launch(zone, Purchase::spot));
      }
      try_answer(run, policy::launch(zone, Purchase::on_demand));
    }
  }
  void try_answer(const Run& run, const Answer& answer) {
    Run next = run;
    ASSERT_TRUE(next.act(answer).ok());
    follow(next);
  }

  const World& world_;
  double best_ = 1e9;
};

TEST(Optimum, SpotWhereItIsToBeHadAndOnDemandForTheRest) {
  // Spot in ticks 0 and 1 does 150 s for 0.20; the other 150 s need on-demand for 200 s: 2.00.
  const Optimum best = optimum(tiny_world({"11001"}));
  EXPECT_TRUE(best.feasible);
  EXPECT_TRUE(best.exact);
  EXPECT_EQ(best.grid_s, 50);
  EXPECT_NEAR(best.cost_usd, 2.2, 1e-9);
}

TEST(Optimum, OnDemandAloneWhereThereIsNoSpot) {
  EXPECT_NEAR(optimum(tiny_world({"00000", "00000"}, {.on_demand = {36, 18}})).cost_usd, 1.75, 1e-9);
}

TEST(Optimum, ADeadlineThatCannotBeKeptIsNotFeasible) {
  EXPECT_FALSE(optimum(tiny_world({"111"})).feasible);
  EXPECT_TRUE(optimum(tiny_world({"1111"})).feasible);
}

TEST(Optimum, TheFirstRegionIsFreeAndALaterOneIsNot) {
  TinyMarket market{.checkpoint_gb = 10, .transfer_s = 50, .egress_usd_per_gb = 0.01, .regions = "ab"};
  // The other region from the start: 350 s at 0.1 cent.
  EXPECT_NEAR(optimum(tiny_world({"000000", "001111"}, market)).cost_usd, 0.35, 1e-9);
  // 150 s of work here in two ticks; then a move for 0.10 with 100 s of set-up, and 300 s of work.
  market.work_s = 450;
  EXPECT_NEAR(optimum(tiny_world({"110000", "001111"}, market)).cost_usd, 0.2 + 0.1 + 0.4, 1e-9);
}

TEST(Optimum, EqualsTheBestOfAllPlays) {
  Random random(7);
  int feasible = 0;
  for (int i = 0; i < 120; ++i) {
    const std::size_t zones = 1 + random.below(2);
    const std::size_t ticks = zones == 1 ? 7 : 6;
    std::vector<std::string> up(zones);
    for (std::string& zone : up) {
      for (std::size_t k = 0; k < ticks; ++k) zone += random.chance(0.6) ? '1' : '0';
    }
    const World world = tiny_world(up, {.work_s = 200 + 50 * static_cast<double>(random.below(3)),
                                        .cold_start_s = random.chance(0.5) ? 25 : 125.0 * random.chance(0.5),
                                        .checkpoint_gb = random.chance(0.5) ? 10.0 : 0.0,
                                        .transfer_s = 50,
                                        .egress_usd_per_gb = 0.01,
                                        .on_demand = {36, 30},
                                        .spot = {3.6, 7.2},
                                        .regions = random.chance(0.5) ? "ab" : "aa"});
    const Optimum best = optimum(world);
    const double brute = Brute(world).best();
    ASSERT_EQ(best.feasible, brute < 1e8) << i;
    if (!best.feasible) continue;
    ++feasible;
    ASSERT_NEAR(best.cost_usd, brute, 1e-9) << i;
  }
  EXPECT_GT(feasible, 80);
}

TEST(Optimum, PricesAndFeesThatDifferEqualTheBestOfAllPlays) {
  Random random(11);
  for (int i = 0; i < 15; ++i) {
    std::vector<std::string> up(3);
    for (std::string& zone : up) {
      for (int k = 0; k < 5; ++k) zone += random.chance(0.5) ? '1' : '0';
    }
    World world = tiny_world(
        up,
        {.work_s = 250, .checkpoint_gb = 1, .transfer_s = 25, .on_demand = {36, 30, 33}, .regions = "abc"});
    for (std::vector<double>& prices : world.spot_per_h) {
      for (double& price : prices) price = 1 + 10 * random.unit();
    }
    for (double& fee : world.problem.move_usd) fee *= 0;
    for (std::size_t from = 0; from < 3; ++from) {
      for (std::size_t to = 0; to < 3; ++to)
        world.problem.move_usd[from * 3 + to] = from == to ? 0 : 0.3 * random.unit();
    }
    const double brute = Brute(world).best();
    ASSERT_NEAR(optimum(world).feasible ? optimum(world).cost_usd : 1e9, brute, 1e-9) << i;
  }
}

TEST(Optimum, AnIntervalOfCheckpointsLiesBetweenTheBounds) {
  Random random(6);
  for (int i = 0; i < 60; ++i) {
    std::string up;
    for (int k = 0; k < 7; ++k) up += random.chance(0.7) ? '1' : '0';
    const World world = tiny_world(
        {up},
        {.work_s = 250, .cold_start_s = 25, .checkpoint_interval_s = random.chance(0.5) ? 75.0 : 100.0});
    const double brute = Brute(world).best();
    const Optimum above = optimum(world);
    const Optimum below = optimum(world, Losses::none);
    if (brute > 1e8) continue;
    EXPECT_LE(below.cost_usd, brute + 1e-9) << i;
    EXPECT_GE(above.feasible ? above.cost_usd : 1e9, brute - 1e-9) << i;
  }
}

TEST(Optimum, WhatWouldNeedTooMuchMemoryIsLeftOut) {
  EXPECT_FALSE(optimum(tiny_world({"11111"}, {.tick_s = 1e9, .work_s = 1e9, .cold_start_s = 1})).feasible);
}

TEST(Optimum, SpansThatFitNoGridGiveALowerBound) {
  const World world = tiny_world({"1111111"}, {.cold_start_s = 52});
  const Optimum best = optimum(world);
  EXPECT_FALSE(best.exact);
  EXPECT_EQ(best.grid_s, 5);
  EXPECT_NEAR(best.cost_usd, 0.35, 1e-9);
  EXPECT_LE(best.cost_usd, Brute(world).best());
}

}  // namespace
}  // namespace tradewind::backtest
