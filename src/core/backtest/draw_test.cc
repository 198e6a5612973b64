#include "core/backtest/draw.h"

#include <gtest/gtest.h>
#include <set>

#include "core/backtest/optimum.h"
#include "core/backtest/play.h"
#include "core/policy/player_registry.h"

namespace tradewind::backtest {
namespace {

TEST(Draw, OneOfEachKindAndTheSameForTheSameSeed) {
  const std::vector<Drawn> drawn = draw_scenarios(3);
  const std::vector<Drawn> again = draw_scenarios(3);
  std::set<std::string> labels;
  ASSERT_EQ(drawn.size(), again.size());
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    labels.insert(drawn[i].scenario.label);
    EXPECT_EQ(to_json(drawn[i].scenario), to_json(again[i].scenario));
    EXPECT_EQ(drawn[i].traces, again[i].traces);
    const Result<Scenario> read = scenario_from_json(to_json(drawn[i].scenario));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(to_json(*read), to_json(drawn[i].scenario));
  }
  EXPECT_EQ(labels.size(), 9U);
  EXPECT_NE(to_json(draw_scenarios(4)[0].scenario), to_json(drawn[0].scenario));
}

TEST(Draw, EveryPolicyPlaysThemInTimeAndAboveTheOptimum) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    for (const Drawn& drawn : draw_scenarios(seed)) {
      const Result<World> world = world_of(drawn.scenario, drawn.traces);
      ASSERT_TRUE(world.ok()) << world.error().message;
      const Optimum best = optimum(*world, Losses::none);
      ASSERT_TRUE(best.feasible && best.exact) << drawn.scenario.problem.id;
      EXPECT_LE(best.cost_usd, on_demand_usd(world->problem) + 1e-9);
      for (const std::string_view name : policy::player_names()) {
        const Result<Played> played = play(*world, *policy::make_player(name, world->problem));
        ASSERT_TRUE(played.ok()) << played.error().message;
        EXPECT_TRUE(played->outcome.finished) << drawn.scenario.problem.id << " " << name;
        EXPECT_GE(played->outcome.cost_usd, best.cost_usd - 1e-6) << drawn.scenario.problem.id << " " << name;
      }
    }
  }
}

}  // namespace
}  // namespace tradewind::backtest
