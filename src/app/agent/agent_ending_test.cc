#include <gtest/gtest.h>

#include "app/agent/agent_logic.h"
#include "app/agent/testing/agent_in_hand.h"

namespace tradewind::agent {
namespace {

TEST(AgentEnding, ASaveOrderIsDoneWhenTheAnsweredCheckpointIsInTheLedger) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  EXPECT_EQ(agent.order(1, OrderKind::save), "signal");
  EXPECT_EQ(agent.order(1, OrderKind::save), "") << "each order is acted on once";
  EXPECT_EQ(agent.tell(SaveSent{1}), "");
  EXPECT_EQ(agent.tell(SaveAnnounced{20}), "capture:20");
  EXPECT_EQ(agent.status().orders_done, 0U);
  agent.tell(committed(20));
  EXPECT_EQ(agent.status().orders_done, 1U);
  EXPECT_EQ(agent.order(2, OrderKind::save), "signal");
  EXPECT_EQ(agent.tell(SaveAnnounced{20}), "") << "that very state is in the ledger already";
  EXPECT_EQ(agent.status().orders_done, 2U);
}

TEST(AgentEnding, AdviceThatAnInterruptionIsLikelySavesAndGoesOn) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  EXPECT_EQ(agent.tell(SaveAdvised{"AWS recommends to leave"}), "signal");
  EXPECT_EQ(agent.status().message, "AWS recommends to leave");
  agent.tell(SaveSent{1});
  EXPECT_EQ(agent.tell(SaveAnnounced{20}), "capture:20");
  agent.tell(committed(20));
  EXPECT_EQ(agent.status().phase, AgentPhase::running);
}

TEST(AgentEnding, ASaveOrderWaitsForACaptureThatBeginsAfterTheAnswer) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  agent.tell(SaveAnnounced{10});
  agent.order(1, OrderKind::save);
  agent.tell(SaveSent{1});
  EXPECT_EQ(agent.tell(SaveAnnounced{12}), "");
  EXPECT_EQ(agent.tell(committed(10)), "capture:12");
  EXPECT_EQ(agent.status().orders_done, 0U);
  EXPECT_EQ(agent.tell(SaveAnnounced{14}), "");
  EXPECT_EQ(agent.tell(committed(12)), "capture:14");
  EXPECT_EQ(agent.status().orders_done, 1U) << "a fast saver does not put the order off for ever";
}

TEST(AgentEnding, AProgramWithoutSignalAndAnnouncementsIsCapturedAsItLies) {
  Agent agent;
  agent.run(spec_with(""));
  agent.tell(Progressed{5, 0, {}});
  EXPECT_EQ(agent.order(1, OrderKind::save), "capture:?");
  agent.tell(committed(5));
  EXPECT_EQ(agent.status().orders_done, 1U);
}

TEST(AgentEnding, ASaveOrderThatTheProgramDoesNotAnswerSaysSo) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  agent.tell(SaveAnnounced{10});
  agent.tell(committed(10));
  agent.order(1, OrderKind::save);
  agent.tell(SaveSent{1});
  agent.pass(seconds(59));
  EXPECT_EQ(agent.status().orders_done, 0U);
  agent.pass(seconds(2));
  EXPECT_EQ(agent.status().orders_done, 1U);
  EXPECT_EQ(agent.status().message,
            "the ordered save was not made: the program did not announce a save in time");
}

TEST(AgentEnding, ASignalThatNobodyHandlesYetIsNotWaitedFor) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"), 50);
  agent.order(1, OrderKind::save);
  EXPECT_EQ(agent.tell(SaveSent{0}), "capture:?") << "what lies there, if it is anything new";
  agent.tell(Captured{});
  EXPECT_EQ(agent.status().orders_done, 1U);
}

TEST(AgentEnding, TheCadenceAsksTheProgramByItsSignal) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  EXPECT_EQ(agent.after(minutes(4)), "check_fence");
  EXPECT_EQ(agent.after(minutes(1)), "signal");
  EXPECT_EQ(agent.tell(SaveAnnounced{3}), "capture:3");
  agent.tell(committed(3));
  EXPECT_EQ(agent.after(minutes(4)), "");
  EXPECT_EQ(agent.after(minutes(1)), "signal") << "counted from the last checkpoint";
}

