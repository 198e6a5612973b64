#include "app/agent/agent_logic.h"

#include <gtest/gtest.h>

#include "app/agent/testing/agent_in_hand.h"

namespace tradewind::agent {
namespace {

TEST(AgentLogic, AFreshJobIsClaimedSetUpRunCapturedAndFinished) {
  Agent agent;
  JobSpec spec = spec_with("SIGUSR1");
  spec.setup = "install";
  EXPECT_EQ(agent.begin(), "read_spec");
  EXPECT_EQ(agent.phase(), "booting");
  EXPECT_EQ(agent.tell(SpecRead{spec}), "claim");
  EXPECT_EQ(agent.tell(Claimed{1, std::nullopt}), "start_setup");
  EXPECT_EQ(agent.phase(), "setup");
  EXPECT_EQ(agent.tell(StageEnded{Stage::setup, 0, false}), "start_program");
  EXPECT_EQ(agent.tell(Progressed{10, 100, {{"loss", 2}}}), "");
  EXPECT_EQ(agent.tell(SaveAnnounced{10}), "capture:10");
  EXPECT_EQ(agent.phase(), "saving");
  EXPECT_EQ(agent.tell(committed(10, "digest")), "");
  EXPECT_EQ(agent.phase(), "running");
  EXPECT_EQ(agent.status().saved_step, 10);
  EXPECT_EQ(agent.status().saved_digest, "digest");
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 0, false}), "capture:10:ended");
  EXPECT_EQ(agent.tell(Captured{}), "outputs");
  EXPECT_EQ(agent.tell(OutputsKept{}), "finish:succeeded:0");
  EXPECT_EQ(agent.tell(FinishWritten{}), "stop_tasks leave");
  EXPECT_EQ(agent.phase(), "finished");
  EXPECT_EQ(agent.logic().exit_status(), 0);
}

TEST(AgentLogic, ACheckpointIsRestoredBeforeAnythingRuns) {
  Agent agent;
  agent.begin();
  agent.tell(SpecRead{spec_with("")});
  EXPECT_EQ(agent.tell(Claimed{4, 50.0}), "restore");
  EXPECT_EQ(agent.phase(), "restoring");
  EXPECT_EQ(agent.tell(Restored{50, "abc", 100, 20, ""}), "start_program");
  EXPECT_EQ(agent.status().resumed_step, 50);
  EXPECT_EQ(agent.status().restored_digest, "abc");
  EXPECT_EQ(agent.status().bytes_moved, 100U);
  EXPECT_EQ(agent.status().bytes_reused, 20U);
  EXPECT_EQ(agent.status().epoch, 4U);
}

TEST(AgentLogic, AStandbyPrefetchesUntilItIsStarted) {
  Agent agent(standing_by());
  agent.begin();
  EXPECT_EQ(agent.tell(SpecRead{spec_with("")}), "prefetch");
  EXPECT_EQ(agent.phase(), "booting") << "the source must run on while the bulk travels";
  EXPECT_EQ(agent.tell(Prefetched{1000}), "");
  EXPECT_EQ(agent.phase(), "standby");
  EXPECT_EQ(agent.after(seconds(1)), "prefetch");
  EXPECT_EQ(agent.order(1, OrderKind::start), "stop_tasks claim");
  EXPECT_EQ(agent.tell(Prefetched{10}), "") << "a late answer changes nothing";
  EXPECT_EQ(agent.tell(Claimed{2, 7.0}), "restore");
  agent.tell(Restored{7, "d", 5, 1210, ""});
  EXPECT_EQ(agent.status().bytes_moved, 1015U);
  EXPECT_EQ(agent.status().bytes_reused, 200U) << "what was prefetched by this lease is no reuse";
  EXPECT_EQ(agent.status().orders_done, 1U);
}

TEST(AgentLogic, AStartThatComesBeforeTheSpecWasReadCounts) {
  Agent agent(standing_by());
  agent.begin();
  agent.order(1, OrderKind::start);
  EXPECT_EQ(agent.tell(SpecRead{spec_with("")}), "claim");
}

TEST(AgentLogic, AStandbyThatNobodyStartsEndsItself) {
  Agent agent(standing_by());
  agent.begin();
  agent.tell(SpecRead{spec_with("")});
  agent.tell(Prefetched{0});
  for (int minute = 0; minute < 9; ++minute) {
    agent.after(minutes(1));
    agent.tell(Prefetched{0});
  }
  EXPECT_EQ(agent.phase(), "standby");
  agent.after(minutes(1));
  EXPECT_EQ(agent.phase(), "stopped");
}

TEST(AgentLogic, AStandbyThatIsStoppedNeverClaims) {
  Agent agent(standing_by());
  agent.begin();
  agent.tell(SpecRead{spec_with("")});
  EXPECT_EQ(agent.order(1, OrderKind::stop, true), "stop_tasks leave");
  EXPECT_EQ(agent.phase(), "stopped");
  EXPECT_EQ(agent.status().epoch, 0U);
  EXPECT_EQ(agent.status().orders_done, 1U);
}

