#include <algorithm>
#include <gtest/gtest.h>

#include "core/policy/player_registry.h"
#include "core/scheduler/decide.h"
#include "core/scheduler/testing/scheduler_fixture.h"

namespace tradewind::scheduler {
namespace {

TEST(Policies, TaskFilesKnowThoseThatThereAre) {
  const std::vector<std::string_view> players = policy::player_names();
  EXPECT_TRUE(std::ranges::equal(policy_names, players));
}

TEST_F(Scheduler, ASubmittedJobIsLaunchedOnTheCheapestOffer) {
  const Decisions decisions = submit("j-1");
  const auto launches = actions_of<Launch>(decisions);
  ASSERT_EQ(launches.size(), 1U);
  EXPECT_EQ(to_text(launches[0].offer.location), "local/a");
  EXPECT_EQ(state_.jobs.at(JobId("j-1")).state, JobState::starting);
  ASSERT_EQ(decisions.answers.size(), 1U);
  EXPECT_EQ(*decisions.answers[0].value, "j-1");
}

TEST_F(Scheduler, AJobThatFitsNowhereIsRefusedAndNotStored) {
  JobSpec spec = job_named("j-1").spec;
  spec.resources.accelerators = {{"H100", 8}};
  const Decisions decisions = step({SubmitCommand{1, JobId("j-1"), spec, "home"}});
  EXPECT_TRUE(decisions.events.empty());
  ASSERT_EQ(decisions.answers.size(), 1U);
  EXPECT_EQ(decisions.answers[0].value.error().code, Code::invalid_argument);
}

TEST_F(Scheduler, AJobGoesWhereItsStoresCanBeReachedOrIsRefusedWithTheReason) {
  SurveyRules rules;
  rules.out_of_reach = [](const JobRecord& job, const Location& location) {
    const bool near = job.home == "folder" || (job.home == "home" && location.region == "a");
    return near ? "no folder is seen in " + to_text(location) : std::string();
  };
  survey_ = make_survey(rules);
  const auto launches = actions_of<Launch>(submit("j-1"));
  ASSERT_EQ(launches.size(), 1U);
  EXPECT_EQ(to_text(launches[0].offer.location), "local/b");
  const Decisions refused = step({SubmitCommand{2, JobId("j-2"), job_named("j-2").spec, "folder"}});
  EXPECT_TRUE(refused.events.empty());
  ASSERT_EQ(refused.answers.size(), 1U);
  EXPECT_EQ(refused.answers[0].value.error().code, Code::invalid_argument);
  EXPECT_EQ(refused.answers[0].value.error().message,
            "this job cannot be placed: no folder is seen in local/a; no folder is seen in local/b");
}

TEST_F(Scheduler, ARefusedLaunchGoesOnToTheNextOfferAndWaitsWhereNoneIsLeft) {
  submit("j-1");
  const Error full{Code::insufficient_capacity, "none left"};
  const Decisions second = step({LaunchReply{only_lease().id, {}, {}, full}});
  ASSERT_EQ(actions_of<Launch>(second).size(), 1U);
  const Launch launch = actions_of<Launch>(second)[0];
  EXPECT_EQ(to_text(launch.offer.location), "local/b");
  const Decisions third = step({LaunchReply{launch.lease, {}, {}, full}});
  EXPECT_TRUE(actions_of<Launch>(third).empty());
  EXPECT_EQ(state_.jobs.at(JobId("j-1")).state, JobState::queued);
  EXPECT_LT(third.wake_at, now_ + Duration(60'000));
}

TEST_F(Scheduler, ManyRefusalsAtOnceAreOneRefusal) {
  const Error full{Code::insufficient_capacity, "none left"};
  std::vector<Observation> refusals;
  std::string key;
  for (const char* id : {"j-1", "j-2", "j-3", "j-4"}) {
    const Launch launch = actions_of<Launch>(submit(id)).at(0);
    key = offer_key(launch.offer);
    refusals.emplace_back(LaunchReply{launch.lease, {}, {}, full});
  }
  step(refusals);
  EXPECT_EQ(working_.health.at(key).refusals, 1);
  EXPECT_EQ(working_.health.at(key).blocked_until, now_ + working_.tempo.retry_capacity);
}

TEST_F(Scheduler, ALostReplyIsLookedForAndAdoptedByItsToken) {
  submit("j-1");
  const LeaseId lease = only_lease().id;
  const Decisions lost = step({LaunchReply{lease, {}, {}, Error{Code::unavailable, "no answer"}}});
  EXPECT_TRUE(actions_of<Launch>(lost).empty());
  Instance instance;
  instance.ref = {only_lease().offer.location, InstanceId("i-1")};
  instance.owner = state_.owner;
  instance.token = lease.text();
  instance.state = InstanceState::running;
  instance.launched_at = now_;
  const Decisions found = step({Listing{"local", now_, {instance}, std::nullopt}});
  EXPECT_TRUE(actions_of<Launch>(found).empty());
  EXPECT_EQ(only_lease().state, LeaseState::launched);
  EXPECT_EQ(only_lease().instance->id, InstanceId("i-1"));
}

TEST_F(Scheduler, WhatAnInstanceWaitsForIsToldAsLongAsItWaits) {
  submit("j-1");
  launch_newest();
  Instance instance;
  instance.ref = *only_lease().instance;
  instance.owner = state_.owner;
  instance.token = only_lease().id.text();
  instance.launched_at = now_;
  instance.reason = "Unschedulable: 0/1 nodes are available";
  EXPECT_TRUE(step({Listing{"local", now_, {instance}, std::nullopt}}).events.empty()) << "told, not stored";
  EXPECT_EQ(only_lease().reason, instance.reason);
  step({Listing{"local", now_, {}, Error{Code::unavailable, "no answer"}}});
  EXPECT_EQ(only_lease().reason, instance.reason);
  instance.state = InstanceState::running;
  step({Listing{"local", now_, {instance}, std::nullopt}});
  EXPECT_EQ(only_lease().reason, "");
}

// While its supplier's API is away for an hour, a job that reports goes on, one whose launch was not answered
// is not launched again, and the word is the supplier's.
TEST_F(Scheduler, AnHourWithoutTheSuppliersApiEndsNothingAndRepeatsNothing) {
  submit("j-1");
  launch_newest();
  AgentStatus status;
  status.lease = only_lease().id;
  status.job = JobId("j-1");
  status.phase = AgentPhase::running;
  status.epoch = 1;
  Instance instance;
  instance.ref = *only_lease().instance;
  instance.owner = state_.owner;
  instance.token = only_lease().id.text();
  instance.state = InstanceState::running;
  instance.launched_at = now_;
  const LeaseId first = only_lease().id;
  const Error away{Code::unavailable, "the API server does not answer", "is it up?"};
  const Decisions second = submit("j-2");
  ASSERT_EQ(actions_of<Launch>(second).size(), 1U);
  const Launch asked = actions_of<Launch>(second)[0];
  std::size_t launches = actions_of<Launch>(step({LaunchReply{asked.lease, {}, {}, away}})).size();
  std::size_t terminations = 0;
  EXPECT_EQ(state_.leases.at(asked.lease).reason, describe(away));
  for (int i = 0; i < 720; ++i) {
    now_ += Duration(5000);
    ++status.sequence;
    status.agent_time = now_;
    const Decisions decisions = step(
        {Listing{"local", now_, {}, away}, MailboxReading{JobId("j-1"), now_, std::nullopt, {}, {status}}});
    launches += actions_of<Launch>(decisions).size();
    terminations += actions_of<Terminate>(decisions).size();
  }
  EXPECT_EQ(launches + terminations, 0U);
  EXPECT_EQ(state_.leases.at(first).state, LeaseState::active);
  EXPECT_FALSE(state_.leases.at(first).unseen_since.has_value());
  EXPECT_EQ(state_.leases.at(asked.lease).state, LeaseState::intended);
  Instance other = instance;
  other.ref = {asked.offer.location, InstanceId("i-2")};
  other.token = asked.lease.text();
  step({Listing{"local", now_, {instance, other}, std::nullopt}});
  EXPECT_EQ(state_.leases.at(first).state, LeaseState::active);
  EXPECT_EQ(state_.leases.at(asked.lease).state, LeaseState::launched);
  EXPECT_EQ(state_.leases.at(asked.lease).reason, "");
}

// A host whose disk is full answers its lists, and no launch.
TEST_F(Scheduler, AfterALaunchWithoutAnAnswerAnotherOfferIsTriedFirst) {
  submit("j-1");
  step({LaunchReply{only_lease().id, {}, {}, Error{Code::unavailable, "no space left on device"}}});
  const Decisions none = step({Listing{"local", now_, {}, std::nullopt}});
  ASSERT_EQ(actions_of<Launch>(none).size(), 1U);
  EXPECT_EQ(to_text(actions_of<Launch>(none)[0].offer.location), "local/b");
}

TEST_F(Scheduler, SilenceWithoutEvidenceOnlyMakesALeaseUnseen) {
  submit("j-1");
  step({LaunchReply{only_lease().id, {only_lease().offer.location, InstanceId("i-1")}, now_, std::nullopt}});
  AgentStatus status;
  status.lease = only_lease().id;
  status.job = JobId("j-1");
  status.sequence = 1;
  status.agent_time = now_;
  status.phase = AgentPhase::running;
  status.epoch = 1;
  step({MailboxReading{JobId("j-1"), now_, std::nullopt, {}, {status}}});
  EXPECT_EQ(only_lease().state, LeaseState::active);
  now_ += Duration(600'000);
  const Decisions decisions =
      step({MailboxReading{JobId("j-1"), now_, Error{Code::unavailable, "no answer"}, {}, {}}});
  EXPECT_TRUE(actions_of<Terminate>(decisions).empty());
  EXPECT_TRUE(actions_of<Launch>(decisions).empty());
  EXPECT_TRUE(only_lease().unseen_since.has_value());
}

// Its agent may have had no way to report since the list before.
TEST_F(Scheduler, SilenceCountsAnewAfterAListThatFailedWhereReportsComeByTheSameConnection) {
  working_.suppliers["local"].carries_reports = true;
  submit("j-1");
  launch_newest();
  const AgentStatus status = running_status();
  const auto look_after_5_s = [&](bool answered) {
    now_ += Duration(4000);
    Listing listing{"local", now_, {running(only_lease(), *only_lease().launched_at)}, std::nullopt};
    if (!answered) listing.error = Error{Code::unavailable, "the connection broke"};
    step({listing, MailboxReading{JobId("j-1"), now_, std::nullopt, {}, {status}}});
  };
  for (int i = 0; i < 11; ++i) look_after_5_s(i != 5);  // 55 s, and the lease term is 30
  EXPECT_EQ(only_lease().end, LeaseEnd::none);
  EXPECT_TRUE(only_lease().unseen_since.has_value());
  for (int i = 0; i < 4; ++i) look_after_5_s(true);
  EXPECT_EQ(state_.leases.begin()->second.end, LeaseEnd::lost);
}

TEST_F(Scheduler, AJobIsNotPlacedAgainBeforeItsMailboxWasReadOnceMore) {
  submit("j-1");
  launch_newest();
  const Time before_the_end = now_ - Duration(1);
  EXPECT_TRUE(actions_of<Launch>(end_newest(false)).empty());
  // A reading that was under way when the lease ended may have missed the finish.
  const Decisions stale = step({MailboxReading{JobId("j-1"), before_the_end, std::nullopt, {}, {}}});
  EXPECT_TRUE(actions_of<Launch>(stale).empty());
  ASSERT_EQ(actions_of<ReadMailbox>(stale).size(), 1U);
  EXPECT_EQ(actions_of<ReadMailbox>(stale)[0].leases, std::vector<LeaseId>{only_lease().id});
  EXPECT_TRUE(actions_of<Launch>(read(finished_ledger())).empty());
  EXPECT_EQ(state_.jobs.at(JobId("j-1")).state, JobState::succeeded);
}

TEST_F(Scheduler, TheLastLookIsRepeatedUntilTheMailboxAnswers) {
  working_.tempo.mailbox_poll = Duration(10'000);
  submit("j-1");
  launch_newest();
  end_newest(false);
  const Decisions failed =
      step({MailboxReading{JobId("j-1"), now_, Error{Code::unavailable, "no answer"}, {}, {}}});
  EXPECT_TRUE(actions_of<Launch>(failed).empty());
  EXPECT_TRUE(actions_of<ReadMailbox>(failed).empty());
  ASSERT_LE(failed.wake_at, now_ + working_.tempo.mailbox_poll);
  now_ = failed.wake_at;
  EXPECT_EQ(actions_of<ReadMailbox>(step({})).size(), 1U);
  EXPECT_EQ(actions_of<Launch>(read()).size(), 1U);
}

TEST_F(Scheduler, ASupplierWhoseClockRunsAheadDoesNotHoldUpTheJob) {
  submit("j-1");
  launch_newest();
  end_newest(true, Duration(3'600'000));
  EXPECT_EQ(actions_of<Launch>(read()).size(), 1U);
}

TEST_F(Scheduler, PreemptionsInBetweenDoNotForgiveAJobThatBreaksEverywhere) {
  working_.tempo.stillborn_max = 3;
  submit("j-1");
  for (int i = 0; i < 2; ++i) {
    for (const bool preempted : {false, true}) {
      launch_newest();
      end_newest(preempted);
      EXPECT_EQ(actions_of<Launch>(read()).size(), 1U) << i;
    }
  }
  launch_newest();
  end_newest(false);
  EXPECT_TRUE(actions_of<Launch>(read()).empty());
  const JobRecord& job = state_.jobs.at(JobId("j-1"));
  EXPECT_EQ(job.state, JobState::failed);
  EXPECT_NE(job.reason.find("its disk cannot be written"), std::string::npos) << job.reason;
}

TEST_F(Scheduler, TheLastWordsOfAMachineThatWentFirstCompleteItsAccount) {
  submit("j-1");
  launch_newest();
  end_newest(false);
  AgentStatus status;
  status.lease = newest_lease().id;
  status.job = JobId("j-1");
  status.sequence = 7;
  status.phase = AgentPhase::stopped;
  status.epoch = 1;
  status.step = status.saved_step = 20;
  status.saved_digest = "d";
  status.notice = PreemptionNotice{now_, now_ + Duration(8000), "needed elsewhere"};
  status.message = "preempted: needed elsewhere";
  now_ += Duration(1000);
  const Decisions decided = step({MailboxReading{JobId("j-1"), now_, std::nullopt, {}, {status}}});
  const JobRecord& job = state_.jobs.at(JobId("j-1"));
  const LeaseRecord& first = state_.leases.at(job.leases.front());
  EXPECT_EQ(first.end, LeaseEnd::preempted);
  EXPECT_EQ(first.reason, "preempted: needed elsewhere");
  EXPECT_EQ(first.last_step, 20);
  EXPECT_EQ(first.status->saved_digest, "d");
  ASSERT_EQ(actions_of<Launch>(decided).size(), 1U);
  EXPECT_EQ(actions_of<Launch>(decided)[0].offer.purchase, Purchase::on_demand)
      << "the offer that is being taken back is not taken again";
}

TEST_F(Scheduler, AnAgentThatFinishedTheJobMaySayFarewell) {
  submit("j-1");
  launch_newest();
  AgentStatus status = running_status();
  const std::vector<LedgerRecord> ledger = finished_ledger();
  const auto told = [&] {
    return step({MailboxReading{JobId("j-1"), now_, std::nullopt, ledger, {status}}});
  };
  EXPECT_TRUE(actions_of<Terminate>(told()).empty());
  EXPECT_EQ(state_.jobs.at(JobId("j-1")).state, JobState::succeeded);
  status.sequence = 2;
  status.phase = AgentPhase::finished;
  EXPECT_EQ(actions_of<Terminate>(told()).size(), 1U);
  EXPECT_EQ(newest_lease().end, LeaseEnd::finished);
}

TEST_F(Scheduler, AFarewellThatDoesNotComeIsNotWaitedForLong) {
  submit("j-1");
  launch_newest();
  AgentStatus status = running_status();
  const std::vector<LedgerRecord> ledger = finished_ledger();
  const Decisions told = step({MailboxReading{JobId("j-1"), now_, std::nullopt, ledger, {status}}});
  EXPECT_LE(told.wake_at, now_ + working_.tempo.farewell_patience);
  now_ += working_.tempo.farewell_patience;
  EXPECT_EQ(actions_of<Terminate>(step({})).size(), 1U);
}

TEST_F(Scheduler, ProgressForgivesEarlierFailures) {
  working_.tempo.stillborn_max = 2;
  submit("j-1");
  for (std::uint64_t epoch = 1; epoch <= 4; ++epoch) {
    launch_newest();
    AgentStatus status;
    status.lease = newest_lease().id;
    status.job = JobId("j-1");
    status.sequence = 1;
    status.phase = AgentPhase::running;
    status.epoch = epoch;
    status.resumed_step = static_cast<double>(epoch) * 10;
    status.step = status.resumed_step + 5;
    step({MailboxReading{JobId("j-1"), now_, std::nullopt, {}, {status}}});
    end_newest(false);
    EXPECT_EQ(actions_of<Launch>(read()).size(), 1U) << epoch;
  }
}

TEST_F(Scheduler, OnlyAReadingThatAskedForALeaseIsEvidenceOfItsSilence) {
  submit("j-1");
  launch_newest();
  const LeaseRecord first = newest_lease();
  now_ += Duration(600'000);
  step({Listing{"local", now_, {running(first, *first.launched_at)}, std::nullopt}});
  EXPECT_EQ(actions_of<Launch>(read()).size(), 1U) << "silent from the start: given up";
  const LeaseRecord second = newest_lease();
  ASSERT_NE(second.id, first.id);
  step({LaunchReply{second.id, {}, {}, Error{Code::unavailable, "no answer"}}});
  // It is found to have run for long; the reading under way asked for the first one alone.
  const Time launched_at = now_;
  now_ += Duration(600'000);
  step({Listing{"local", now_, {running(second, launched_at)}, std::nullopt}});
  EXPECT_EQ(newest_lease().state, LeaseState::launched);
  const Decisions next = read();
  EXPECT_EQ(newest_lease().end, LeaseEnd::none);
  ASSERT_EQ(actions_of<ReadMailbox>(next).size(), 1U);
  EXPECT_EQ(actions_of<ReadMailbox>(next)[0].leases.back(), second.id);
  read();
  EXPECT_EQ(state_.leases.at(second.id).end, LeaseEnd::lost);
}

// It was moved on before it had saved anything of its own.
TEST_F(Scheduler, AMoveFromWhereNothingWasSavedHandsOnWhatWasRestoredThere) {
  submit("j-1");
  launch_newest();
  const LeaseId source = newest_lease().id;
  std::uint64_t sequence = 0;
  const auto report = [&](const LeaseId& lease, AgentPhase phase, std::uint64_t epoch) {
    AgentStatus status;
    status.lease = lease;
    status.job = JobId("j-1");
    status.sequence = ++sequence;
    status.phase = phase;
    status.epoch = epoch;
    if (epoch > 0) {
      status.program_started_at = now_;
      status.restored_digest = "d";
      status.resumed_step = status.saved_step = 45;
    }
    return step({MailboxReading{JobId("j-1"), now_, std::nullopt, {}, {status}}});
  };
  report(source, AgentPhase::running, 1);
  step({MoveCommand{1, MoveId("m-1"), JobId("j-1"), {"local", "b"}}});
  launch_newest();
  const LeaseId target = newest_lease().id;
  ASSERT_NE(target, source);
  report(target, AgentPhase::standby, 0);
  report(source, AgentPhase::stopped, 1);
  for (int tick = 0; tick < 10 && state_.moves.at(MoveId("m-1")).state != MoveState::resuming; ++tick) {
    for (const LeaseId& lease : {source, target}) {
      if (const auto order = state_.leases.at(lease).pending_order)
        step({OrderWritten{lease, order->number, {}}});
    }
    now_ += Duration(1'000);
    step({});
  }
  report(target, AgentPhase::running, 2);
  const MoveRecord& move = state_.moves.at(MoveId("m-1"));
  EXPECT_EQ(move.state, MoveState::done);
  EXPECT_EQ(move.step_saved, 45);
  EXPECT_EQ(move.digest_saved, "d");
  EXPECT_EQ(move.digest_restored, "d");
}

TEST_F(Scheduler, WhoseMachineGoesAfterItFinishedTheJobIsNotLost) {
  for (const bool gone_first : {false, true}) {
    const char* job = gone_first ? "j-1" : "j-2";
    submit(job);
    launch_newest();
    const LeaseRecord lease = newest_lease();
    LedgerRecord claim;
    claim.number = 1;
    claim.kind = LedgerKind::claim;
    claim.epoch = 1;
    claim.lease = lease.id;
    LedgerRecord finish = claim;
    finish.number = 2;
    finish.kind = LedgerKind::finish;
    AgentStatus status;  // that of a moment before: its last words are still to be read
    status.lease = lease.id;
    status.sequence = 1;
    status.epoch = 1;
    status.phase = AgentPhase::running;
    const MailboxReading words{JobId(job), now_, std::nullopt, {claim, finish}, {status}};
    if (!gone_first) step({words});
    end_newest(false);
    EXPECT_EQ(state_.leases.at(lease.id).state, LeaseState::ended);
    if (gone_first) step({words});
    EXPECT_EQ(state_.leases.at(lease.id).end, LeaseEnd::finished) << gone_first;
    EXPECT_EQ(state_.leases.at(lease.id).reason, "finished");
  }
}

TEST_F(Scheduler, WhoWritesIntoTheLedgerIsNotSilent) {
  submit("j-1");
  launch_newest();
  now_ += Duration(600'000);
  const LeaseRecord lease = only_lease();
  step({Listing{"local", now_, {running(lease, *lease.launched_at)}, std::nullopt}});
  LedgerRecord claim;
  claim.number = 1;
  claim.kind = LedgerKind::claim;
  claim.epoch = 1;
  claim.lease = lease.id;
  EXPECT_TRUE(actions_of<Launch>(read({claim})).empty());
  EXPECT_EQ(only_lease().end, LeaseEnd::none);
  EXPECT_EQ(only_lease().state, LeaseState::active);
}

TEST_F(Scheduler, APreemptedOfferIsLeftAloneForAWhile) {
  submit("j-1");
  launch_newest();
  EXPECT_EQ(to_text(newest_lease().offer.location), "local/a");
  end_newest(true);
  EXPECT_EQ(actions_of<Launch>(read()).size(), 1U);
  EXPECT_EQ(to_text(newest_lease().offer.location), "local/b");
  launch_newest();
  end_newest(false);
  now_ += working_.tempo.retry_capacity;
  read();
  EXPECT_EQ(to_text(newest_lease().offer.location), "local/a");
}

TEST_F(Scheduler, AnAnnouncedPreemptionBlocksItsOfferUntilItHappens) {
  working_.suppliers["local"].notice_lead = Duration(120'000);
  submit("j-1");
  launch_newest();
  const LeaseRecord lease = only_lease();
  AgentStatus status;
  status.lease = lease.id;
  status.job = JobId("j-1");
  status.sequence = 1;
  status.phase = AgentPhase::stopped;
  status.epoch = 1;
  status.notice = PreemptionNotice{now_, now_ + Duration(120'000), "needed elsewhere"};
  step({MailboxReading{JobId("j-1"), now_, std::nullopt, {}, {status}}});
  EXPECT_EQ(to_text(newest_lease().offer.location), "local/b");
  EXPECT_GT(working_.health.at(offer_key(lease.offer)).blocked_until, status.notice->deadline);
}

TEST_F(Scheduler, OnlyInstancesOfOurOwnAreSwept) {
  Instance ours;
  ours.ref = {{"local", "a", ""}, InstanceId("i-ours")};
  ours.owner = state_.owner;
  ours.token = "l-unknown";
  ours.state = InstanceState::running;
  ours.launched_at = now_ - Duration(3'600'000);
  Instance foreign = ours;
  foreign.ref.id = InstanceId("i-foreign");
  foreign.owner = OwnerId("somebody else");
  Instance untagged = ours;
  untagged.ref.id = InstanceId("i-untagged");
  untagged.owner = OwnerId();
  const auto swept =
      actions_of<Terminate>(step({Listing{"local", now_, {ours, foreign, untagged}, std::nullopt}}));
  ASSERT_EQ(swept.size(), 1U);
  EXPECT_EQ(swept[0].instance.id, InstanceId("i-ours"));
}

}  // namespace
}  // namespace tradewind::scheduler
