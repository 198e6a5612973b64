// A job in a queue: what its policy weighs, and how it leaves without ever running twice.
#include <gtest/gtest.h>

#include "core/scheduler/decide.h"
#include "core/scheduler/testing/scheduler_fixture.h"

namespace tradewind::scheduler {
namespace {

constexpr Duration hour{3'600'000};

// A free cluster with a queue of two hours, and a dear machine at once.
class InQueue : public Scheduler {
 protected:
  InQueue() {
    working_.tempo.tick = Duration(10'000);
    working_.suppliers["slurm"] = {Duration(0), Duration(1000), Duration(0)};
    SurveyRules rules;
    rules.suppliers = working_.suppliers;
    survey_ = make_survey(rules);
    queue_ = offer_at("x", Purchase::on_demand, "0");
    queue_.location = {"slurm", "hpc", "gpu"};
    set_estimate(2 * hour);
  }
  void set_estimate(Duration wait) {
    queue_.queue_wait = wait;
    working_.offers = {queue_, offer_at("b", Purchase::on_demand, "10")};
    ++working_.offers_version;
  }
  void submit_worth(const char* an_hour) {
    JobSpec spec = job_named("j-1").spec;
    spec.checkpoint.path = "state";
    spec.waiting_cost = Money::parse(an_hour).value();
    step({SubmitCommand{1, JobId("j-1"), spec, "home"}});
  }
  const JobRecord& job() const { return state_.jobs.at(JobId("j-1")); }
  const LeaseRecord& first() const { return state_.leases.at(job().leases.front()); }
  Decisions list(InstanceState state) {
    Instance instance = running(first(), *first().launched_at);
    instance.state = state;
    if (state == InstanceState::terminated) instance.terminated_at = now_;
    return step({Listing{"slurm", now_, {instance}, std::nullopt}});
  }
  Decisions report(const LeaseRecord& lease, AgentPhase phase, std::uint64_t epoch) {
    AgentStatus status;
    status.lease = lease.id;
    status.job = JobId("j-1");
    status.sequence = ++sequence_;
    status.phase = phase;
    status.epoch = epoch;
    now_ += Duration(1000);
    return step({MailboxReading{JobId("j-1"), now_, std::nullopt, {}, {status}}});
  }
  void queue_up() {
    submit_worth("3");
    launch_newest();
    list(InstanceState::pending);
  }
  // The queue has become so long that renting pays: a machine is asked for.
  void outgrow() {
    queue_up();
    now_ += 15 * hour;
    set_estimate(30 * hour);
    list(InstanceState::pending);
    step({});
    ASSERT_EQ(job().leases.size(), 2U);
  }
  // And it is ready.
  void burst() {
    outgrow();
    launch_newest();
    report(newest_lease(), AgentPhase::standby, 0);
  }
  const MoveRecord& move() const { return state_.moves.begin()->second; }

  Offer queue_;
  std::uint64_t sequence_ = 0;
};

TEST_F(InQueue, TheValueOfAnHourDecidesWhereItBegins) {
  submit_worth("20");
  EXPECT_EQ(newest_lease().offer.location.provider, "local");
}

TEST_F(InQueue, WaitsOnWhileItIsWorthIt) {
  queue_up();
  EXPECT_EQ(first().offer.location.provider, "slurm");
  for (int i = 0; i < 20; ++i) {
    now_ += Duration(60'000);
    list(InstanceState::pending);
  }
  EXPECT_EQ(job().leases.size(), 1U);
  EXPECT_EQ(first().state, LeaseState::launched);
}

TEST_F(InQueue, KeepsItsPlaceUntilTheRentedMachineIsReady) {
  outgrow();
  EXPECT_EQ(newest_lease().offer.location.provider, "local");
  EXPECT_EQ(newest_lease().role, LeaseRole::target);
  EXPECT_TRUE(move().from_queue);
  EXPECT_EQ(first().state, LeaseState::launched);
  launch_newest();
  EXPECT_EQ(first().state, LeaseState::launched);
}

TEST_F(InQueue, IsWithdrawnAndOnlyThenStartsElsewhere) {
  burst();
  EXPECT_EQ(first().state, LeaseState::releasing);
  EXPECT_EQ(first().end, LeaseEnd::surplus);
  EXPECT_FALSE(newest_lease().pending_order);  // not before the queue shows it gone
  list(InstanceState::pending);
  EXPECT_FALSE(newest_lease().pending_order);
  list(InstanceState::terminated);
  EXPECT_EQ(first().state, LeaseState::ended);
  read();
  ASSERT_TRUE(newest_lease().pending_order);
  EXPECT_EQ(newest_lease().pending_order->kind, OrderKind::start);
  EXPECT_EQ(move().state, MoveState::resuming);
}

TEST_F(InQueue, TheQueueWinsWhereItComesFirst) {
  outgrow();
  launch_newest();
  list(InstanceState::running);
  report(first(), AgentPhase::restoring, 1);
  EXPECT_EQ(move().state, MoveState::failed);
  EXPECT_EQ(newest_lease().state, LeaseState::releasing);
  EXPECT_EQ(first().end, LeaseEnd::none);
  for (int i = 0; i < 5; ++i) {
    now_ += Duration(20'000);
    report(first(), AgentPhase::running, 1);
  }
  EXPECT_EQ(job().leases.size(), 2U);  // what runs is held
}

TEST_F(InQueue, WaitsAreRememberedAndFoundAgainAfterARestart) {
  queue_up();
  now_ += hour;
  list(InstanceState::running);
  report(first(), AgentPhase::running, 1);
  const auto waits = working_.queue_waits.at(queue_.location);
  ASSERT_EQ(waits.size(), 1U);
  EXPECT_EQ(waits[0].estimated_s, 7200);
  EXPECT_NEAR(waits[0].waited_s, 3600, 10);
  working_.queue_waits.clear();
  working_.indexed = false;
  step({});
  EXPECT_EQ(working_.queue_waits.at(queue_.location), waits);
}

}  // namespace
}  // namespace tradewind::scheduler