TEST(AgentEnding, AStopOrderSavesWhileTheProgramRunsThenEndsItAndSavesTheRest) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  agent.tell(Progressed{9, 100, {}});
  EXPECT_EQ(agent.order(3, OrderKind::stop), "signal");
  EXPECT_EQ(agent.phase(), "stopping");
  agent.tell(SaveSent{1});
  EXPECT_EQ(agent.tell(SaveAnnounced{10}), "capture:10");
  EXPECT_EQ(agent.tell(committed(10)), "terminate");
  agent.after(seconds(1));
  agent.tell(Progressed{12, 100, {}});
  const Time last_step = agent.wall();
  EXPECT_EQ(agent.tell(SaveAnnounced{12}), "capture:12");
  agent.after(seconds(1));
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 143, false}), "");
  EXPECT_EQ(agent.status().program_stopped_at, last_step) << "it did not advance after its last report";
  EXPECT_EQ(agent.tell(committed(12)), "capture:12:ended");
  EXPECT_EQ(agent.status().orders_done, 0U);
  EXPECT_EQ(agent.tell(Captured{}), "stop_tasks leave");
  EXPECT_EQ(agent.phase(), "stopped");
  EXPECT_EQ(agent.status().orders_done, 3U);
  EXPECT_EQ(agent.status().message, "as told");
  EXPECT_EQ(agent.status().saved_step, 12);
}

TEST(AgentEnding, AStopOrderWithoutASignalBeginsWithSigterm) {
  Agent agent;
  agent.run(spec_with(""));
  EXPECT_EQ(agent.order(1, OrderKind::stop), "terminate");
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 143, false}), "capture:?:ended");
}

TEST(AgentEnding, AProgramThatIgnoresSigtermIsKilledAfterTheGrace) {
  Agent agent;
  agent.run(spec_with(""));
  agent.order(1, OrderKind::stop);
  EXPECT_EQ(agent.after(milliseconds(9900)), "");
  EXPECT_EQ(agent.after(milliseconds(100)), "check_fence kill");
  EXPECT_EQ(agent.after(seconds(1)), "kill") << "what it forked in the meantime";
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 137, true}), "capture:?:killed");
}

TEST(AgentEnding, AProgramThatEndsWellBeforeItIsToldToHasFinished) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  agent.order(1, OrderKind::stop);
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 0, false}), "capture:?:ended");
  EXPECT_EQ(agent.tell(Captured{}), "outputs");
}

TEST(AgentEnding, ACancelledProgramIsEndedWithoutASave) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  EXPECT_EQ(agent.order(1, OrderKind::stop, true), "terminate");
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 0, false}), "stop_tasks leave");
  EXPECT_EQ(agent.phase(), "stopped");
}

TEST(AgentEnding, ANoticeIsAnsweredWithinItsDeadline) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  EXPECT_EQ(agent.notice(seconds(30)), "signal");
  EXPECT_EQ(agent.status().notice->reason, "spot");
  agent.tell(SaveSent{1});
  agent.tell(SaveAnnounced{10});
  EXPECT_EQ(agent.tell(committed(10)), "terminate");
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 143, false}), "capture:10:ended");
  EXPECT_EQ(agent.tell(Captured{}), "stop_tasks leave");
  EXPECT_EQ(agent.status().message, "preempted: spot");
}

TEST(AgentEnding, ANoticeToAProgramThatDoesNotAnswerLeavesTimeToCapture) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  agent.notice(seconds(5));
  agent.tell(SaveSent{1});
  EXPECT_EQ(agent.after(milliseconds(4400)), "");
  EXPECT_EQ(agent.after(milliseconds(150)), "kill capture:?") << "no time is left for SIGTERM";
  agent.tell(StageEnded{Stage::program, 137, true});
  EXPECT_EQ(agent.tell(committed(4)), "capture:?:killed");
}

TEST(AgentEnding, ANoticeDuringSetupEndsTheLeaseAtOnce) {
  Agent agent;
  JobSpec spec = spec_with("");
  spec.setup = "install";
  agent.claim(spec);
  EXPECT_EQ(agent.notice(seconds(30)), "kill stop_tasks leave");
  EXPECT_EQ(agent.phase(), "stopped");
}

}  // namespace
}  // namespace tradewind::agent
