#include "edge/drivers/kubernetes/cluster.h"

#include <gtest/gtest.h>

namespace tradewind::kubernetes {
namespace {

std::vector<std::string> errors_of(const std::string& yaml) {
  std::vector<std::string> texts;
  for (const task::TaskError& error : parse_clusters(yaml, "/home/ana").errors) {
    texts.push_back(task::describe(error, "k.yaml"));
  }
  return texts;
}

TEST(ClustersFile, ReadsAllThatAClusterMaySay) {
  const ClustersOutcome outcome = parse_clusters(R"(
clusters:
  - name: lab
    kubeconfig: ~/.kube/lab
    context: research
    namespace: runs
    image: pytorch/pytorch:2.4.0
    agent: {url: "https://example.com/agent", sha256: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef}
    queue: research
    queue_priority: urgent
    priority_class: low
    service_account: runner
    store_secret: stores
    labels: {team: nlp}
    annotations: {example.com/cost: 17}
    env: {HF_HOME: /tradewind/hf}
    run_as_user: 1000
    grace: 2m
    pools:
      - name: a100
        node_selector: {pool: gpu}
        tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
        gpu_resource: nvidia.com/gpu
        accelerator: {model: A100, count: 8, memory_gib: 80}
        cpus: 96
        memory_gib: 900
        spot: true
        price_per_hour: 12.50
        max: 4
)",
                                                 "/home/ana");
  ASSERT_TRUE(outcome.errors.empty()) << task::describe(outcome.errors.front(), "k.yaml");
  ASSERT_EQ(outcome.clusters.size(), 1U);
  const ClusterConfig& lab = outcome.clusters[0];
  EXPECT_EQ(lab.kubeconfig, "/home/ana/.kube/lab");
  EXPECT_EQ(lab.context + " " + lab.namespace_name + " " + lab.queue + " " + lab.queue_priority,
            "research runs research urgent");
  EXPECT_EQ(lab.annotations.at("example.com/cost"), "17");
  EXPECT_EQ(lab.grace, std::chrono::minutes(2));
  const PoolConfig& pool = lab.pools.at(0);
  EXPECT_EQ(pool.accelerator, (Accelerator{"A100", 8, 80}));
  EXPECT_EQ(pool.tolerations.at(0), (Toleration{"nvidia.com/gpu", "Exists", "", "NoSchedule"}));
  EXPECT_EQ(pool.price_per_hour.text(), "$12.50");
  EXPECT_TRUE(pool.spot);
  EXPECT_EQ(pool.max, 4);
}

TEST(ClustersFile, TellsWhatIsWrongAndWhere) {
  const std::string good = "clusters:\n  - name: lab\n    agent: {path: /agent}\n    pools: [{name: a}]\n";
  EXPECT_TRUE(errors_of(good).empty());
  EXPECT_EQ(errors_of("clusters:\n  - name: lab\n    agent: {path: /agent}\n    pool: [{name: a}]\n").at(0),
            "k.yaml:2:5: clusters[0] has no pools (name at least one)");
  EXPECT_EQ(errors_of(good + "    quue: research\n").at(0),
            "k.yaml:5:5: clusters[0] has no field 'quue' (did you mean 'queue'?)");
  EXPECT_EQ(errors_of(good + "    kubeconfig: lab\n").size(), 1U) << "relative to what?";
  EXPECT_EQ(errors_of(good + "    namespace: My_Runs\n").size(), 1U);
  EXPECT_NE(
      errors_of("clusters: [{name: lab, pools: [{name: a}]}]").at(0).find("where pods get the agent from"),
      std::string::npos);
  EXPECT_NE(errors_of("clusters: [{name: lab, agent: {url: \"https://x\"}, pools: [{name: a}]}]")
                .at(0)
                .find("needs a sha256"),
            std::string::npos);
  EXPECT_NE(errors_of("clusters: [{name: lab, agent: {path: /a, image: b}, pools: [{name: a}]}]")
                .at(0)
                .find("names 2 of image, url and path"),
            std::string::npos);
  EXPECT_NE(
      errors_of("clusters: [{name: lab, agent: {path: /a}, pools: [{name: a, accelerator: {model: A100, "
                "count: 0.5}}]}]")
          .at(0)
          .find("count is not whole"),
      std::string::npos);
  EXPECT_NE(errors_of(good + "  - name: lab\n    agent: {path: /agent}\n    pools: [{name: a}]\n")
                .at(0)
                .find("two clusters named 'lab'"),
            std::string::npos);
}

}  // namespace
}  // namespace tradewind::kubernetes
