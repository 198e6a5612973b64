#include "core/traces/own.h"

#include <gtest/gtest.h>

namespace tradewind::traces {
namespace {

const Time start = *parse_utc("2026-01-01");

class Own : public ::testing::Test {
 protected:
  LeaseRecord& add(int minute) {
    LeaseRecord lease;
    lease.id = LeaseId("l-" + std::to_string(leases_.size()));
    lease.offer.location = {"aws", "us-east-1", "us-east-1a"};
    lease.offer.instance_type = "p5";
    lease.offer.purchase = Purchase::spot;
    lease.intended_at = at(minute);
    return leases_.emplace(lease.id, lease).first->second;
  }
  void refused(int minute, Code code = Code::insufficient_capacity) { add(minute).refusal = code; }
  void ran(int from, int until, LeaseEnd end) {
    LeaseRecord& lease = add(from);
    lease.launched_at = at(from);
    if (end == LeaseEnd::none) return;
    lease.ended_at = at(until);
    lease.end = end;
  }
  static Time at(int minute) { return start + std::chrono::minutes(minute); }
  std::map<LeaseId, LeaseRecord> leases_;
};

TEST_F(Own, ATraceTellsGrantsRefusalsAndLosses) {
  refused(0);
  ran(10, 30, LeaseEnd::preempted);
  ran(40, 50, LeaseEnd::finished);
  const std::vector<Trace> traces = own_traces(leases_, 60, at(100));
  ASSERT_EQ(traces.size(), 1U);
  EXPECT_EQ(traces[0].id, "own-aws-us-east-1-us-east-1a-p5");
  EXPECT_EQ(traces[0].kind, "own");
  EXPECT_EQ(traces[0].runs, (std::vector<Stretch>{{0, 11}, {1, 19}, {0, 11}, {1, 9}}));
  EXPECT_TRUE(check(traces[0]).ok());
  EXPECT_TRUE(trace_from_json(to_json(traces[0])).ok());
}

TEST_F(Own, WhatIsHeldIsUpUntilNow) {
  ran(0, 0, LeaseEnd::none);
  EXPECT_EQ(own_traces(leases_, 60, at(5))[0].runs, (std::vector<Stretch>{{1, 5}}));
}

TEST_F(Own, OnlySpotAndOnlyCapacityCounts) {
  refused(0, Code::quota_exceeded);
  ran(1, 2, LeaseEnd::finished);
  leases_.rbegin()->second.offer.purchase = Purchase::on_demand;
  EXPECT_TRUE(own_traces(leases_, 60, at(5)).empty());
}

}  // namespace
}  // namespace tradewind::traces
