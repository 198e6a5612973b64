#include <gtest/gtest.h>
#include <tuple>

#include "core/billing/charge.h"
#include "core/model/decision.h"
#include "core/scheduler/decide.h"
#include "core/scheduler/testing/scheduler_fixture.h"

namespace tradewind::scheduler {
namespace {

// A job of an hour with a deadline, on dear on-demand and cheap spot.
class Hurried : public Scheduler {
 protected:
  Hurried() { working_.tempo.tick = Duration(10'000); }
  static JobSpec an_hour_of_work() {
    JobSpec spec = job_named("j-1").spec;
    spec.duration.reset();
    spec.work.total = 3600;
    spec.work.rate_per_s = {{"cpu", 1}};
    spec.checkpoint.path = "state";
    spec.checkpoint.interval = Duration(60'000);
    return spec;
  }
  Decisions submit(const JobSpec& spec) { return step({SubmitCommand{1, JobId("j-1"), spec, "home"}}); }
  Decisions submit_hurried(Duration deadline, const char* policy) {
    JobSpec spec = an_hour_of_work();
    spec.deadline_after = deadline;
    spec.policy = policy;
    return submit(spec);
  }
  // The newest lease's agent has saved and stopped.
  Decisions report_stopped() {
    AgentStatus stopped = running_status();
    stopped.sequence = ++sequence_;
    stopped.phase = AgentPhase::stopped;
    stopped.epoch = job().leases.size();
    now_ += Duration(1000);
    return step({MailboxReading{JobId("j-1"), now_, std::nullopt, {}, {stopped}}});
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

TEST_F(Hurried, WhereAllIsFreeNothingIsWaitedFor) {
  working_.offers = {offer_at("a", Purchase::spot, "0")};
  const auto launched = actions_of<Launch>(submit_hurried(Duration(4 * 3'600'000), "tradewind"));
  ASSERT_EQ(launched.size(), 1U);
  EXPECT_EQ(launched[0].offer.purchase, Purchase::spot);
}

TEST_F(Hurried, AnAgentIsToldHowOftenItsPlaceIsLost) {
  const auto first = actions_of<Launch>(submit_hurried(Duration(4 * 3'600'000), "tradewind"));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].offer.purchase, Purchase::spot);
  EXPECT_GT(first[0].hazard_per_h, 0.02);
  EXPECT_LT(first[0].hazard_per_h, 2);
  working_.tempo.retry_capacity = Duration(10 * 3'600'000);
  step({LaunchReply{newest_lease().id, {}, {}, Error{Code::insufficient_capacity, "none left"}}});
  std::vector<Launch> next;
  for (const Time until = now_ + Duration(4 * 3'600'000); next.empty() && now_ < until;
       now_ += Duration(9000)) {
    next = actions_of<Launch>(step({}));
  }
  ASSERT_EQ(next.size(), 1U);
  EXPECT_EQ(next[0].offer.purchase, Purchase::on_demand);
  EXPECT_LT(next[0].hazard_per_h, 0.001) << "on-demand is hardly ever lost";
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

TEST_F(Hurried, WhatOneJobIsToldTheOthersLearn) {
  working_.tempo.retry_capacity = Duration(1000);
  const auto chance_told_to = [&](const char* name) {
    JobSpec spec = an_hour_of_work();
    spec.deadline_after = Duration(4 * 3'600'000);
    for (const std::string& told : decided(step({SubmitCommand{1, JobId(name), spec, "home"}}))) {
      const std::string why = decision_of(told)->why;
      const std::size_t at = why.find("(up ");
      if (at != std::string::npos) return std::stod(why.substr(at + 4));
    }
    return -1.0;
  };
  const double at_first = chance_told_to("j-1");
  ASSERT_GT(at_first, 20);
  step({LaunchReply{newest_lease().id, {}, {}, Error{Code::insufficient_capacity, "none left"}}});
  now_ += Duration(2000);
  const double after_refusal = chance_told_to("j-2");
  EXPECT_GE(after_refusal, 0);
  EXPECT_LT(after_refusal, at_first / 2);
  // The same after a restart: it is read from the leases.
  const auto [tempo, suppliers, offers] = std::tuple(working_.tempo, working_.suppliers, working_.offers);
  working_ = Working();
  std::tie(working_.tempo, working_.suppliers, working_.offers) = std::tie(tempo, suppliers, offers);
  const double after_restart = chance_told_to("j-3");
  EXPECT_NEAR(after_restart, after_refusal, 5);
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
  report_stopped();
  EXPECT_EQ(newest_lease().end, LeaseEnd::paused);
  EXPECT_EQ(job().state, JobState::waiting);
}

TEST_F(Hurried, ABudgetIsSpentAndNotExceeded) {
  JobSpec spec = an_hour_of_work();
  spec.budget = Money::parse("0.05").value();  // half an hour of spot
  const std::vector<std::string> told = decided(submit(spec));
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("the budget of $0.05 pays for about"), std::string::npos) << told[0];
  launch_newest();
  started_ = now_;
  const Time until = now_ + Duration(3'600'000);
  while (!newest_lease().stop_ordered_at && now_ < until) report(seconds_of(now_ - started_));
  ASSERT_TRUE(newest_lease().stop_ordered_at.has_value());
  report_stopped();
  EXPECT_EQ(newest_lease().end, LeaseEnd::paused);
  const Money spent = billing::usage_cost(newest_lease(), now_);
  EXPECT_LE(spent, *spec.budget);
  EXPECT_GT(spent, spec.budget->scaled(0.95));
  step({});
  EXPECT_EQ(job().state, JobState::failed);
  EXPECT_NE(job().reason.find("of the budget of $0.05 are spent"), std::string::npos) << job().reason;
  EXPECT_EQ(job().leases.size(), 1U);
}

TEST_F(Hurried, ABudgetThatCannotKeepTheDeadlineIsRefused) {
  JobSpec spec = an_hour_of_work();
  spec.budget = Money::parse("0.05").value();
  spec.deadline_after = Duration(4 * 3'600'000);
  submit(spec);
  EXPECT_TRUE(state_.jobs.empty());
}

// Spot is refused and stays so.
TEST_F(Hurried, WaitingIsWeighedWhereItHasAPrice) {
  working_.tempo.retry_capacity = Duration(1'800'000);
  const auto waited = [&](const char* an_hour) {
    state_.jobs.clear();
    state_.leases.clear();
    const Tempo tempo = working_.tempo;
    const auto suppliers = working_.suppliers;
    const auto offers = working_.offers;
    working_ = Working();
    working_.tempo = tempo;
    working_.suppliers = suppliers;
    working_.offers = offers;
    JobSpec spec = an_hour_of_work();
    spec.waiting_cost = Money::parse(an_hour).value();
    submit(spec);
    const Time begun = now_;
    const Time until = now_ + Duration(8 * 3'600'000);
    while (newest_lease().offer.purchase == Purchase::spot && now_ < until) {
      if (newest_lease().state == LeaseState::intended) {
        step({LaunchReply{newest_lease().id, {}, {}, Error{Code::insufficient_capacity, "none left"}}});
      }
      now_ += Duration(9000);
      step({});
    }
    return now_ - begun;
  };
  EXPECT_LT(waited("20"), Duration(120'000));
  const Duration some = waited("0.1");
  EXPECT_GT(some, Duration(600'000));
  EXPECT_LT(some, Duration(8 * 3'600'000));
}

}  // namespace
}  // namespace tradewind::scheduler
