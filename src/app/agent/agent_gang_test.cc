// What AgentLogic makes of the ends of several nodes.
#include <gtest/gtest.h>

#include "app/agent/agent_logic.h"

namespace tradewind::agent {
namespace {

class AgentGang : public testing::Test {
 protected:
  std::vector<Action> tell(const Event& event) { return logic_.handle(event, now_); }
  void begin(const std::string& setup = "") {
    JobSpec spec;
    spec.run = "train";
    spec.setup = setup;
    spec.num_nodes = 2;
    spec.checkpoint.path = "state";
    spec.resources.max_restarts_on_errors = 1;
    logic_.begin(now_);
    tell(SpecRead{spec});
    tell(Claimed{1, std::nullopt});
  }
  // The one that is asked for, of those tasks.
  template <class T>
  static const T* task_of(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
      const auto* run = std::get_if<RunTask>(&action);
      if (run != nullptr && std::holds_alternative<T>(run->task)) return &std::get<T>(run->task);
    }
    return nullptr;
  }
  // The program's end, and the capture of what it left.
  std::vector<Action> end(const StageEnded& ended) {
    const std::vector<Action> actions = tell(ended);
    EXPECT_NE(task_of<Capture>(actions), nullptr);
    return tell(Captured{});
  }
  static StageEnded failed(int code) { return {Stage::program, code, true, 1}; }
  static StageEnded lost() { return {Stage::program, 137, true, -1, "rank 1 of 2 ended without a word"}; }

  AgentLogic logic_{LogicOptions{}};
  Moment now_{Time(std::chrono::hours(500000)), std::chrono::seconds(1000)};
};

TEST_F(AgentGang, TheRankThatFailedIsNamed) {
  begin();
  end(failed(7));  // starts again in place
  EXPECT_EQ(logic_.status().message, "rank 1 of the program ended with exit code 7; restart 1 of 1");
  const std::vector<Action> last = end(failed(137));
  ASSERT_NE(task_of<KeepOutputs>(last), nullptr);
  const std::vector<Action> over = tell(OutputsKept{});
  const Finish* finish = task_of<Finish>(over);
  ASSERT_NE(finish, nullptr);
  EXPECT_EQ(finish->outcome, Outcome::failed);
  EXPECT_EQ(finish->exit_code, 137);
  EXPECT_EQ(finish->message, "rank 1 of the program was killed by signal 9, perhaps for want of memory");
}

TEST_F(AgentGang, WhatARanksFailureInterruptedIsNoStateOfItsOwn) {
  begin();
  tell(SaveAnnounced{10});
  tell(Captured{true, 10, "d", 1, std::chrono::seconds(1)});
  const std::vector<Action> actions = tell(failed(7));
  const Capture* capture = task_of<Capture>(actions);
  ASSERT_NE(capture, nullptr);
  EXPECT_EQ(capture->life, Life::killed);
  EXPECT_EQ(capture->announced, 10);
}

TEST_F(AgentGang, ARankThatIsLostIsNoFailureOfTheProgram) {
  begin();
  const std::vector<Action> actions = end(lost());
  EXPECT_EQ(task_of<Finish>(actions), nullptr);
  EXPECT_EQ(task_of<KeepOutputs>(actions), nullptr);
  EXPECT_EQ(logic_.status().phase, AgentPhase::broken);
  EXPECT_EQ(logic_.status().message, "rank 1 of 2 ended without a word");
  EXPECT_EQ(logic_.exit_status(), 1);
}

TEST_F(AgentGang, OneThatIsLostWhileTheJobIsStoppedStopsIt) {
  begin();
  tell(OrderSeen{Order{1, OrderKind::stop, now_.wall, "cancelled", std::nullopt, true}});
  tell(lost());
  EXPECT_EQ(logic_.status().phase, AgentPhase::stopped);
}

TEST_F(AgentGang, ALossDuringSetupIsNoFailureOfSetup) {
  begin("install");
  StageEnded ended = lost();
  ended.stage = Stage::setup;
  EXPECT_EQ(task_of<Finish>(tell(ended)), nullptr);
  EXPECT_EQ(logic_.status().phase, AgentPhase::broken);
}

}  // namespace
}  // namespace tradewind::agent
