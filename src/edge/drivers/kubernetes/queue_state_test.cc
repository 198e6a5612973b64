#include "edge/drivers/kubernetes/queue_state.h"

#include <gtest/gtest.h>

namespace tradewind::kubernetes {
namespace {

std::string why(const char* status) {
  return why_not_admitted("research", parse_json(std::string(R"({"status": )") + status + "}").value());
}

TEST(QueueState, IsToldInKueuesWords) {
  EXPECT_EQ(why(R"({"conditions": [{"type": "QuotaReserved", "status": "False", "reason": "Pending",
                    "message": "couldn't assign flavors to pod set main: insufficient unused quota"}]})"),
            "waits for the queue research: Pending: couldn't assign flavors to pod set main: insufficient "
            "unused quota");
  EXPECT_EQ(why(R"({"conditions": [{"type": "QuotaReserved", "status": "False", "reason": "Inadmissible",
                    "message": "LocalQueue research doesn't exist"}]})"),
            "waits for the queue research: Inadmissible: LocalQueue research doesn't exist");
  EXPECT_EQ(why(R"({"conditions": [{"type": "QuotaReserved", "status": "True"}],
                    "admissionChecks": [{"name": "a", "state": "Ready"},
                                        {"name": "prov", "state": "Pending", "message": "asked"}]})"),
            "waits for the queue research: its quota is reserved, and the admission check prov is Pending "
            "(asked)");
  EXPECT_EQ(why(R"({"conditions": [{"type": "Evicted", "status": "True", "reason": "Preempted",
                    "message": "by a higher priority"}]})"),
            "waits for the queue research: Preempted: by a higher priority");
}

TEST(QueueState, IsNoMoreThanAWaitWhereNothingIsSaid) {
  EXPECT_EQ(why("{}"), "waits for the queue research to admit it");
  EXPECT_EQ(why(R"({"conditions": "none"})"), "waits for the queue research to admit it");
  EXPECT_EQ(why_not_admitted("", nullptr), "waits for its queue to admit it");
}

}  // namespace
}  // namespace tradewind::kubernetes
