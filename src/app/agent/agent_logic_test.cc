#include "app/agent/agent_logic.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace tradewind::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct TaskName {
  std::string operator()(const ReadSpec&) const { return "read_spec"; }
  std::string operator()(const Prefetch&) const { return "prefetch"; }
  std::string operator()(const Claim&) const { return "claim"; }
  std::string operator()(const BringData&) const { return "bring"; }
  std::string operator()(const Restore&) const { return "restore"; }
  std::string operator()(const CheckFence&) const { return "check_fence"; }
  std::string operator()(const Capture& task) const {
    std::string text = "capture";
    text += task.announced ? ":" + std::to_string(static_cast<int>(*task.announced)) : std::string(":?");
    if (task.life != Life::alive) text += task.life == Life::ended ? ":ended" : ":killed";
    return task.insist ? text + ":insist" : text;
  }
  std::string operator()(const Prune&) const { return "prune"; }
  std::string operator()(const KeepOutputs&) const { return "outputs"; }
  std::string operator()(const Finish& task) const {
    return "finish:" + std::string(to_text(task.outcome)) + ":" + std::to_string(task.exit_code);
  }
};
struct ActionName {
  std::string operator()(const RunTask& action) const { return std::visit(TaskName{}, action.task); }
  std::string operator()(const StartStage& action) const {
    return action.stage == Stage::setup ? "start_setup" : "start_program";
  }
  std::string operator()(const SendSave&) const { return "signal"; }
  std::string operator()(const LiftBandwidth&) const { return "lift"; }
  std::string operator()(const Terminate&) const { return "terminate"; }
  std::string operator()(const Kill&) const { return "kill"; }
  std::string operator()(const StopTasks&) const { return "stop_tasks"; }
  std::string operator()(const Leave&) const { return "leave"; }
};

// One agent under test: events in, the names of its actions out.
class Agent {
 public:
  explicit Agent(LogicOptions options = {}) : logic_(std::move(options)) {}

  std::string begin() { return names(logic_.begin(now_)); }
  std::string tell(const Event& event) { return names(logic_.handle(event, now_)); }
  std::string after(Duration span) {
    now_.wall += span;
    now_.steady += span;
    std::string done = tell(Tick{});
    const std::optional<Duration> wake = logic_.wake_at();
    EXPECT_TRUE(!wake || *wake > now_.steady) << "the edge would spin";
    return done;
  }
  // Lets time pass as the edge does: waking when the logic wants it.
  std::string pass(Duration span) {
    std::vector<std::string> all;
    const Duration end = now_.steady + span;
    while (now_.steady < end) {
      const Duration wake = logic_.wake_at().value_or(end);
      const Duration step = std::max(std::min(wake, end) - now_.steady, Duration(1));
      const std::string done = after(step);
      if (!done.empty()) all.push_back(done);
    }
    return join(all, " ");
  }
  std::string order(std::uint64_t number, OrderKind kind, bool discard = false) {
    return tell(OrderSeen{Order{number, kind, now_.wall, "as told", std::nullopt, discard}});
  }
  std::string notice(Duration lead) {
    return tell(NoticeSeen{PreemptionNotice{now_.wall, now_.wall + lead, "spot"}});
  }
  // Up to the running program.
  void run(const JobSpec& spec, std::optional<double> saved = std::nullopt) {
    begin();
    tell(SpecRead{spec});
    tell(Claimed{1, saved});
    if (saved && !spec.checkpoint.path.empty()) tell(Restored{*saved, "d", 0, 0, ""});
    if (!spec.setup.empty()) tell(StageEnded{Stage::setup, 0, false});
    ASSERT_EQ(phase(), "running");
  }
  std::string phase() const { return std::string(to_text(logic_.status().phase)); }
  const AgentStatus& status() const { return logic_.status(); }
  const AgentLogic& logic() const { return logic_; }
  Time wall() const { return now_.wall; }
  const std::map<std::string, double>& captured_metrics() const { return captured_metrics_; }

 private:
  std::string names(const std::vector<Action>& actions) {
    std::vector<std::string> texts;
    texts.reserve(actions.size());
    for (const Action& action : actions) {
      texts.push_back(std::visit(ActionName{}, action));
      const auto* task = std::get_if<RunTask>(&action);
      const auto* capture = task == nullptr ? nullptr : std::get_if<Capture>(&task->task);
      if (capture != nullptr) captured_metrics_ = capture->metrics;
    }
    return join(texts, " ");
  }
  AgentLogic logic_;
  std::map<std::string, double> captured_metrics_;
  Moment now_{Time(std::chrono::hours(500000)), seconds(1000)};
};

JobSpec spec_with(std::string signal) {
  JobSpec spec;
  spec.run = "train";
  spec.checkpoint.path = "state";
  spec.checkpoint.signal = std::move(signal);
  spec.checkpoint.interval = minutes(5);
  return spec;
}

