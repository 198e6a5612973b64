#include "core/model/job_environment.h"

#include <gtest/gtest.h>

namespace tradewind {
namespace {

RunPlace some_place() {
  RunPlace place;
  place.job = JobId("j-abcdefghjk");
  place.lease = LeaseId("l-1");
  place.epoch = 3;
  place.attempt = 2;
  place.location = {"local", "harbour"};
  place.purchase = Purchase::spot;
  return place;
}

TEST(JobEnvironment, HoldsExactlyTheDocumentedNamesForAPlainJob) {
  JobSpec spec;
  spec.name = "bible-gpt";
  spec.envs = {{"OMP_NUM_THREADS", "1"}};
  const std::map<std::string, std::string> expected = {
      {"OMP_NUM_THREADS", "1"},
      {"SKYPILOT_NODE_IPS", "127.0.0.1"},
      {"SKYPILOT_NODE_RANK", "0"},
      {"SKYPILOT_NUM_GPUS_PER_NODE", "0"},
      {"SKYPILOT_NUM_NODES", "1"},
      {"SKYPILOT_SETUP_NODE_IPS", "127.0.0.1"},
      {"SKYPILOT_SETUP_NODE_RANK", "0"},
      {"SKYPILOT_SETUP_NUM_GPUS_PER_NODE", "0"},
      {"SKYPILOT_TASK_ID", "j-abcdefghjk"},
      {"TRADEWIND_ATTEMPT", "2"},
      {"TRADEWIND_EPOCH", "3"},
      {"TRADEWIND_JOB_ID", "j-abcdefghjk"},
      {"TRADEWIND_JOB_NAME", "bible-gpt"},
      {"TRADEWIND_LEASE_ID", "l-1"},
      {"TRADEWIND_LOCATION", "local/harbour"},
      {"TRADEWIND_NODE_IPS", "127.0.0.1"},
      {"TRADEWIND_NODE_RANK", "0"},
      {"TRADEWIND_NUM_GPUS_PER_NODE", "0"},
      {"TRADEWIND_NUM_NODES", "1"},
      {"TRADEWIND_PURCHASE", "spot"},
      {"TRADEWIND_RESTORED", "0"},
  };
  EXPECT_EQ(job_environment(spec, some_place()), expected);
}

TEST(JobEnvironment, NamesFoldersOnlyWhereTheyExist) {
  RunPlace place = some_place();
  place.checkpoint_dir = "/scratch/checkpoint";
  place.output_dir = "/scratch/out";
  place.inputs_dir = "/scratch/inputs";
  place.progress = "/scratch/progress";
  place.restored = true;
  auto variables = job_environment(JobSpec{}, place);
  EXPECT_EQ(variables["TRADEWIND_CHECKPOINT_DIR"], "/scratch/checkpoint");
  EXPECT_EQ(variables["TRADEWIND_OUTPUT_DIR"], "/scratch/out");
  EXPECT_EQ(variables["TRADEWIND_INPUTS"], "/scratch/inputs");
  EXPECT_EQ(variables["TRADEWIND_PROGRESS"], "/scratch/progress");
  EXPECT_EQ(variables["TRADEWIND_RESTORED"], "1");
  EXPECT_EQ(variables.count("TRADEWIND_JOB_NAME"), 0u);
}

TEST(JobEnvironment, ListsNodesByRankOnePerLineAndCountsWholeGpus) {
  JobSpec spec;
  spec.num_nodes = 2;
  RunPlace place = some_place();
  place.node_rank = 1;
  place.node_ips = {"10.0.0.1", "10.0.0.2"};
  place.accelerator = Accelerator{"T4", 0.5, 16};
  auto variables = job_environment(spec, place);
  EXPECT_EQ(variables["SKYPILOT_NODE_IPS"], "10.0.0.1\n10.0.0.2");
  EXPECT_EQ(variables["SKYPILOT_NODE_RANK"], "1");
  EXPECT_EQ(variables["SKYPILOT_NUM_NODES"], "2");
  EXPECT_EQ(variables["SKYPILOT_NUM_GPUS_PER_NODE"], "1");
  EXPECT_EQ(variables["TRADEWIND_ACCELERATOR"], "T4");
}

TEST(JobEnvironment, SeveralNodesFindEachOtherAsTorchHasThem) {
  JobSpec spec;
  spec.num_nodes = 2;
  RunPlace place = some_place();
  place.node_rank = 1;
  place.node_ips = {"10.0.0.1", "10.0.0.2"};
  place.master_port = 20001;
  auto variables = job_environment(spec, place);
  for (const std::string prefix : {"", "TRADEWIND_"}) {
    EXPECT_EQ(variables[prefix + "MASTER_ADDR"], "10.0.0.1");
    EXPECT_EQ(variables[prefix + "MASTER_PORT"], "20001");
    EXPECT_EQ(variables[prefix + "WORLD_SIZE"], "2");
    EXPECT_EQ(variables[prefix + "NNODES"], "2");
    EXPECT_EQ(variables[prefix + "RANK"], "1");
    EXPECT_EQ(variables[prefix + "NODE_RANK"], "1");
  }
  set_rank(variables, 0);
  for (const char* name : {"RANK", "NODE_RANK", "TRADEWIND_RANK", "TRADEWIND_NODE_RANK", "SKYPILOT_NODE_RANK",
                           "SKYPILOT_SETUP_NODE_RANK"})
    EXPECT_EQ(variables[name], "0") << name;
  spec.envs["MASTER_PORT"] = "29500";
  EXPECT_EQ(job_environment(spec, place)["MASTER_PORT"], "29500");
  EXPECT_EQ(job_environment(spec, place)["TRADEWIND_MASTER_PORT"], "29500");
  spec.envs = {{std::string(head_only_variable), "1"}};
  EXPECT_EQ(job_environment(spec, place).count("RANK"), 0U) << "what its script starts has ranks of its own";
}

TEST(JobEnvironment, AUserCannotFakeTheFactsOfAPlace) {
  JobSpec spec;
  spec.envs = {{"TRADEWIND_EPOCH", "99"}, {"SKYPILOT_NODE_RANK", "7"}};
  auto variables = job_environment(spec, some_place());
  EXPECT_EQ(variables["TRADEWIND_EPOCH"], "3");
  EXPECT_EQ(variables["SKYPILOT_NODE_RANK"], "0");
}

}  // namespace
}  // namespace tradewind
