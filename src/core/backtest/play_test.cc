// A log of a play can be played again and costs the same; what could not have happened is refused.
#include "core/backtest/play.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "core/backtest/score.h"
#include "core/backtest/testing/tiny_world.h"
#include "core/policy/player_registry.h"

namespace tradewind::backtest {
namespace {

World random_world(Random& random, policy::Info info) {
  std::vector<std::string> up(1 + random.below(3));
  const std::size_t ticks = 8 + random.below(8);
  for (std::string& zone : up) {
    for (std::size_t k = 0; k < ticks; ++k) zone += random.chance(0.6) ? '1' : '0';
  }
  return tiny_world(up, {.work_s = 100 + 100 * static_cast<double>(random.below(6)),
                         .checkpoint_gb = 1,
                         .transfer_s = 40,
                         .checkpoint_interval_s = random.chance(0.5) ? 0.0 : 90.0,
                         .egress_usd_per_gb = 0.1,
                         .info = info,
                         .on_demand = {36, 30},
                         .spot = {3.6, 7.2, 5},
                         .regions = "aba"});
}

std::string refusal(const World& world, std::string_view log) {
  const Result<std::vector<LoggedRun>> runs = read_log(log);
  if (!runs.ok()) return runs.error().message;
  const Result<Outcome> outcome = score(world, runs->at(0));
  return outcome.ok() ? "" : outcome.error().message;
}

TEST(Play, ALogOfItCostsTheSameWhenItIsPlayedAgain) {
  Random random(3);
  for (int i = 0; i < 300; ++i) {
    const World world = random_world(random, static_cast<policy::Info>(random.below(3)));
    for (const std::string_view name : policy::player_names()) {
      const auto player = policy::make_player(name, world.problem);
      const Result<Played> played = play(world, *player, Keep::moments_too);
      ASSERT_TRUE(played.ok()) << name << ": " << played.error().message;
      const Result<std::vector<LoggedRun>> runs = read_log(log_text(world.problem, *played));
      ASSERT_TRUE(runs.ok()) << runs.error().message;
      const Result<Outcome> again = score(world, runs->at(0));
      ASSERT_TRUE(again.ok()) << name << ": " << again.error().message;
      ASSERT_DOUBLE_EQ(again->cost_usd, played->outcome.cost_usd);
      ASSERT_EQ(again->preemptions, played->outcome.preemptions);
      ASSERT_EQ(played->moments.front().cost_usd, 0);
    }
  }
}

TEST(Play, MomentsShowWhatIsHeldWhileTheTickRuns) {
  const World world = tiny_world({"110111"});
  const Result<Played> played = play(world, *policy::make_player("greedy", world.problem), Keep::moments_too);
  ASSERT_TRUE(played.ok());
  ASSERT_EQ(played->moments.size(), 5U);
  EXPECT_EQ(played->moments[0].held, (policy::Holding{0, policy::Purchase::spot}));
  EXPECT_TRUE(played->moments[2].preempted);
  // Of 300 s 150 are done when the zone is lost: another idle tick would leave on-demand too little time.
  EXPECT_EQ(played->moments[2].held.has_value(), played->outcome.cost_usd > 1);
  EXPECT_EQ(played->moments[2].progress_s, 150);
}

// Stops once, and says why.
class Reasoned final : public policy::Player {
 public:
  policy::Answer decide(const policy::Sight& sight) override {
    if (sight.tick == 0) return policy::launch(0, policy::Purchase::on_demand);
    return sight.tick == 1 ? policy::stop() : policy::hold();
  }
  std::string why() const override { return "for \"tests\""; }
};

TEST(Play, AReasonStandsInTheLog) {
  const World world = tiny_world({"0000"});
  Reasoned player;
  const Result<Played> played = play(world, player);
  ASSERT_TRUE(played.ok());
  ASSERT_EQ(played->decisions.size(), 2U);
  EXPECT_EQ(played->decisions[1].reason, "for \"tests\"");
  EXPECT_NE(log_text(world.problem, *played).find(R"("reason":"for \"tests\"")"), std::string::npos);
  EXPECT_TRUE(play(world, player, Keep::outcome)->decisions.empty());
}

class ScoreTest : public ::testing::Test {
 protected:
  const World world_ = tiny_world({"110111"});
  const World blind_ = tiny_world({"011111"}, {.info = policy::Info::held});
  const std::string begin_ = "{\"type\":\"scenario\",\"id\":\"tiny\"}\n";
  const std::string first_ = R"({"tick":0,"action":"launch","zone":"z0","purchase":"spot","ok":true})"
                             "\n";
  const std::string second_ = R"({"tick":3,"action":"launch","zone":"z0","purchase":"spot","progress_s":150})"
                              "\n";
};

TEST_F(ScoreTest, ATrueLogIsRecosted) {
  const Result<std::vector<LoggedRun>> runs = read_log(
      begin_ + first_ + second_ + R"({"type":"end","finished":true,"finished_s":500,"cost_usd":0.4})");
  ASSERT_TRUE(runs.ok());
  EXPECT_EQ(runs->at(0).line, 1);
  const Result<Outcome> outcome = score(world_, runs->at(0));
  ASSERT_TRUE(outcome.ok()) << outcome.error().message;
  EXPECT_NEAR(outcome->cost_usd, 0.4, 1e-9);
}

TEST_F(ScoreTest, SpotThatWasNotToBeHadIsRefused) {
  EXPECT_NE(
      refusal(world_, begin_ + first_ + R"({"tick":2,"action":"launch","zone":"z0","purchase":"spot"})"), "");
  EXPECT_EQ(refusal(blind_, begin_ + first_), "tiny: tick 0: spot was not available");
  EXPECT_EQ(
      refusal(blind_, begin_ + R"({"tick":0,"action":"launch","zone":"z0","purchase":"spot","ok":false})"),
      "");
  EXPECT_EQ(
      refusal(blind_, begin_ + R"({"tick":1,"action":"launch","zone":"z0","purchase":"spot","ok":false})"),
      "tiny: tick 1: a launch is logged as failed that would have worked");
}

TEST_F(ScoreTest, FalseClaimsAreRefused) {
  EXPECT_NE(
      refusal(world_, begin_ + first_ + R"({"tick":3,"action":"stop","progress_s":152})").find("of progress"),
      std::string::npos);
  EXPECT_NE(refusal(world_, begin_ + first_ + R"({"type":"end","cost_usd":0.3})").find("cost_usd"),
            std::string::npos);
  EXPECT_NE(refusal(world_, begin_ + first_ + R"({"type":"end","finished":true})").find("finished"),
            std::string::npos);
  EXPECT_NE(
      refusal(world_, begin_ + first_ + second_ + R"({"type":"end","finished_s":400})").find("finished_s"),
      std::string::npos);
  EXPECT_NE(refusal(world_,
                    begin_ + first_ + R"({"tick":2,"action":"hold","held":{"zone":"z0","purchase":"spot"}})")
                .find("claims to hold"),
            std::string::npos);
  EXPECT_NE(refusal(world_, begin_ + first_ + R"({"tick":1,"action":"hold","held":null})")
                .find("claims to hold nothing"),
            std::string::npos);
}

TEST_F(ScoreTest, BrokenLogsAreRefused) {
  EXPECT_NE(refusal(world_, begin_ + "{\"tick\":1,\"action\":\"hold\"}\n{\"tick\":0,\"action\":\"hold\"}")
                .find("out of order"),
            std::string::npos);
  EXPECT_EQ(refusal(world_, begin_ + R"({"tick":0,"action":"sleep"})"),
            "tiny: tick 0: there is no action 'sleep'");
  EXPECT_EQ(refusal(world_, begin_ + R"({"tick":0,"action":"launch","zone":"x","purchase":"spot"})"),
            "tiny: tick 0: there is no zone 'x'");
  EXPECT_EQ(refusal(world_, begin_ + first_ + second_ + R"({"tick":5,"action":"hold"})"),
            "tiny: tick 5: a decision after the job's end");
  EXPECT_NE(refusal(world_, begin_ + R"({"tick":99,"action":"hold"})").find("out of range"),
            std::string::npos);
  EXPECT_EQ(refusal(world_, first_), "line 1: there is no scenario yet");
  EXPECT_EQ(refusal(world_, begin_ + begin_), "line 2: scenario 'tiny' comes twice");
  EXPECT_EQ(refusal(world_, begin_ + "7"), "line 2: is not a JSON object");
  EXPECT_NE(refusal(world_, "{\n").find("line 1: "), std::string::npos);
}

}  // namespace
}  // namespace tradewind::backtest
