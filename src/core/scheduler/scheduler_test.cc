#include <algorithm>
#include <gtest/gtest.h>

#include "core/model/decision.h"
#include "core/policy/player_registry.h"
#include "core/scheduler/decide.h"
#include "core/scheduler/survey.h"

namespace tradewind::scheduler {
namespace {

Offer offer_at(const char* zone, Purchase purchase, const char* price) {
  Offer offer;
  offer.location = {"local", zone, ""};
  offer.instance_type = "machine";
  offer.vcpus = 2;
  offer.memory_gib = 4;
  offer.purchase = purchase;
  offer.price_per_hour = *Money::parse(price);
  return offer;
}

JobRecord job_named(const char* id) {
  JobRecord job;
  job.id = JobId(id);
  job.spec.name = id;
  job.spec.run = "true";
  job.spec.duration = Duration(3'600'000);
  return job;
}

class Scheduler : public ::testing::Test {
 protected:
  Scheduler() {
    state_.owner = OwnerId("owner");
    working_.suppliers["local"] = {Duration(0), Duration(1000), Duration(0)};
    working_.offers = {offer_at("a", Purchase::spot, "0.10"), offer_at("b", Purchase::on_demand, "0.50")};
    SurveyRules rules;
    rules.suppliers = working_.suppliers;
    survey_ = make_survey(rules);
  }
  Decisions step(std::vector<Observation> observations) {
    now_ += Duration(1000);
    return decide(state_, working_, survey_, observations, now_);
  }
  Decisions submit(const char* id) { return step({SubmitCommand{1, JobId(id), job_named(id).spec, "home"}}); }
  template <class T>
  static std::vector<T> actions_of(const Decisions& decisions) {
    std::vector<T> found;
    for (const Action& action : decisions.actions) {
      if (const T* wanted = std::get_if<T>(&action)) found.push_back(*wanted);
    }
    return found;
  }
  LeaseRecord only_lease() const { return state_.leases.begin()->second; }
  LeaseRecord newest_lease() const { return state_.leases.at(state_.jobs.begin()->second.leases.back()); }
  void launch_newest() {
    const LeaseRecord lease = newest_lease();
    step({LaunchReply{lease.id, {lease.offer.location, InstanceId("i-" + lease.id.text())}, now_, {}}});
  }
  // The supplier lists the newest lease's instance as ended, `ahead` of our clock.
  Decisions end_newest(bool preempted, Duration ahead = Duration(0)) {
    const LeaseRecord lease = newest_lease();
    Instance instance;
    instance.ref = *lease.instance;
    instance.owner = state_.owner;
    instance.token = lease.id.text();
    instance.state = InstanceState::terminated;
    instance.launched_at = *lease.launched_at;
    instance.terminated_at = now_ + ahead;
    instance.preempted = preempted;
    instance.reason = preempted ? "preempted" : "its disk cannot be written";
    return step({Listing{"local", now_, {instance}, std::nullopt}});
  }
  Instance running(const LeaseRecord& lease, Time launched_at) const {
    Instance instance;
    instance.ref = {lease.offer.location, InstanceId("i-" + lease.id.text())};
    instance.owner = state_.owner;
    instance.token = lease.id.text();
    instance.state = InstanceState::running;
    instance.launched_at = launched_at;
    return instance;
  }
  Decisions read(std::vector<LedgerRecord> ledger = {}) {
    now_ += Duration(1000);
    return step({MailboxReading{JobId("j-1"), now_, std::nullopt, std::move(ledger), {}}});
  }

  // Of the newest lease, in the first epoch.
  AgentStatus running_status() const {
    AgentStatus status;
    status.lease = newest_lease().id;
    status.job = JobId("j-1");
    status.sequence = 1;
    status.phase = AgentPhase::running;
    status.epoch = 1;
    return status;
  }
  // The newest lease has claimed the job and finished it.
  std::vector<LedgerRecord> finished_ledger() const {
    LedgerRecord claim;
    claim.number = 1;
    claim.epoch = 1;
    claim.lease = newest_lease().id;
    LedgerRecord finish = claim;
    finish.number = 2;
    finish.kind = LedgerKind::finish;
    return {claim, finish};
  }

