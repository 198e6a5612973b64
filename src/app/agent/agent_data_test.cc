// What AgentLogic does about a job's data.
#include <algorithm>
#include <gtest/gtest.h>

#include "app/agent/agent_logic.h"

namespace tradewind::agent {
namespace {

class AgentData : public testing::Test {
 protected:
  // Whether this task alone is asked for.
  template <class T>
  bool asks_for(const std::vector<Action>& actions) {
    return actions.size() == 1 && std::holds_alternative<RunTask>(actions.front()) &&
           std::holds_alternative<T>(std::get<RunTask>(actions.front()).task);
  }
  std::vector<Action> tell(const Event& event) { return logic_.handle(event, now_); }
  std::vector<Action> claimed(std::optional<double> saved) {
    JobSpec spec;
    spec.run = "train";
    spec.checkpoint.path = "state";
    spec.inputs["corpus"] = {"s3://corpus"};
    logic_.begin(now_);
    EXPECT_TRUE(asks_for<Claim>(tell(SpecRead{spec})));
    return tell(Claimed{2, saved});
  }

  AgentLogic logic_{LogicOptions{}};
  Moment now_{Time(std::chrono::hours(500000)), std::chrono::seconds(1000)};
};

TEST_F(AgentData, IsBroughtAfterTheClaimAndBeforeTheState) {
  EXPECT_TRUE(asks_for<BringData>(claimed(7.0)));
  EXPECT_EQ(logic_.status().phase, AgentPhase::restoring);
  EXPECT_TRUE(asks_for<Restore>(tell(DataBrought{100, 50, {}})));
  EXPECT_EQ(logic_.status().bytes_moved, 100u);
  EXPECT_EQ(logic_.status().bytes_reused, 50u);
}

TEST_F(AgentData, WhatWasPrefetchedWasMovedAndNotReused) {
  JobSpec spec;
  spec.run = "train";
  spec.inputs["corpus"] = {"s3://corpus"};
  LogicOptions options;
  options.standby = true;
  logic_ = AgentLogic(options);
  logic_.begin(now_);
  EXPECT_TRUE(asks_for<Prefetch>(tell(SpecRead{spec})));
  tell(Prefetched{0, 100});
  tell(OrderSeen{Order{1, OrderKind::start, now_.wall}});
  EXPECT_TRUE(asks_for<BringData>(tell(Claimed{1, std::nullopt})));
  tell(DataBrought{0, 150, {}});
  EXPECT_EQ(logic_.status().bytes_moved, 100u);
  EXPECT_EQ(logic_.status().bytes_reused, 50u);
}

TEST_F(AgentData, IsTriedAgainWhereTheFaultMayPass) {
  claimed(std::nullopt);
  EXPECT_TRUE(tell(TaskFailed{BringData{}, Error{Code::unavailable, "busy"}}).empty());
  EXPECT_EQ(logic_.status().message, "busy");
  now_.steady += std::chrono::minutes(2);
  const std::vector<Action> actions = tell(Tick{});
  EXPECT_TRUE(std::any_of(actions.begin(), actions.end(), [](const Action& action) {
    const auto* run = std::get_if<RunTask>(&action);
    return run != nullptr && std::holds_alternative<BringData>(run->task);
  }));
}

TEST_F(AgentData, ThatCannotBeBroughtFailsTheJob) {
  claimed(std::nullopt);
  const std::vector<Action> actions =
      tell(TaskFailed{BringData{}, Error{Code::not_found, "there is nothing at s3://corpus"}});
  ASSERT_TRUE(asks_for<Finish>(actions));
  const Finish finish = std::get<Finish>(std::get<RunTask>(actions.front()).task);
  EXPECT_EQ(finish.outcome, Outcome::failed);
  EXPECT_EQ(finish.exit_code, 2);
  EXPECT_NE(finish.message.find("nothing at s3://corpus"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::agent
