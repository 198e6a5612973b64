#include "core/backtest/scenario.h"

#include <gtest/gtest.h>

namespace tradewind::backtest {
namespace {

constexpr std::string_view good =
    R"({"id":"s","class":"blind","part":"public","tick_s":100,"deadline_ticks":4,"work_s":300,
  "cold_start_s":50,"checkpoint_gb":60,"transfer_gbps":8.0,"checkpoint_interval_s":0,
  "egress_usd_per_gb":{"a>b":0.01,"*":0.02},"info":"held","nodes":2,"penalty_factor":3.0,"zones":[
  {"name":"z0","provider":"p","region":"a","zone":"a1","on_demand_per_h":3.06,"spot_price":[[0.9,1],[1.5,2]],"trace":"t","start_tick":1},
  {"name":"z1","provider":"p","region":"b","zone":"b1","on_demand_per_h":4,"spot_price":[[1,9]],"trace":"u","start_tick":0},
  {"name":"z2","provider":"p","region":"a","zone":"a2","on_demand_per_h":3,"spot_price":[[1,9]],"trace":"t"}]})";

json::value changed(std::string_view from, std::string_view to) {
  std::string text(good);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return *parse_json(text.replace(at, from.size(), to));
}

std::string error_of(std::string_view from, std::string_view to) {
  const Result<Scenario> scenario = scenario_from_json(changed(from, to));
  return scenario.ok() ? "" : scenario.error().message;
}

traces::Trace trace(std::string id, std::vector<traces::Stretch> runs, double tick_s = 100) {
  traces::Trace trace;
  trace.id = std::move(id);
  trace.nodes = 4;
  trace.tick_s = tick_s;
  trace.runs = std::move(runs);
  return trace;
}

TraceSet some_traces() {
  return {{"t", trace("t", {{0, 1}, {4, 2}, {1, 1}, {2, 3}})}, {"u", trace("u", {{0, 2}, {2, 20}})}};
}