TEST(AgentLogic, ANewerEpochEndsEverythingAtOnce) {
  Agent agent;
  agent.run(spec_with(""));
  agent.tell(SaveAnnounced{10});
  EXPECT_EQ(agent.tell(failed(Capture{}, Code::fenced)), "kill stop_tasks leave");
  EXPECT_EQ(agent.phase(), "fenced");
  EXPECT_EQ(agent.logic().exit_status(), 3);
}

TEST(AgentLogic, ACheckpointIsToldWhatTheProgramReported) {
  Agent agent;
  agent.run(spec_with(""));
  agent.tell(Progressed{8, 0, {{"loss", 2.5}, {"lr", 0.1}}});
  agent.tell(Progressed{10, 0, {{"loss", 2.25}}});
  EXPECT_EQ(agent.tell(SaveAnnounced{10}), "capture:10");
  const std::map<std::string, double> then = {{"loss", 2.25}, {"lr", 0.1}};
  agent.tell(Progressed{11, 0, {{"loss", 2.0}}});
  agent.tell(failed(Capture{}, Code::unavailable));
  EXPECT_EQ(agent.after(seconds(1)), "capture:10");
  EXPECT_EQ(agent.captured_metrics(), then) << "not those of later steps";
}

TEST(AgentLogic, TheLedgerIsReadOnAThirdOfTheLeaseTermToNoticeAFence) {
  Agent agent;
  agent.run(spec_with(""));
  EXPECT_EQ(agent.after(seconds(10)), "check_fence");
  EXPECT_EQ(agent.after(seconds(10)), "") << "one at a time";
  agent.tell(failed(CheckFence{}, Code::unavailable));
  EXPECT_EQ(agent.after(seconds(10)), "check_fence");
  EXPECT_EQ(agent.phase(), "running") << "a store that does not answer is no reason to stop";
}

TEST(AgentLogic, ACaptureThatTheStoreDoesNotTakeIsRetriedWithGrowingPauses) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  agent.tell(SaveAnnounced{10});
  agent.tell(failed(Capture{}, Code::unavailable));
  EXPECT_EQ(agent.after(milliseconds(200)), "");
  EXPECT_EQ(agent.after(milliseconds(50)), "capture:10");
  agent.tell(failed(Capture{}, Code::unavailable));
  EXPECT_EQ(agent.after(milliseconds(250)), "");
  EXPECT_EQ(agent.after(milliseconds(250)), "capture:10");
  EXPECT_EQ(agent.phase(), "saving");
  EXPECT_NE(agent.status().message.find("a checkpoint was not made: "), std::string::npos);
  agent.tell(Captured{true, 10, "d", 1, milliseconds(1)});
  EXPECT_EQ(agent.status().message, "") << "that is over";
}

TEST(AgentLogic, AFolderThatMovedOnIsLookedAtAgainAndTakenAsItIsInTheEnd) {
  Agent agent;
  agent.run(spec_with(""));
  agent.tell(SaveAnnounced{10});
  std::string last;
  for (int look = 0; look < 20; ++look) {
    EXPECT_EQ(agent.tell(failed(Capture{}, Code::conflict)), "");
    last = agent.after(milliseconds(100));
  }
  EXPECT_EQ(last, "capture:10:insist");
}

TEST(AgentLogic, AFailedProgramFailsTheJobWithItsExitCode) {
  Agent agent;
  agent.run(spec_with(""));
  agent.tell(StageEnded{Stage::program, 7, false});
  EXPECT_EQ(agent.tell(Captured{}), "outputs");
  EXPECT_EQ(agent.tell(OutputsKept{"out/a is missing"}), "finish:failed:7");
  agent.tell(FinishWritten{});
  EXPECT_EQ(agent.status().message, "the program ended with exit code 7; out/a is missing");
  EXPECT_EQ(agent.status().exit_code, 7);
}

TEST(AgentLogic, ATaskThatCannotRunFailsTheJobInsteadOfComingBackForEver) {
  Agent agent;
  agent.begin();
  EXPECT_EQ(agent.tell(SpecRead{spec_with(""), "the workdir is missing"}), "claim");
  EXPECT_EQ(agent.tell(Claimed{1, std::nullopt}), "finish:failed:2");
  agent.tell(FinishWritten{});
  EXPECT_EQ(agent.status().message, "the workdir is missing");
}

TEST(AgentLogic, AFailedSetupFailsTheJobAndNamesSetup) {
  Agent agent;
  JobSpec spec = spec_with("");
  spec.setup = "install";
  agent.claim(spec);
  EXPECT_EQ(agent.tell(StageEnded{Stage::setup, 127, false}), "finish:failed:127");
  EXPECT_EQ(agent.status().message, "setup ended with exit code 127");
}