  ClusterState state_;
  Working working_;
  Survey survey_;
  Time now_ = *parse_utc("2026-01-01");
};

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

// A job of an hour with a deadline, on dear on-demand and cheap spot.
class Hurried : public Scheduler {
 protected:
  Hurried() { working_.tempo.tick = Duration(10'000); }
  Decisions submit_hurried(Duration deadline, const char* policy) {
    JobSpec spec = job_named("j-1").spec;
    spec.duration.reset();
    spec.work.total = 3600;
    spec.work.rate_per_s = {{"cpu", 1}};
    spec.checkpoint.path = "state";
    spec.checkpoint.interval = Duration(60'000);
    spec.deadline_after = deadline;
    spec.policy = policy;
    return step({SubmitCommand{1, JobId("j-1"), spec, "home"}});
  }
  // The newest lease runs and reports this progress.
  Decisions report(double progress) {
    AgentStatus status = running_status();
    status.sequence = ++sequence_;
    status.epoch = job().leases.size();
    status.step = progress;
    status.total_steps = 3600;
    status.program_started_at = started_;
    now_ += Duration(1000);
    return step({MailboxReading{JobId("j-1"), now_, std::nullopt, {}, {status}}});
  }
  const JobRecord& job() const { return state_.jobs.at(JobId("j-1")); }
  static std::vector<std::string> decided(const Decisions& decisions) {
    std::vector<std::string> found;
    for (const Event& event : decisions.events) {
      if (event.kind == decided_kind) found.push_back(event.detail);
    }
    return found;
  }
  std::uint64_t sequence_ = 0;
  Time started_ = now_;
};

TEST_F(Hurried, EachDecisionIsKeptWithItsReasonAndTheRisk) {
  const std::vector<std::string> told = decided(submit_hurried(Duration(4 * 3'600'000), "tradewind"));
  ASSERT_EQ(told.size(), 1U);
  const std::optional<Decision> decision = decision_of(told[0]);
  ASSERT_TRUE(decision.has_value()) << told[0];
  EXPECT_EQ(decision->action, "launch");
  EXPECT_EQ(decision->zone, "local/a");
  EXPECT_EQ(decision->purchase, "spot");
  EXPECT_NE(decision->why.find("h of slack"), std::string::npos) << decision->why;
  EXPECT_NE(decision->why.find("refused in all of 1 place; chance about 5 %"), std::string::npos)
      << decision->why;
  EXPECT_EQ(detail_of(*decision), told[0]);
}

TEST_F(Hurried, ADeadlineThatCannotBeKeptIsSaidAtOnce) {
  const std::vector<std::string> told = decided(submit_hurried(Duration(1'800'000), "tradewind"));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("the deadline cannot be kept: the earliest end to rely on is 2026-01-01T01:"),
            std::string::npos)
      << told[0];
}

TEST_F(Hurried, SpotIsLeftForOnDemandWhileTheDeadlineCanStillBeKept) {
  submit_hurried(Duration(2 * 3'600'000), "failover");
  EXPECT_EQ(newest_lease().offer.purchase, Purchase::spot);
  launch_newest();
  started_ = now_;
  report(0);
  while (!job().move && now_ < *job().deadline) {
    now_ += Duration(8000);
    report(0);  // it stands still
  }
  ASSERT_TRUE(job().move.has_value());
  EXPECT_TRUE(state_.moves.at(*job().move).by_policy);
  EXPECT_EQ(newest_lease().offer.purchase, Purchase::on_demand);
  EXPECT_EQ(newest_lease().role, LeaseRole::target);
  EXPECT_GT(*job().deadline - now_, Duration(3'600'000));
  const std::size_t leases = job().leases.size();
  now_ += Duration(60'000);
  report(0);
  EXPECT_EQ(job().leases.size(), leases) << "never twice at once";
}

TEST_F(Hurried, ARefusalIsRememberedAsEvidence) {
  submit_hurried(Duration(2 * 3'600'000), "failover");
  step({LaunchReply{newest_lease().id, {}, {}, Error{Code::insufficient_capacity, "none left"}}});
  EXPECT_EQ(state_.leases.begin()->second.refusal, Code::insufficient_capacity);
}

TEST_F(Hurried, APlaceThatWasGivenBackLeavesTheJobWaiting) {
  submit_hurried(Duration(5 * 3'600'000), "uniform_progress");
  // Spot is refused, and again: on-demand is bought, and given back once the job is ahead of its line.
  const Error full{Code::insufficient_capacity, "none left"};
  working_.tempo.retry_capacity = Duration(10 * 3'600'000);
  step({LaunchReply{newest_lease().id, {}, {}, full}});
  Time until = now_ + Duration(3'600'000);
  while (newest_lease().offer.purchase == Purchase::spot && now_ < until) step({});
  ASSERT_EQ(newest_lease().offer.purchase, Purchase::on_demand);
  launch_newest();
  started_ = now_;
  report(3000);
  until = now_ + Duration(60'000);
  while (!newest_lease().stop_ordered_at && now_ < until) report(3000);
  ASSERT_TRUE(newest_lease().stop_ordered_at.has_value());
  AgentStatus stopped = running_status();
  stopped.sequence = ++sequence_;
  stopped.phase = AgentPhase::stopped;
  stopped.epoch = job().leases.size();
  now_ += Duration(1000);
  step({MailboxReading{JobId("j-1"), now_, std::nullopt, {}, {stopped}}});
  EXPECT_EQ(newest_lease().end, LeaseEnd::paused);
  EXPECT_EQ(job().state, JobState::waiting);
}

}  // namespace
}  // namespace tradewind::scheduler
