// Jobs in the queues of Kueue itself (tests/doubles/kueue.sh). Without the double there is nothing to run.
#include "edge/drivers/kubernetes/job_object.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "edge/drivers/kubernetes/testing/real_cluster.h"

namespace tradewind::kubernetes {
namespace {

constexpr const char* kueue = "/apis/kueue.x-k8s.io/v1beta2/";

class RealKueue : public RealCluster {
 protected:
  void SetUp() override {
    if (variable("TRADEWIND_TEST_KUEUE").empty()) GTEST_SKIP() << "tests/doubles/kueue.sh is not around";
    RealCluster::SetUp();
  }
  // A queue of two CPUs, in which the more important take the place of the less.
  ClusterConfig queue_for_two() {
    const auto make = [this](const std::string& path, const std::string& name, const char* spec) {
      json::value object = parse_json(spec).value();
      object.as_object()["metadata"] = json::object{{"name", name}};
      must(admin().create(kueue + path, object));
    };
    const std::string own = where();
    make("resourceflavors", own, R"({"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ResourceFlavor"})");
    make(
        "clusterqueues", own,
        (R"({"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "ClusterQueue", "spec": {"namespaceSelector": {},
              "preemption": {"withinClusterQueue": "LowerPriority"},
              "resourceGroups": [{"coveredResources": ["cpu", "memory"], "flavors": [{"name": ")" +
         own + R"(", "resources": [{"name": "cpu", "nominalQuota": "2"},
                                    {"name": "memory", "nominalQuota": "64Gi"}]}]}]}})")
            .c_str());
    make("namespaces/" + own + "/localqueues", "research",
         (R"({"apiVersion": "kueue.x-k8s.io/v1beta2", "kind": "LocalQueue", "spec": {"clusterQueue": ")" +
          own + R"("}})")
             .c_str());
    ClusterConfig config = namespace_->config();
    config.queue = "research";
    return config;
  }
  std::string launch_as(KubernetesProvider& provider, const std::string& token, int nodes = 1) {
    provider::LaunchRequest asked = request(provider);
    asked.token = token;
    asked.nodes = nodes;
    return launch(provider, asked);
  }
  static auto of(const std::string& token, InstanceState state) {
    return [=](const Instance& seen) { return seen.token == token && seen.state == state; };
  }
};

TEST_F(RealKueue, AdmitsWhatItsQuotaHoldsAndTellsWhyTheRestWaits) {
  const auto provider = namespace_->open(queue_for_two());
  launch_as(*provider, "l-1");
  launch_as(*provider, "l-2");
  const Instance first = await(*provider, of("l-1", InstanceState::running));
  await(*provider, of("l-2", InstanceState::running));
  launch_as(*provider, "l-3");
  const Instance waiting = await(*provider, says("insufficient unused quota for cpu"));
  EXPECT_EQ(waiting.token, "l-3");
  EXPECT_EQ(waiting.state, InstanceState::pending);
  EXPECT_NE(waiting.reason.find("waits for the queue research: Pending: "), std::string::npos)
      << waiting.reason;
  EXPECT_TRUE(provider->terminate(first.ref).ok());
  await(*provider, of("l-3", InstanceState::running));
}

TEST_F(RealKueue, AGangIsAdmittedWholeOrNotAtAll) {
  ClusterConfig config = queue_for_two();
  config.shared_volume = "training";
  const auto provider = namespace_->open(config);
  must(admin().create(core_path(where(), "persistentvolumeclaims"), volume_claim()));
  launch_as(*provider, "l-1");
  const Instance first = await(*provider, of("l-1", InstanceState::running));
  const std::string gang = launch_as(*provider, "l-gang", 2);
  const Instance waiting = await(*provider, says("insufficient unused quota for cpu"));
  EXPECT_EQ(waiting.token, "l-gang");
  const auto pods = [&] {
    return must_list(core_path(where(), "pods"), "labelSelector=job-name%3D" + gang).size();
  };
  EXPECT_EQ(pods(), 0U) << "one CPU is free, and one of its pods would fit";
  EXPECT_TRUE(provider->terminate(first.ref).ok());
  await(*provider, of("l-gang", InstanceState::running));
  EXPECT_EQ(pods(), 2U);
}

TEST_F(RealKueue, AQueueThatIsNotThereIsTold) {
  ClusterConfig config = namespace_->config();
  config.queue = "reserach";
  const auto provider = namespace_->open(config);
  launch_as(*provider, "l-1");
  const Instance waiting = await(*provider, says("doesn't exist"));
  EXPECT_EQ(waiting.state, InstanceState::pending);
  EXPECT_NE(waiting.reason.find("waits for the queue reserach: Inadmissible: "), std::string::npos)
      << waiting.reason;
  EXPECT_TRUE(provider->terminate(waiting.ref).ok());
  EXPECT_EQ(*provider->terminate(waiting.ref), provider::TerminateState::done);
}

TEST_F(RealKueue, WhatTheQueueTakesBackForAMoreImportantOneGetsNoSecondPod) {
  const ClusterConfig config = queue_for_two();
  const auto provider = namespace_->open(config);
  launch_as(*provider, "l-1");
  launch_as(*provider, "l-2");
  await(*provider, of("l-1", InstanceState::running));
  await(*provider, of("l-2", InstanceState::running));
  const json::value important{{"apiVersion", "kueue.x-k8s.io/v1beta2"},
                              {"kind", "WorkloadPriorityClass"},
                              {"metadata", json::object{{"name", where()}}},
                              {"value", 1000}};
  must(admin().create(std::string(kueue) + "workloadpriorityclasses", important));
  ClusterConfig urgent = config;
  urgent.queue_priority = where();
  const auto other = namespace_->open(urgent);
  namespace_->kubelet().take_time(true);
  launch_as(*other, "l-urgent");
  const Instance taken = await(*provider, says("its queue took the place back"));
  EXPECT_EQ(taken.state, InstanceState::stopping);
  namespace_->kubelet().take_time(false);
  await(*other, of("l-urgent", InstanceState::running));
  EXPECT_EQ(admin().get(jobs_path(where()) + "/" + taken.ref.id.text()).error().code, Code::not_found);
}

}  // namespace
}  // namespace tradewind::kubernetes
