// One job on two offers, stepped a second at a time: cheap spot in zone a, dear on-demand in zone b.
#pragma once

#include <gtest/gtest.h>

#include "core/scheduler/decide.h"
#include "core/scheduler/survey.h"

namespace tradewind::scheduler {

inline Offer offer_at(const char* zone, Purchase purchase, const char* price) {
  Offer offer;
  offer.location = {"local", zone, ""};
  offer.instance_type = "machine";
  offer.vcpus = 2;
  offer.memory_gib = 4;
  offer.purchase = purchase;
  offer.price_per_hour = *Money::parse(price);
  return offer;
}

inline JobRecord job_named(const char* id) {
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
  Decisions step(const std::vector<Observation>& observations) {
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

}  // namespace tradewind::scheduler
