#include "core/backtest/protocol.h"

#include <gtest/gtest.h>

#include "core/policy/player_registry.h"

namespace tradewind::backtest {
namespace {

using policy::Purchase;
using policy::Seen;

constexpr std::string_view scenario =
    R"({"type":"scenario","id":"s","tick_s":100,"deadline_ticks":9,"work_s":300,"cold_start_s":50,"checkpoint_gb":8,
    "checkpoint_interval_s":0,"transfer_gbps":8.0,"egress_usd_per_gb":{"*":0.02},"info":"all","nodes":1,"penalty_factor":3.0,
    "new":{"a":[1]},"zones":[{"name":"z \"0\"","provider":"p","region":"a","zone":"a1","on_demand_per_h":3.06},
    {"name":"z1","provider":"p","region":"b","zone":"b1","on_demand_per_h":2}]})";

std::string tick(int number, std::string_view more = {},
                 std::string_view available = R"("z1":true,"z \"0\"":false)") {
  return R"({"type":"tick","time_s":0,"setup_left_s":2.5,"progress_s":10,"checkpoint_s":5.5,"cost_usd":1,"what":null,)" +
         std::string(more) + R"("tick":)" + std::to_string(number) + R"(,"available":{)" +
         std::string(available) + R"(},"spot_price":{"z \"0\"":0.5,"z1":0.75}})";
}

// Answers what it is told to, and keeps what it saw.
class Scripted final : public policy::Player {
 public:
  Scripted(policy::Answer& answer, policy::Sight& sight) : answer_(answer), sight_(sight) {}
  policy::Answer decide(const policy::Sight& sight) override {
    sight_ = sight;
    return answer_;
  }

 private:
  policy::Answer& answer_;
  policy::Sight& sight_;
};

class ProtocolTest : public ::testing::Test {
 protected:
  std::string answer(std::string_view line) {
    const Result<std::string_view> text = session_.answer(line);
    return text.ok() ? std::string(*text) : "error: " + text.error().message;
  }

  policy::Answer next_;
  policy::Sight seen_;
  PolicySession session_{[this](const policy::Problem&) { return std::make_unique<Scripted>(next_, seen_); }};
};

TEST_F(ProtocolTest, OnlyTicksAreAnswered) {
  EXPECT_EQ(answer(scenario), "");
  EXPECT_EQ(answer(tick(0)), R"({"action":"hold"})");
  next_ = policy::stop();
  EXPECT_EQ(answer(tick(1)), R"({"action":"stop"})");
  next_ = policy::launch(1, Purchase::spot);
  EXPECT_EQ(answer(tick(2)), R"({"action":"launch","zone":"z1","purchase":"spot"})");
  next_ = policy::launch(0, Purchase::on_demand);
  EXPECT_EQ(answer(tick(4)), R"({"action":"launch","zone":"z \"0\"","purchase":"on_demand"})");
  EXPECT_EQ(answer(R"({"type":"end","id":"s","finished":true})"), "");
  EXPECT_EQ(answer("  "), "");
}

TEST_F(ProtocolTest, APlayerSeesWhatTheTickSays) {
  answer(scenario);
  answer(tick(3, R"("held":{"zone":"z1","purchase":"on_demand"},"preempted":true,"checkpoint_region":"b",
                    "last_attempt":{"zone":"z \"0\"","purchase":"spot","ok":false},)"));
  EXPECT_EQ(seen_.tick, 3);
  EXPECT_EQ(seen_.held, (policy::Holding{1, Purchase::on_demand}));
  EXPECT_TRUE(seen_.preempted);
  EXPECT_EQ(seen_.setup_left_s, 2.5);
  EXPECT_EQ(seen_.progress_s, 10);
  EXPECT_EQ(seen_.checkpoint_s, 5.5);
  EXPECT_EQ(seen_.checkpoint_region, 1);
  ASSERT_TRUE(seen_.last_attempt);
  EXPECT_EQ(seen_.last_attempt->what, (policy::Holding{0, Purchase::spot}));
  EXPECT_FALSE(seen_.last_attempt->ok);
  EXPECT_EQ(seen_.capacity, (std::vector<Seen>{Seen::down, Seen::up}));
  EXPECT_EQ(seen_.spot_per_h, (std::vector<double>{0.5, 0.75}));
  answer(tick(4, R"("held":null,"last_attempt":null,"checkpoint_region":null,)", ""));
  EXPECT_FALSE(seen_.held);
  EXPECT_FALSE(seen_.preempted);
  EXPECT_FALSE(seen_.last_attempt);
  EXPECT_FALSE(seen_.checkpoint_region);
  EXPECT_EQ(seen_.capacity, (std::vector<Seen>{Seen::unknown, Seen::unknown}));
}

TEST_F(ProtocolTest, AScenarioResetsEverything) {
  answer(scenario);
  answer(tick(5));
  EXPECT_EQ(answer(tick(5)), "error: tick 5 does not follow 5 before the deadline");
  EXPECT_EQ(answer(scenario), "");
  EXPECT_EQ(answer(tick(0)), R"({"action":"hold"})");
}

TEST_F(ProtocolTest, AnAnswerThatCannotBeGivenIsReplaced) {
  answer(scenario);
  next_ = policy::launch(0, Purchase::spot);  // shown to be down
  EXPECT_EQ(answer(tick(0)), R"({"action":"launch","zone":"z1","purchase":"on_demand"})");
  next_ = policy::launch(99, Purchase::spot);
  EXPECT_EQ(answer(tick(1)), R"({"action":"launch","zone":"z1","purchase":"on_demand"})");
}

TEST_F(ProtocolTest, SaysWhatIsWrongWithALine) {
  EXPECT_EQ(answer(tick(0)), "error: a tick before any scenario");
  EXPECT_NE(answer("{").find("error: "), std::string::npos);
  EXPECT_EQ(answer("[]"), "error: the message is not a JSON object");
  EXPECT_EQ(answer(R"({"type":"tock"})"), "error: type is 'tock', not scenario, tick or end");
  EXPECT_EQ(answer(R"({"type":"scenario","id":"s"})"), "error: tick_s is missing");
  EXPECT_EQ(answer(scenario), "");
  EXPECT_EQ(answer(tick(0, "", R"("z9":true)")), "error: the scenario has no zone 'z9'");
  EXPECT_EQ(answer(tick(1, "", R"("z1":1)")), "error: available.z1 is not true or false");
  EXPECT_EQ(answer(tick(2, R"("held":{"zone":"z1","purchase":"rent"},)")),
            "error: held.purchase is not spot or on_demand");
  EXPECT_EQ(answer(tick(3, R"("checkpoint_region":"x",)")),
            "error: checkpoint_region is 'x', where no zone is");
  EXPECT_EQ(answer(tick(9)), "error: tick 9 does not follow 3 before the deadline");
  EXPECT_EQ(answer(R"({"type":"tick","tick":5})"), "error: progress_s is missing");
}

TEST(Protocol, EveryPlayerAnswersEveryTick) {
  for (const std::string_view name : policy::player_names()) {
    PolicySession session([&](const policy::Problem& problem) { return policy::make_player(name, problem); });
    ASSERT_TRUE(session.answer(scenario).ok());
    for (int k = 0; k < 9; ++k) {
      const Result<std::string_view> answer = session.answer(tick(k));
      ASSERT_TRUE(answer.ok()) << name << ": " << answer.error().message;
      EXPECT_TRUE(answer->starts_with(R"({"action":")")) << name;
    }
  }
}

}  // namespace
}  // namespace tradewind::backtest
