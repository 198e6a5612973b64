#include "edge/drivers/slurm/slurm_file.h"

#include <gtest/gtest.h>

namespace tradewind::slurm {
namespace {

std::string only_error(std::string_view yaml) {
  const ClustersOutcome outcome = parse_slurm(yaml);
  EXPECT_EQ(outcome.errors.size(), 1U);
  return outcome.errors.empty() ? "" : task::describe(outcome.errors.front(), "slurm.yaml");
}

TEST(SlurmFile, ReadsAllThatAClusterMayHave) {
  const ClustersOutcome outcome = parse_slurm(R"(
clusters:
  - name: hpc
    host: ana@login1
    store: /home/ana/tradewind
    partitions: [gpu, preempt]
    preemptible: preempt
    account: physics
    qos: normal
    reservation: week
    constraint: "a100&ib"
    exclusive: true
    price_per_hour: {gpu: 1.20, preempt: 0}
    gpus: {a100: A100}
    shapes:
      - {name: small, cpus: 2, memory_gib: 8}
      - {name: gpu-2, gpus: 2}
    notice_lead: 2m
    time_limit: 4h
    estimate_every: 10m
    max_jobs: 20
    rest: {url: "http://login1:6820", user: ana, token_file: /home/ana/.slurm-token}
  - {name: spare, store: /srv/tw, gpus: L4, price_per_hour: 0.50, options: [--nice=100]}
)");
  ASSERT_TRUE(outcome.errors.empty()) << task::describe(outcome.errors.front(), "slurm.yaml");
  ASSERT_EQ(outcome.clusters.size(), 2U);
  const Cluster& hpc = outcome.clusters[0];
  EXPECT_EQ(hpc.host, "ana@login1");
  EXPECT_EQ(hpc.partitions, (std::vector<std::string>{"gpu", "preempt"}));
  EXPECT_EQ(hpc.preemptible, std::vector<std::string>{"preempt"});
  EXPECT_EQ(hpc.constraint, "a100&ib");
  EXPECT_TRUE(hpc.exclusive);
  EXPECT_EQ(hpc.partition_prices.at("gpu"), Money::parse("1.20").value());
  EXPECT_EQ(hpc.gpus.at("a100"), "A100");
  EXPECT_EQ(hpc.shapes, (std::vector<Shape>{{"small", 2, 8, 0}, {"gpu-2", 0, 0, 2}}));
  EXPECT_EQ(hpc.notice_lead, std::chrono::minutes(2));
  EXPECT_EQ(hpc.time_limit, std::chrono::hours(4));
  EXPECT_EQ(hpc.estimate_every, std::chrono::minutes(10));
  EXPECT_EQ(hpc.max_jobs, 20);
  EXPECT_EQ(hpc.rest->url, "http://login1:6820");
  EXPECT_EQ(hpc.rest->version, "");
  EXPECT_EQ(outcome.clusters[1].gpus.at(""), "L4");
  EXPECT_EQ(outcome.clusters[1].notice_lead, std::chrono::minutes(1));
}

TEST(SlurmFile, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(only_error("clusters:\n  - name: hpc\n    store: tradewind\n").substr(0, 59),
            "slurm.yaml:3:12: clusters[0].store is 'tradewind'; expected");
  EXPECT_NE(only_error("clusters:\n  - {name: hpc, store: /s, acount: x}\n").find("did you mean 'account'?"),
            std::string::npos);
  EXPECT_NE(only_error("clusters:\n  - {name: hpc}\n").find("has no store"), std::string::npos);
  EXPECT_NE(
      only_error("clusters:\n  - {name: a, store: /s}\n  - {name: a, store: /s}\n").find("two clusters"),
      std::string::npos);
  EXPECT_NE(task::describe(parse_slurm("cluster: []\n").errors.front(), "slurm.yaml")
                .find("did you mean 'clusters'?"),
            std::string::npos);
  EXPECT_NE(only_error("clusters:\n  - {name: a, store: /s, account: 'a b'}\n").find("without blanks"),
            std::string::npos);
  EXPECT_NE(only_error("clusters:\n  - {name: a, store: /s, rest: {url: nowhere}}\n").find("unix:/path"),
            std::string::npos);
}

}  // namespace
}  // namespace tradewind::slurm
