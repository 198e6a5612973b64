#include "core/task/sbatch_job.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "core/model/job_environment.h"
#include "core/task/task_file.h"

namespace tradewind::task {
namespace {

SbatchFacts facts() {
  SbatchFacts facts;
  facts.submit_dir = "/home/ana/run";
  facts.home_dir = "/home/ana";
  facts.host = "login1";
  facts.user = "ana";
  facts.environment = {{"HOME", "/home/ana"}};
  facts.accelerator = [](std::string_view type) -> Result<std::string> {
    if (type == "a100") return std::string("A100");
    return Error{Code::not_found, "no", "did you mean 'A100'?"};
  };
  facts.any_gpu = {"H100", "A100"};
  facts.slurm_places = [](std::string_view cluster, std::string_view partition) -> std::vector<Location> {
    if (!cluster.empty() && cluster != "hpc") return {};
    if (partition == "gpu" || partition.empty()) return {{"slurm", "hpc", std::string(partition)}};
    return {};
  };
  facts.local_time = [](std::string_view text) -> std::optional<Time> {
    const Result<Time> time = parse_utc(std::string(text) + "Z");
    return time.ok() ? std::optional(*time) : std::nullopt;
  };
  return facts;
}

std::vector<SbatchGiven> line(const std::vector<std::string>& words) {
  std::vector<SbatchWord> given;
  for (const std::string& word : words) given.push_back({word});
  return read_sbatch_words(given, SbatchSource::command_line).given;
}

SbatchOutcome outcome(const std::string& directives, const std::vector<std::string>& words = {},
                      const SbatchFacts& given = facts(), const std::string& body = "true\n") {
  return make_sbatch_job({"#!/bin/bash\n" + directives + body, "jobs/train.sh", {}, line(words)}, given);
}

SbatchJob job(const std::string& directives, const std::vector<std::string>& words = {},
              const SbatchFacts& given = facts(), const std::string& body = "true\n") {
  const SbatchOutcome made = outcome(directives, words, given, body);
  for (const TaskError& error : made.errors) ADD_FAILURE() << describe(error, "s");
  return made.job;
}

std::string error_of(const std::string& directives, const std::vector<std::string>& words = {}) {
  const SbatchOutcome made = outcome(directives, words);
  return made.ok() ? "none" : describe(made.errors.front(), "s");
}

std::string told(const SbatchJob& made) {
  return join(made.not_done, "; ");
}

TEST(SbatchJob, AnOrdinaryScriptBecomesAJob) {
  const SbatchJob made =
      job("#SBATCH --job-name=train\n#SBATCH -N 1 -n 2 -c 4\n#SBATCH --mem=32G --time=1-12:00:00\n"
          "#SBATCH --gres=gpu:a100:2 --signal=B:USR1@120\n");
  EXPECT_EQ(made.spec.name, "train");
  EXPECT_EQ(made.spec.resources.cpus, (AmountRequest{8, true}));
  EXPECT_EQ(made.spec.resources.memory_gib, (AmountRequest{32, true}));
  EXPECT_EQ(made.spec.resources.accelerators, (std::vector<AcceleratorRequest>{{"A100", 2}}));
  EXPECT_EQ(made.spec.duration, std::optional<Duration>(std::chrono::hours(36)));
  EXPECT_EQ(made.spec.workdir, "/home/ana/run");
  EXPECT_EQ(made.run.signal, (std::optional<SlurmSignal>({"SIGUSR1", true, 120})));
  EXPECT_TRUE(made.not_done.empty()) << told(made);
  const std::map<std::string, std::string>& envs = made.spec.envs;
  EXPECT_EQ(envs.at("SLURM_JOB_NAME"), "train");
  EXPECT_EQ(envs.at("SLURM_NTASKS"), "2");
  EXPECT_EQ(envs.at("SLURM_CPUS_PER_TASK"), "4");
  EXPECT_EQ(envs.at("SLURM_MEM_PER_NODE"), "32768");
  EXPECT_EQ(envs.at("SLURM_SUBMIT_HOST"), "login1");
}

TEST(SbatchJob, TheTaskFileIsTheJob) {
  const SbatchJob made = job(
      "#SBATCH -J t -c 4 --mem=10000 --gpus=2 -t 90 --tmp=20G\n#TRADEWIND --checkpoint=state --budget=$20\n"
      "#TRADEWIND --outputs=a,b\n",
      {"--signal=USR1", "--deadline=now+2hours"});
  const TaskOutcome read = parse_task(to_yaml(made.spec), "", {});
  ASSERT_TRUE(read.ok()) << render(read.errors, "t", to_yaml(made.spec));
  JobSpec spec = read.task.spec;
  spec.kept = made.spec.kept;
  EXPECT_EQ(spec, made.spec);
  EXPECT_EQ(spec.checkpoint.signal, "SIGUSR1");
  EXPECT_EQ(spec.outputs, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(spec.resources.disk_size_gb, 20);
}

TEST(SbatchJob, TheCommandLineIsStrongerThanVariablesAndThoseThanTheScript) {
  SbatchFacts with = facts();
  with.environment["SBATCH_TIMELIMIT"] = "20";
  with.environment["SBATCH_MEM_PER_NODE"] = "2G";
  with.environment["SBATCH_WAIT"] = "1";
  const SbatchJob made = job("#SBATCH -t 10 --mem=1G -c 1\n#SBATCH -c 2\n", {"--time=30"}, with);
  EXPECT_EQ(made.spec.duration, std::optional<Duration>(std::chrono::minutes(30)));
  EXPECT_EQ(made.spec.resources.memory_gib->amount, 2);
  EXPECT_EQ(made.spec.resources.cpus->amount, 2) << "of two, the later";
  EXPECT_TRUE(made.wait);
}

TEST(SbatchJob, CoresMemoryAndGpusAreOfANode) {
  const SbatchJob spread = job("#SBATCH -N 2 -n 8 -c 2 --mem-per-cpu=1G --gpus=4\n");
  EXPECT_EQ(spread.spec.num_nodes, 2);
  EXPECT_TRUE(runs_on_head_only(spread.spec)) << "its own srun starts the rest";
  EXPECT_FALSE(runs_on_head_only(job("#SBATCH -N 1\n").spec));
  EXPECT_EQ(spread.spec.resources.cpus->amount, 8);
  EXPECT_EQ(spread.spec.resources.memory_gib->amount, 8);
  EXPECT_EQ(spread.spec.resources.accelerators, (std::vector<AcceleratorRequest>{{"H100", 2}, {"A100", 2}}));
  const SbatchJob per_task =
      job("#SBATCH --ntasks-per-node=4 --gpus-per-task=a100:1 --cpus-per-gpu=3 --mem-per-gpu=10G\n");
  EXPECT_EQ(per_task.spec.resources.accelerators.front().count, 4);
  EXPECT_EQ(per_task.spec.resources.cpus->amount, 12);
  EXPECT_EQ(per_task.spec.resources.memory_gib->amount, 40);
  EXPECT_EQ(job("").spec.resources, ResourceRequest{}) << "who asks for nothing may run anywhere";
  EXPECT_EQ(error_of("#SBATCH --mem=1G\n#SBATCH --mem-per-cpu=1G\n"),
            "s:3:9: --mem, --mem-per-cpu and --mem-per-gpu are mutually exclusive (keep one)");
  EXPECT_EQ(job("#SBATCH --mem=1G\n", {"--mem-per-cpu=2G"}).spec.resources.memory_gib->amount, 2);
  EXPECT_EQ(
      error_of("#SBATCH --gres=gpu:a10O:1\n"),
      "s:2:9: 'a10O' is no GPU that is known: it is a name of that cluster's own (did you mean 'A100'?)");
  EXPECT_EQ(error_of("#SBATCH -n 100000 -c 100000\n"), "s:2:12: no node has 10000000000 cores");
}

TEST(SbatchJob, WhatNothingIsDoneAboutIsTold) {
  const SbatchJob made = job("#SBATCH -A phys --mail-type=END --constraint=skylake\n#SBATCH --account=bio\n");
  EXPECT_EQ(told(made),
            "--mail-type=END (no mail is sent); --constraint=skylake (features are of one cluster's own, and "
            "slurm.yaml names them); --account=bio (slurm.yaml names the account of a cluster)");
  EXPECT_EQ(told(job("#SBATCH --requeue -v\n")), "") << "asks for what is so";
  EXPECT_EQ(
      told(job("#SBATCH --gres=gpu:1,shard:2 --mem=0\n")),
      "--gres=shard:2 (only gpu is known); --mem=0 (all memory of a node is not asked for, but a size)");
}

TEST(SbatchJob, WhatWouldDoHarmIsRefused) {
  EXPECT_EQ(
      error_of("#SBATCH -d afterok:17\n"),
      "s:2:12: --dependency is not there: jobs do not depend on each other: submit with --wait, and the next "
      "one after it");
  EXPECT_EQ(error_of("", {"--hold"}),
            "s: on the command line: --hold is not there: no job is held back: submit it when it "
            "may run");
  EXPECT_NE(error_of("#SBATCH --begin=16:00\n"), "none");
  EXPECT_EQ(error_of("#SBATCH --begin=now\n"), "none");
  EXPECT_EQ(error_of("#SBATCH -t 1h\n").substr(0, 24), "s:2:12: --time: '1h' is ");
}

TEST(SbatchJob, APartitionIsAPlaceOfAClusterThatIsConfigured) {
  EXPECT_EQ(job("#SBATCH -p gpu\n").spec.resources.infra, (std::vector<Location>{{"slurm", "hpc", "gpu"}}));
  EXPECT_EQ(job("", {"-M", "hpc"}).spec.resources.infra, (std::vector<Location>{{"slurm", "hpc", ""}}));
  const SbatchJob elsewhere = job("#SBATCH -p long\n");
  EXPECT_TRUE(elsewhere.spec.resources.infra.empty());
  EXPECT_EQ(told(elsewhere), "--partition=long (no cluster of slurm.yaml has it, so the job runs anywhere)");
  const SbatchJob own = job("#SBATCH -p gpu\n", {"--infra=aws,local/a"});
  EXPECT_EQ(own.spec.resources.infra, (std::vector<Location>{{"aws", "", ""}, {"local", "a", ""}}));
  EXPECT_EQ(told(own), "--partition=gpu (--infra says where)");
}

TEST(SbatchJob, TheFolderIsCopiedUnlessTheJobStaysHere) {
  const SbatchJob anywhere = job("");
  EXPECT_EQ(anywhere.spec.workdir, "/home/ana/run");
  EXPECT_TRUE(anywhere.run.in_place);
  const SbatchJob here = job("", {"--infra=local"});
  EXPECT_EQ(here.spec.workdir, "");
  EXPECT_NE(here.spec.run.find("cd /home/ana/run"), std::string::npos);
  const SbatchJob moves = job("#TRADEWIND --checkpoint=state\n", {"--infra=local"});
  EXPECT_EQ(moves.spec.workdir, "/home/ana/run") << "its state must be where the agent sees it";
  EXPECT_FALSE(moves.run.in_place);
  EXPECT_EQ(job("#SBATCH -D ../data/\n").spec.workdir, "/home/ana/run/../data");
  SbatchFacts at_home = facts();
  at_home.submit_dir = "/home/ana";
  const SbatchJob home = job("", {}, at_home);
  EXPECT_EQ(home.spec.workdir, "");
  EXPECT_NE(told(home).find("your home is not copied"), std::string::npos);
}

TEST(SbatchJob, VariablesGoAlongByName) {
  SbatchFacts with = facts();
  with.environment["LR"] = "0.1";
  with.environment["TOKEN"] = "x";
  const SbatchJob named = job("#SBATCH --export=LR,STEPS=5\n", {}, with, "echo $TOKEN\n");
  EXPECT_EQ(named.spec.envs.at("LR"), "0.1");
  EXPECT_EQ(named.spec.envs.at("STEPS"), "5");
  EXPECT_FALSE(named.spec.envs.contains("TOKEN"));
  EXPECT_EQ(told(named), "");
  const SbatchJob all = job("", {}, with, "echo $LR ${TOKEN:-} $LRX $HOME\n");
  EXPECT_FALSE(all.spec.envs.contains("LR")) << "no secret leaves this shell unasked";
  EXPECT_EQ(told(all),
            "the environment of this shell, of which the script reads LR, TOKEN (--export=LR,TOKEN takes "
            "that along)");
  EXPECT_EQ(told(job("", {"--export=NONE"}, with, "echo $LR\n")), "");
  EXPECT_EQ(told(job("", {"--export=NOPE"}, with)), "--export=NOPE (there is no such variable here)");
  EXPECT_EQ(error_of("", {"--export=a-b=c"}),
            "s: on the command line: 'a-b' is no name for a variable (write --export=NAME,NAME=VALUE)");
}

TEST(SbatchJob, AnArrayIsAJobForEachElement) {
  const SbatchJob made = job("#SBATCH --array=0-6:3%2 -J sweep\n");
  EXPECT_EQ(made.array->indexes, (std::vector<std::uint32_t>{0, 3, 6}));
  EXPECT_EQ(made.output, "/home/ana/run/slurm-%A_%a.out");
  EXPECT_EQ(told(made), "--array=0-6:3%2 (how many run at once is not limited)");
  const JobSpec first = element_of(made, 0, "");
  const JobSpec last = element_of(made, 6, "j-1");
  EXPECT_EQ(first.name, "sweep_0");
  EXPECT_FALSE(first.envs.contains("SLURM_ARRAY_JOB_ID"));
  EXPECT_NE(first.run.find("export SLURM_ARRAY_JOB_ID=\"$TRADEWIND_JOB_ID\""), std::string::npos);
  EXPECT_EQ(last.name, "sweep_6");
  EXPECT_EQ(last.envs.at("SLURM_ARRAY_JOB_ID"), "j-1");
  EXPECT_EQ(last.envs.at("SLURM_ARRAY_TASK_ID"), "6");
  EXPECT_EQ(last.envs.at("SLURM_ARRAY_TASK_COUNT"), "3");
  EXPECT_EQ(last.envs.at("SLURM_ARRAY_TASK_MAX"), "6");
  EXPECT_EQ(last.envs.at("SLURM_ARRAY_TASK_STEP"), "3");
}

TEST(SbatchJob, NamesAndFiles) {
  EXPECT_EQ(job("").spec.name, "train.sh");
  const SbatchJob odd = job("#SBATCH -J 'my job: 1'\n");
  EXPECT_EQ(odd.spec.name, "my-job-1");
  EXPECT_EQ(odd.spec.envs.at("SLURM_JOB_NAME"), "my job: 1");
  EXPECT_EQ(job("#SBATCH -o log/%x-%j.txt -e log/%x-%j.txt\n").output, "/home/ana/run/log/%x-%j.txt");
  EXPECT_EQ(told(job("#SBATCH -e errors.txt -o %N\n")),
            "%N in --output (it cannot be known); --error=errors.txt (output and errors come as one, in "
            "their order)");
  EXPECT_EQ(job("#SBATCH -o none\n").output, "/dev/null");
  EXPECT_TRUE(job("#SBATCH --open-mode=append\n").append);
  EXPECT_EQ(job("#SBATCH --nice\n").spec.priority, -100);
  EXPECT_EQ(job("", {"--deadline=2026-11-24T18:30:00"}).spec.deadline_at,
            std::optional(*parse_utc("2026-11-24T18:30:00Z")));
}

TEST(SbatchJob, WrapMakesAScript) {
  const SbatchOutcome made = make_sbatch_job({"", "", {}, line({"--wrap=hostname; date"})}, facts());
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made.job.spec.name, "wrap");
  EXPECT_EQ(made.job.run.interpreter, std::vector<std::string>{"/bin/sh"});
  EXPECT_NE(made.job.spec.run.find("\nhostname; date\n"), std::string::npos);
  EXPECT_NE(error_of("", {"--wrap=date"}), "none") << "a script and a command";
}

}  // namespace
}  // namespace tradewind::task