LogicOptions standing_by() {
  LogicOptions options;
  options.standby = true;
  return options;
}

LogicOptions limited_to(Duration span) {
  LogicOptions options;
  options.hard_limit = Agent().wall() + span;
  return options;
}

TaskFailed failed(Task task, Code code) {
  return {std::move(task), Error{code, "it did not work"}};
}

Captured committed(double step, std::string digest = "d") {
  return {true, step, std::move(digest), 1, seconds(1)};
}

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

TEST(AgentLogic, ASaveOrderIsDoneWhenTheAnsweredCheckpointIsInTheLedger) {
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

TEST(AgentLogic, ASaveOrderWaitsForACaptureThatBeginsAfterTheAnswer) {
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

TEST(AgentLogic, AProgramWithoutSignalAndAnnouncementsIsCapturedAsItLies) {
  Agent agent;
  agent.run(spec_with(""));
  agent.tell(Progressed{5, 0, {}});
  EXPECT_EQ(agent.order(1, OrderKind::save), "capture:?");
  agent.tell(committed(5));
  EXPECT_EQ(agent.status().orders_done, 1U);
}

TEST(AgentLogic, ASaveOrderThatTheProgramDoesNotAnswerSaysSo) {
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

TEST(AgentLogic, ASignalThatNobodyHandlesYetIsNotWaitedFor) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"), 50);
  agent.order(1, OrderKind::save);
  EXPECT_EQ(agent.tell(SaveSent{0}), "capture:?") << "what lies there, if it is anything new";
  agent.tell(Captured{});
  EXPECT_EQ(agent.status().orders_done, 1U);
}

TEST(AgentLogic, TheCadenceAsksTheProgramByItsSignal) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  EXPECT_EQ(agent.after(minutes(4)), "check_fence");
  EXPECT_EQ(agent.after(minutes(1)), "signal");
  EXPECT_EQ(agent.tell(SaveAnnounced{3}), "capture:3");
  agent.tell(committed(3));
  EXPECT_EQ(agent.after(minutes(4)), "");
  EXPECT_EQ(agent.after(minutes(1)), "signal") << "counted from the last checkpoint";
}

TEST(AgentLogic, AStopOrderSavesWhileTheProgramRunsThenEndsItAndSavesTheRest) {
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

TEST(AgentLogic, AStopOrderWithoutASignalBeginsWithSigterm) {
  Agent agent;
  agent.run(spec_with(""));
  EXPECT_EQ(agent.order(1, OrderKind::stop), "terminate");
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 143, false}), "capture:?:ended");
}

TEST(AgentLogic, AProgramThatIgnoresSigtermIsKilledAfterTheGrace) {
  Agent agent;
  agent.run(spec_with(""));
  agent.order(1, OrderKind::stop);
  EXPECT_EQ(agent.after(milliseconds(9900)), "");
  EXPECT_EQ(agent.after(milliseconds(100)), "check_fence kill");
  EXPECT_EQ(agent.after(seconds(1)), "kill") << "what it forked in the meantime";
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 137, true}), "capture:?:killed");
}

TEST(AgentLogic, AProgramThatEndsWellBeforeItIsToldToHasFinished) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  agent.order(1, OrderKind::stop);
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 0, false}), "capture:?:ended");
  EXPECT_EQ(agent.tell(Captured{}), "outputs");
}

TEST(AgentLogic, ACancelledProgramIsEndedWithoutASave) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  EXPECT_EQ(agent.order(1, OrderKind::stop, true), "terminate");
  EXPECT_EQ(agent.tell(StageEnded{Stage::program, 0, false}), "stop_tasks leave");
  EXPECT_EQ(agent.phase(), "stopped");
}

TEST(AgentLogic, ANoticeIsAnsweredWithinItsDeadline) {
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

TEST(AgentLogic, ANoticeToAProgramThatDoesNotAnswerLeavesTimeToCapture) {
  Agent agent;
  agent.run(spec_with("SIGUSR1"));
  agent.notice(seconds(5));
  agent.tell(SaveSent{1});
  EXPECT_EQ(agent.after(milliseconds(4400)), "");
  EXPECT_EQ(agent.after(milliseconds(150)), "kill capture:?") << "no time is left for SIGTERM";
  agent.tell(StageEnded{Stage::program, 137, true});
  EXPECT_EQ(agent.tell(committed(4)), "capture:?:killed");
}

TEST(AgentLogic, ANoticeDuringSetupEndsTheLeaseAtOnce) {
  Agent agent;
  JobSpec spec = spec_with("");
  spec.setup = "install";
  agent.begin();
  agent.tell(SpecRead{spec});
  agent.tell(Claimed{1, std::nullopt});
  EXPECT_EQ(agent.notice(seconds(30)), "kill stop_tasks leave");
  EXPECT_EQ(agent.phase(), "stopped");
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
  agent.begin();
  agent.tell(SpecRead{spec});
  agent.tell(Claimed{1, std::nullopt});
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