TEST(AgentLogic, AProgramWithRetriesLeftStartsAgainFromTheLastCheckpoint) {
  Agent agent;
  JobSpec spec = spec_with("");
  spec.resources.max_restarts_on_errors = 1;
  agent.run(spec);
  const std::optional<Time> first_start = agent.status().program_started_at;
  agent.after(seconds(1));
  agent.tell(SaveAnnounced{10});
  agent.tell(committed(10));
  agent.tell(StageEnded{Stage::program, 1, false});
  EXPECT_EQ(agent.tell(Captured{}), "restore");
  EXPECT_EQ(agent.tell(Restored{10, "d", 0, 0, ""}), "start_program");
  EXPECT_EQ(agent.status().resumed_step, 0) << "the lease itself began at step 0";
  EXPECT_EQ(agent.status().program_started_at, first_start);
  agent.tell(StageEnded{Stage::program, 1, false});
  EXPECT_EQ(agent.tell(Captured{}), "outputs") << "no retry is left";
}

TEST(AgentLogic, AProgramThatNeverSavedStartsAgainWithoutARestore) {
  Agent agent;
  JobSpec spec;
  spec.run = "train";
  spec.resources.max_restarts_on_errors = 1;
  agent.run(spec);
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 1, false}), "start_program");
}

TEST(AgentLogic, TheHardLimitIsMetWithTimeToSave) {
  Agent agent(limited_to(minutes(2)));
  agent.run(spec_with("SIGUSR1"));
  agent.after(seconds(100));
  EXPECT_EQ(agent.phase(), "running");
  EXPECT_EQ(agent.after(seconds(4)), "signal");
  agent.tell(SaveAnnounced{10});
  EXPECT_EQ(agent.tell(committed(10)), "terminate");
  agent.tell(StageEnded{Stage::program, 143, false});
  agent.tell(failed(Capture{}, Code::unavailable));
  agent.pass(seconds(30));
  EXPECT_TRUE(agent.logic().over()) << "the limit holds also when the last state cannot be saved";
  EXPECT_EQ(agent.status().message,
            "the lease reached its hard limit; its last state was not saved: it did not work");
}

TEST(AgentLogic, AnExtensionMovesTheHardLimit) {
  Agent agent(limited_to(minutes(2)));
  agent.run(spec_with(""));
  agent.tell(OrderSeen{Order{1, OrderKind::extend, agent.wall(), "", agent.wall() + minutes(20), false}});
  EXPECT_EQ(agent.status().orders_done, 1U);
  agent.pass(minutes(10));
  EXPECT_NE(agent.phase(), "stopping");
  EXPECT_FALSE(agent.logic().over());
}

TEST(AgentLogic, AClockThatIsSetBackDoesNotMoveADeadline) {
  const LogicOptions options = limited_to(minutes(2));
  AgentLogic logic(options);
  logic.begin({*options.hard_limit - minutes(2), seconds(0)});
  logic.handle(Tick{}, {*options.hard_limit - std::chrono::hours(5), seconds(121)});
  EXPECT_TRUE(logic.over());
}

TEST(AgentLogic, ClaimingWaitsForTheStoreButStandsDownForAFinishedJob) {
  Agent agent;
  agent.begin();
  agent.tell(SpecRead{spec_with("")});
  EXPECT_EQ(agent.tell(failed(Claim{}, Code::unavailable)), "");
  EXPECT_EQ(agent.after(milliseconds(250)), "claim");
  EXPECT_EQ(agent.tell(failed(Claim{}, Code::fenced)), "stop_tasks leave");
  EXPECT_EQ(agent.phase(), "fenced");
}

TEST(AgentLogic, ACorruptCheckpointBreaksTheAgentRatherThanStartingFresh) {
  Agent agent;
  agent.begin();
  agent.tell(SpecRead{spec_with("")});
  agent.tell(Claimed{2, 10.0});
  EXPECT_EQ(agent.tell(failed(Restore{}, Code::corrupt)), "stop_tasks leave");
  EXPECT_EQ(agent.phase(), "broken");
  EXPECT_EQ(agent.logic().exit_status(), 1);
}

TEST(AgentLogic, AFinishIsWrittenAgainUntilTheStoreTakesIt) {
  Agent agent;
  JobSpec spec;
  spec.run = "true";
  agent.run(spec);
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 0, false}), "outputs");
  agent.tell(OutputsKept{});
  agent.tell(failed(Finish{Outcome::succeeded, 0, ""}, Code::unavailable));
  EXPECT_EQ(agent.after(seconds(1)), "finish:succeeded:0");
}

TEST(AgentLogic, OldCheckpointsArePrunedNowAndThen) {
  Agent agent;
  agent.run(spec_with(""));
  std::string done;
  for (int step = 1; step <= 4; ++step) {
    EXPECT_EQ(done, "");
    agent.tell(SaveAnnounced{static_cast<double>(step)});
    done = agent.tell(committed(step));
  }
  EXPECT_EQ(done, "prune") << "after one more than are kept";
}

TEST(AgentLogic, TheRateFollowsTheReports) {
  Agent agent;
  agent.run(spec_with(""));
  agent.tell(Progressed{0, 0, {}});
  for (int second = 1; second <= 60; ++second) {
    agent.after(seconds(1));
    agent.tell(Progressed{second * 4.0, 0, {}});
  }
  EXPECT_NEAR(agent.status().rate_per_s, 4, 1e-9);
}

}  // namespace
}  // namespace tradewind::agent
