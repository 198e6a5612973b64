#include "edge/drivers/kubernetes/job_state.h"

#include <gtest/gtest.h>

namespace tradewind::kubernetes {
namespace {

Instance seen_as(const std::string& pod_status) {
  const json::value job =
      parse_json(R"({"metadata":{"name":"tw-1","creationTimestamp":"2026-07-20T10:00:00Z"},"spec":{}})")
          .value();
  const json::value pod = parse_json(R"({"metadata":{"name":"tw-1-x"},"status":)" + pod_status + "}").value();
  return instance_of("lab", OwnerId("o"), job, {&pod}).instance;
}

Time at(const char* text) {
  return parse_utc(text).value();
}

TEST(JobState, APodHasLeftTheQueueWhenANodeHasTakenIt) {
  const Instance waiting = seen_as(
      R"({"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable"}]})");
  EXPECT_EQ(waiting.state, InstanceState::pending);
  EXPECT_EQ(waiting.reason, "Unschedulable");
  EXPECT_FALSE(waiting.started_at);
  const Instance taken = seen_as(R"({"phase":"Pending","startTime":"2026-07-20T10:30:00Z"})");
  EXPECT_EQ(taken.state, InstanceState::pending);
  EXPECT_EQ(taken.started_at, at("2026-07-20T10:30:00Z"));
  EXPECT_EQ(seen_as(R"({"phase":"Running","startTime":"2026-07-20T09:59:59Z"})").started_at,
            at("2026-07-20T10:00:00Z"))
      << "the node's clock is behind";
}

}  // namespace
}  // namespace tradewind::kubernetes
