#include "edge/drivers/slurm/command_output.h"

#include <gtest/gtest.h>

#include "edge/drivers/slurm/command_controller.h"

namespace tradewind::slurm {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(CommandOutput, ReadsWhatSqueuePrints) {
  const Result<std::vector<Job>> jobs = parse_squeue(
      "1|RUNNING|1795727356|1795730956|None|batch|tw-l-1-01234567|tradewind:0123:l-1\n"
      "3|PENDING|N/A|N/A|PartitionDown|closed|s.sh|(null)\n"
      "5|FAILED|1795727355|1795727355|BadConstraints|batch|a|b|c\n");
  ASSERT_TRUE(jobs.ok());
  ASSERT_EQ(jobs->size(), 3U);
  EXPECT_EQ(jobs->at(0), (Job{"1", JobState::running, "RUNNING", "", "tw-l-1-01234567", "tradewind:0123:l-1",
                              "batch", Time(seconds(1795727356)), Time(seconds(1795730956))}));
  EXPECT_EQ(jobs->at(1).reason, "PartitionDown");
  EXPECT_EQ(jobs->at(1).started, std::nullopt);
  EXPECT_EQ(jobs->at(2).comment, "b|c");
  EXPECT_TRUE(was_refused(jobs->at(2)));
  EXPECT_TRUE(parse_squeue("")->empty());
  EXPECT_EQ(parse_squeue("slurm_load_jobs error\n").error().code, Code::corrupt);
}

TEST(CommandOutput, ReadsPartitionsAndTheirNodes) {
  std::vector<Partition> partitions = parse_partitions(
      "PartitionName=batch AllowGroups=ALL Default=YES GraceTime=0 MaxNodes=2 MaxTime=01:00:00 "
      "PriorityTier=5 "
      "PreemptMode=OFF "
      "State=UP TotalCPUs=16\n"
      "PartitionName=spot GraceTime=5 MaxNodes=UNLIMITED MaxTime=UNLIMITED PriorityTier=1 "
      "PreemptMode=REQUEUE State=DOWN\n");
  ASSERT_TRUE(add_nodes("batch|n1|4|4096|gpu:a100:2(S:0-1)|idle\n"
                        "spot|n1|4|4096|gpu:a100:2|idle\n"
                        "spot|n2|8|8192|(null)|drained*\n",
                        partitions)
                  .ok());
  ASSERT_EQ(partitions.size(), 2U);
  EXPECT_EQ(partitions[0].max_time, hours(1));
  EXPECT_EQ(partitions[0].max_nodes, 2);
  EXPECT_EQ(partitions[1].max_nodes, 0);
  EXPECT_EQ(partitions[0].tier, 5);
  EXPECT_FALSE(partitions[0].preempt);
  EXPECT_EQ(partitions[0].nodes.at(0).gpus, (std::vector<Gpus>{{"a100", 2}}));
  EXPECT_EQ(partitions[1].max_time, std::nullopt);
  EXPECT_EQ(partitions[1].grace, seconds(5));
  EXPECT_EQ(partitions[1].state, "DOWN");
  EXPECT_TRUE(partitions[1].preempt);
  EXPECT_TRUE(partitions[1].nodes.at(0).usable);
  EXPECT_FALSE(partitions[1].nodes.at(1).usable);
  EXPECT_EQ(add_nodes("sinfo: error\n", partitions).error().code, Code::corrupt);
}

TEST(CommandOutput, ReadsGpusOfEachSpelling) {
  EXPECT_EQ(parse_gpus("gpu:2"), (std::vector<Gpus>{{"", 2}}));
  EXPECT_EQ(parse_gpus("shard:8,gpu:a100:4(S:0,1),gpu:l4:1"), (std::vector<Gpus>{{"a100", 4}, {"l4", 1}}));
  EXPECT_TRUE(parse_gpus("(null)").empty());
  EXPECT_TRUE(parse_gpus("gpu:none").empty());
}

TEST(CommandOutput, ReadsTimeLimits) {
  EXPECT_EQ(parse_time_limit("15"), minutes(15));
  EXPECT_EQ(parse_time_limit("30:05"), minutes(30) + seconds(5));
  EXPECT_EQ(parse_time_limit("02:03:04"), hours(2) + minutes(3) + seconds(4));
  EXPECT_EQ(parse_time_limit("1-02"), hours(26));
  EXPECT_EQ(parse_time_limit("7-00:00:00"), hours(168));
  EXPECT_EQ(parse_time_limit("UNLIMITED"), std::nullopt);
  EXPECT_EQ(parse_time_limit("99999999999999-00"), std::nullopt);
  EXPECT_EQ(parse_time_limit(""), std::nullopt);
}

TEST(CommandOutput, ExpandsHostlists) {
  EXPECT_EQ(expand_hostlist("n[1-3,07],login"), (std::vector<std::string>{"n1", "n2", "n3", "n07", "login"}));
  EXPECT_EQ(expand_hostlist("r[1-2]n[08-09]-ib"),
            (std::vector<std::string>{"r1n08-ib", "r1n09-ib", "r2n08-ib", "r2n09-ib"}));
  EXPECT_TRUE(expand_hostlist("").empty());
  EXPECT_EQ(expand_hostlist("n[1"), std::vector<std::string>{"n[1"});
}

TEST(CommandOutput, WordsThatAreNotKnownAreNoEnd) {
  EXPECT_EQ(job_state_from_word("CONFIGURING"), JobState::pending);
  EXPECT_EQ(job_state_from_word("COMPLETING"), JobState::completing);
  EXPECT_EQ(job_state_from_word("OUT_OF_MEMORY"), JobState::ended);
  EXPECT_EQ(job_state_from_word("A_STATE_TO_COME"), JobState::running);
}

TEST(CommandOutput, GivesErrorsTheirCodes) {
  const auto code = [](std::string_view words) { return slurm_error("sbatch failed", words).code; };
  const std::string failed = "sbatch: error: Batch job submission failed: ";
  EXPECT_EQ(code(failed + "Invalid account or account/partition combination specified"), Code::unauthorized);
  EXPECT_EQ(
      code(failed + "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"),
      Code::quota_exceeded);
  EXPECT_EQ(code(failed + "Invalid qos specification"), Code::unauthorized);
  EXPECT_EQ(code(failed + "Requested node configuration is not available"), Code::invalid_argument);
  EXPECT_EQ(code(failed + "Unable to contact slurm controller (connect failure)"), Code::unavailable);
  EXPECT_EQ(code(failed + "Socket timed out on send/recv operation"), Code::unavailable);
  EXPECT_EQ(code(failed + "Required partition not available (inactive or drain)"),
            Code::insufficient_capacity);
  EXPECT_EQ(code(failed + "Invalid partition name specified"), Code::invalid_argument);
  EXPECT_EQ(code(failed + "User's group not permitted to use this partition"), Code::unauthorized);
  EXPECT_EQ(code(""), Code::unavailable);
  EXPECT_EQ(slurm_error("sbatch failed", "\na\n\n b \n").message, "sbatch failed: a; b");
}

TEST(CommandOutput, SbatchIsToldAllThatTheUserAskedFor) {
  SubmitRequest request;
  request.name = "tw-l-1";
  request.comment = "tradewind:o:l-1";
  request.partition = "gpu";
  request.folder = "/srv/tw/i";
  request.output = "/srv/tw/i/job.log";
  request.cpus = 8;
  request.memory_mib = 4000;
  request.gres = "gpu:a100:2";
  request.account = "physics";
  request.exclusive = true;
  request.time_limit = seconds(61);
  request.notice_lead = seconds(60);
  request.more = {"--nice=100"};
  EXPECT_EQ(
      sbatch_arguments(request),
      (std::vector<std::string>{"--parsable", "--no-requeue", "--export=NONE", "--open-mode=append",
                                "--nodes=1", "--ntasks=1", "--job-name=tw-l-1", "--comment=tradewind:o:l-1",
                                "--partition=gpu", "--chdir=/srv/tw/i", "--output=/srv/tw/i/job.log",
                                "--cpus-per-task=8", "--mem=4000M", "--gres=gpu:a100:2", "--account=physics",
                                "--exclusive", "--time=2", "--signal=B:USR1@60", "--nice=100"}));
}

}  // namespace
}  // namespace tradewind::slurm