TEST(Scenario, BecomesAProblemWithRegionsAndTheCostOfMoves) {
  const Result<Scenario> scenario = scenario_from_json(*parse_json(good));
  ASSERT_TRUE(scenario.ok()) << scenario.error().message;
  const policy::Problem& problem = scenario->problem;
  EXPECT_EQ(problem.info, policy::Info::held);
  EXPECT_EQ(problem.regions, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(problem.zones[2].region_index, 0);
  EXPECT_DOUBLE_EQ(problem.transfer_s, 60);
  EXPECT_DOUBLE_EQ(problem.move_cost_usd(0, 1), 0.6);
  EXPECT_DOUBLE_EQ(problem.move_cost_usd(1, 0), 1.2);
  EXPECT_DOUBLE_EQ(problem.move_cost_usd(1, 1), 0);
  EXPECT_DOUBLE_EQ(cheapest_on_demand(problem), 3);
  EXPECT_DOUBLE_EQ(on_demand_usd(problem), 3 * 350 / 3600.0);
}

TEST(Scenario, ReadsBackAsItWasWritten) {
  const Result<Scenario> scenario = scenario_from_json(*parse_json(good));
  const json::value written = to_json(*scenario);
  const Result<Scenario> again = scenario_from_json(written);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(to_json(*again), written);
  EXPECT_EQ(again->problem.move_usd, scenario->problem.move_usd);
}

TEST(Scenario, BecomesAWorldOfItsTracesAndPrices) {
  const Result<World> world = world_of(*scenario_from_json(*parse_json(good)), some_traces());
  ASSERT_TRUE(world.ok()) << world.error().message;
  EXPECT_EQ(world->up[0], (std::vector<std::uint8_t>{1, 1, 0, 1}))
      << "from tick 1 on; 1 node is too few for 2";
  EXPECT_EQ(world->up[1], (std::vector<std::uint8_t>{0, 0, 1, 1}));
  EXPECT_EQ(world->up[2], (std::vector<std::uint8_t>{0, 1, 1, 0}));
  EXPECT_EQ(world->spot_per_h[0], (std::vector<double>{0.9, 1.5, 1.5, 1.5})) << "the last price lasts on";
  EXPECT_EQ(world->label, "blind");
}

TEST(Scenario, CanBeginAtOtherTimesOfItsTraces) {
  const Result<Scenario> scenario = scenario_from_json(*parse_json(good));
  const Result<Room> room = room_of(*scenario, some_traces());
  ASSERT_TRUE(room.ok());
  EXPECT_EQ(room->earliest, 0);
  EXPECT_EQ(room->latest, 2) << "trace t has 7 ticks, and z0 begins at 1";
  const Result<World> world = world_of(*scenario, some_traces(), 2);
  ASSERT_TRUE(world.ok()) << world.error().message;
  EXPECT_EQ(world->up[0], (std::vector<std::uint8_t>{0, 1, 1, 1}));
  EXPECT_FALSE(world_of(*scenario, some_traces(), 3).ok());
  EXPECT_FALSE(world_of(*scenario, some_traces(), -1).ok());
}

TEST(Scenario, TracesOfOtherTicksAreReadCarefully) {
  TraceSet traces = some_traces();
  traces["t"] = trace("t", {{4, 3}, {0, 1}, {4, 30}}, 50);
  const Result<World> world =
      world_of(*scenario_from_json(changed("\"start_tick\":1", "\"start_tick\":0")), traces);
  ASSERT_TRUE(world.ok()) << world.error().message;
  EXPECT_EQ(world->up[0], (std::vector<std::uint8_t>{1, 0, 1, 1}));
}

TEST(Scenario, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(error_of("\"tick_s\":100", "\"tick_s\":0"), "tick_s is not a number above 0 and within reason");
  EXPECT_EQ(error_of("\"tick_s\":100", "\"tick_s\":-5"), "tick_s is not a number above 0 and within reason");
  EXPECT_EQ(error_of("\"tick_s\":100,", ""), "tick_s is missing");
  EXPECT_EQ(error_of("\"work_s\":300", "\"work_s\":\"300\""), "work_s is not a number");
  EXPECT_EQ(error_of("\"deadline_ticks\":4", "\"deadline_ticks\":0"),
            "deadline_ticks is not 1 to 10,000,000");
  EXPECT_EQ(error_of("\"deadline_ticks\":4", "\"deadline_ticks\":2.5"),
            "deadline_ticks is not a whole number");
  EXPECT_EQ(error_of("\"held\"", "\"hold\""),
            "info is 'hold', not all, region or held; did you mean 'held'?");
  EXPECT_EQ(error_of("\"name\":\"z1\"", "\"name\":\"z0\""), "zones[1] has the name 'z0' of an earlier zone");
  EXPECT_EQ(error_of("3.06", "0"), "zones[0].on_demand_per_h is not a number above 0 and within reason");
  EXPECT_EQ(error_of("[0.9,1]", "[0,1]"), "zones[0].spot_price[0] has a price that is not above 0");
  EXPECT_EQ(error_of("[0.9,1]", "[0.9,0]"), "zones[0].spot_price[0] is not of 1 tick or more");
  EXPECT_EQ(error_of("[0.9,1]", "[0.9,1e29]"), "zones[0].spot_price[0] is not of 1 tick or more");
  EXPECT_EQ(error_of("[0.9,1]", "0.9"), "zones[0].spot_price[0] is not [USD an hour, ticks]");
  EXPECT_EQ(error_of("\"trace\":\"u\"", "\"trace\":null"), "zones[1].trace is missing");
  EXPECT_EQ(error_of("\"a>b\":0.01", "\"a>b\":-1"),
            "egress_usd_per_gb.a>b is not a number of 0 or more and within reason");
  EXPECT_EQ(error_of("\"nodes\":2", "\"nodes\":0"), "nodes is not 1 to 1,000,000");
  EXPECT_EQ(error_of("\"transfer_gbps\":8.0", "\"transfer_gbps\":0"),
            "transfer_gbps is not a number above 0 and within reason");
  EXPECT_FALSE(scenario_from_json(*parse_json("[]")).ok());
  EXPECT_FALSE(scenario_from_json(*parse_json(R"({"id":"x","zones":[]})")).ok());
}

TEST(Scenario, NamesTheTraceThatIsMissingOrTooShortOrOfTooFewNodes) {
  const Result<Scenario> scenario = scenario_from_json(*parse_json(good));
  TraceSet traces = some_traces();
  traces.erase("u");
  EXPECT_EQ(world_of(*scenario, traces).error().message, "s: there is no trace 'u' for z1");
  traces = some_traces();
  traces["u"] = trace("u", {{4, 3}});
  EXPECT_NE(world_of(*scenario, traces).error().message.find("s: trace u has 3 ticks"), std::string::npos);
  traces["u"].nodes = 1;
  EXPECT_EQ(world_of(*scenario, traces).error().message, "s: the job needs 2 nodes, and trace u tells of 1");
}

}  // namespace
}  // namespace tradewind::backtest
