#include "core/task/task_file.h"

#include <gtest/gtest.h>

namespace tradewind::task {
namespace {

ParsedTask parse(std::string_view yaml, const TaskOptions& options = {}) {
  const TaskOutcome outcome = parse_task(yaml, "job.yaml", options);
  EXPECT_TRUE(outcome.ok()) << render(outcome.errors, "job.yaml", yaml);
  return outcome.task;
}

ResourceRequest resources(const std::string& yaml) {
  return parse("run: x\nresources: " + yaml + "\n").spec.resources;
}

// "line:column message (hint)" of each error.
std::vector<std::string> errors_of(std::string_view yaml, const TaskOptions& options = {}) {
  std::vector<std::string> texts;
  for (const TaskError& error : parse_task(yaml, "job.yaml", options).errors)
    texts.push_back(describe(error, "f"));
  return texts;
}

using Texts = std::vector<std::string>;

TEST(TaskFile, ReadsEveryFieldThatIsActedOn) {
  const ParsedTask task = parse(R"(
name: bible-gpt
resources:
  accelerators: H100:8
  infra: aws/us-east-1
  instance_type: p5.48xlarge
  cpus: 96+
  memory: 1024+
  use_spot: true
  max_hourly_cost: 55.50
  job_recovery: {max_restarts_on_errors: 2}
workdir: code
setup: pip install -r requirements.txt
run: |
  python3 train.py
envs: {LR: 1e-4, DEBUG: true, EMPTY: ""}
outputs: [out, /var/log/train.log]
duration: 5h
work: {unit: token, total: 300e9, rate: {H100: 1_500.5, cpu: 90/min}}
deadline: 6h
budget: $25
checkpoint: {path: state, interval: 15m, signal: usr1, keep: 5, stores: [local, s3://bucket/x]}
avoid: [azure, gcp/us-central1]
priority: 7
)",
                                {.base_dir = "/home/ann/runs"});
  const JobSpec& spec = task.spec;
  EXPECT_EQ(task.warnings, Texts{});
  EXPECT_EQ(spec.name, "bible-gpt");
  ResourceRequest wanted;
  wanted.accelerators = {{"H100", 8}};
  wanted.infra = {{"aws", "us-east-1"}};
  wanted.instance_type = "p5.48xlarge";
  wanted.cpus = AmountRequest{96, true};
  wanted.memory_gib = AmountRequest{1024, true};
  wanted.use_spot = true;
  wanted.max_hourly_cost = Money::parse("55.50").value();
  wanted.max_restarts_on_errors = 2;
  EXPECT_EQ(spec.resources, wanted);
  EXPECT_EQ(spec.workdir, "/home/ann/runs/code");
  EXPECT_EQ(spec.setup, "pip install -r requirements.txt");
  EXPECT_EQ(spec.run, "python3 train.py\n");
  EXPECT_EQ(spec.envs,
            (std::map<std::string, std::string>{{"LR", "1e-4"}, {"DEBUG", "true"}, {"EMPTY", ""}}));
  EXPECT_EQ(spec.outputs, (Texts{"out", "/var/log/train.log"}));
  EXPECT_EQ(spec.duration, Duration(5 * 3'600'000));
  EXPECT_EQ(spec.work, (WorkRequest{"token", 300e9, {{"H100", 1500.5}, {"cpu", 1.5}}}));
  EXPECT_EQ(spec.deadline_after, Duration(6 * 3'600'000));
  EXPECT_EQ(spec.budget, Money::parse("25").value());
  EXPECT_EQ(spec.checkpoint,
            (CheckpointRequest{"state", Duration(900'000), "SIGUSR1", 5, {"local", "s3://bucket/x"}}));
  EXPECT_EQ(spec.avoid, (std::vector<Location>{{"azure"}, {"gcp", "us-central1"}}));
  EXPECT_EQ(spec.priority, 7);
  EXPECT_TRUE(spec.kept.empty());
}

TEST(TaskFile, NamesAllFieldsThatAreOnlyKeptInOneWarning) {
  const ParsedTask task = parse(R"(
run: serve
num_nodes: 2
resources:
  ports: [8080, 9000-9010]
  labels: {team: nlp}
  disk_size: 256
  image_id: docker:ubuntu
  job_recovery: {strategy: EAGER_NEXT_REGION, max_restarts_on_errors: 3}
  any_of: [{infra: aws, disk_tier: best}, {infra: gcp, disk_tier: low}]
file_mounts: {/data: s3://corpus, /ckpt: {source: gs://b, mode: MOUNT}}
inputs: {s3://corpus: 100}
service: {replicas: 2}
config: {docker: {run_options: [-v, --gpus=all]}}
max_share: {aws: 60%}
)");
  ASSERT_EQ(task.warnings.size(), 1u);
  EXPECT_EQ(task.warnings[0],
            "not acted on yet, only kept: resources.disk_size, resources.ports, resources.labels, "
            "resources.job_recovery.strategy, resources.image_id, resources.any_of.disk_tier, "
            "service, config, max_share");
  EXPECT_EQ(task.spec.num_nodes, 2);
  EXPECT_EQ(task.spec.resources.ports, (Texts{"8080", "9000-9010"}));
  EXPECT_EQ(task.spec.resources.disk_size_gb, 256);
  EXPECT_EQ(task.spec.resources.max_restarts_on_errors, 3);
  EXPECT_EQ(task.spec.file_mounts,
            (FileMounts{{"/data", {"s3://corpus"}}, {"/ckpt", {"gs://b", MountMode::mount}}}));
  EXPECT_EQ(task.spec.inputs, (JobInputs{{"corpus", {"s3://corpus", 100}}}));
  EXPECT_EQ(task.spec.max_share, (std::map<std::string, double>{{"aws", 0.6}}));
  EXPECT_EQ(to_text(task.spec.kept.at("service")), R"({"replicas":2})");
  EXPECT_EQ(to_text(task.spec.kept.at("config")), R"({"docker":{"run_options":["-v","--gpus=all"]}})");
  EXPECT_EQ(to_text(task.spec.kept.at("resources.any_of[1].disk_tier")), R"("low")");
}

TEST(TaskFile, ReadsAcceleratorsInEverySpelling) {
  using Wanted = std::vector<AcceleratorRequest>;
  EXPECT_EQ(resources("{accelerators: H100}").accelerators, (Wanted{{"H100", 1}}));
  EXPECT_EQ(resources("{gpus: 'H100: 8'}").accelerators, (Wanted{{"H100", 8}}));
  EXPECT_EQ(resources("{accelerators: {H100: 8}}").accelerators, (Wanted{{"H100", 8}}));
  EXPECT_EQ(resources("{accelerators: {H100: 8, A100-80GB: 4}}").accelerators,
            (Wanted{{"H100", 8}, {"A100-80GB", 4}}));
  EXPECT_EQ(resources("{accelerators: [A100, 'H100:2']}").accelerators, (Wanted{{"A100", 1}, {"H100", 2}}));
  EXPECT_EQ(resources("{accelerators: {A100:1, Inferentia:6, T4}}").accelerators,
            (Wanted{{"A100", 1}, {"Inferentia", 6}, {"T4", 1}}));
  EXPECT_EQ(resources("{accelerators: T4:0.5}").accelerators, (Wanted{{"T4", 0.5}}));
  EXPECT_EQ(resources("{accelerators: }").accelerators, Wanted{});
}

TEST(TaskFile, ReadsPlacesInEverySpelling) {
  using Places = std::vector<Location>;
  EXPECT_EQ(resources("{infra: local/zone-a}").infra, (Places{{"local", "zone-a"}}));
  EXPECT_EQ(resources("{infra: [aws, gcp/us-central1/us-central1-a]}").infra,
            (Places{{"aws"}, {"gcp", "us-central1", "us-central1-a"}}));
  EXPECT_EQ(resources("{cloud: aws, region: us-east-1, zone: us-east-1a}").infra,
            (Places{{"aws", "us-east-1", "us-east-1a"}}));
  EXPECT_EQ(resources("{infra: AWS/us-east-1}").infra, (Places{{"aws", "us-east-1"}}));
  EXPECT_EQ(resources("{infra: k8s/my-cluster}").infra, (Places{{"kubernetes", "my-cluster"}}));
  EXPECT_EQ(resources("{cloud: GCP}").infra, (Places{{"gcp"}}));
  EXPECT_EQ(resources("{infra: \"*\"}").infra, Places{});
  EXPECT_EQ(resources("{infra: aws/*/*}").infra, (Places{{"aws"}}));
  EXPECT_EQ(errors_of("run: x\nresources: {infra: '*/us-east-1'}\n"),
            (Texts{"f:2:20: resources.infra is '*/us-east-1'; expected provider, provider/region or "
                   "provider/region/zone, such as aws/us-east-1"}));
  EXPECT_EQ(errors_of("run: x\nresources: {region: us-east-1}\n"),
            (Texts{"f:2:13: resources.region has no cloud (write infra: cloud/region/zone)"}));
  EXPECT_EQ(errors_of("run: x\nresources: {cloud: aws, infra: gcp}\n"),
            (Texts{"f:2:13: resources.cloud and resources.infra are both given (keep infra)"}));
  EXPECT_EQ(errors_of("run: x\nresources: {cloud: aws, zone: us-east-1a}\n"),
            (Texts{"f:2:25: resources.zone has no region (write infra: cloud/region/zone)"}));
}

TEST(TaskFile, AlternativesInheritWhatStandsOutsideAndReplaceWhatTheySay) {
  const ResourceRequest request = parse(R"(
run: x
resources:
  cloud: aws
  region: us-east-1
  cpus: 8+
  use_spot: true
  any_of:
    - accelerators: H100
    - {region: us-west-2, accelerators: A100:8, use_spot: false}
    - infra: gcp
    - {cloud: azure, cpus: 4}
)")
                                      .spec.resources;
  ASSERT_EQ(request.any_of.size(), 4u);
  for (const ResourceRequest& alternative : request.any_of) EXPECT_EQ(alternative.any_of.size(), 0u);
  EXPECT_EQ(request.any_of[0].infra, (std::vector<Location>{{"aws", "us-east-1"}}));
  EXPECT_EQ(request.any_of[0].accelerators, (std::vector<AcceleratorRequest>{{"H100", 1}}));
  EXPECT_EQ(request.any_of[0].cpus, (AmountRequest{8, true}));
  EXPECT_EQ(request.any_of[0].use_spot, true);
  EXPECT_EQ(request.any_of[1].infra, (std::vector<Location>{{"aws", "us-west-2"}}));
  EXPECT_EQ(request.any_of[1].use_spot, false);
  EXPECT_EQ(request.any_of[2].infra, (std::vector<Location>{{"gcp"}}));
  EXPECT_EQ(request.any_of[3].infra, (std::vector<Location>{{"azure"}}));
  EXPECT_EQ(request.any_of[3].cpus, (AmountRequest{4, false}));
}

TEST(TaskFile, ReportsAnErrorInWhatIsInheritedOnce) {
  EXPECT_EQ(errors_of("run: x\nresources:\n  cpus: many\n  ordered: [{infra: aws}, {infra: gcp}]\n"),
            (Texts{"f:3:9: resources.cpus is 'many'; expected a number such as 4, or 4+ for at least four"}));
}

TEST(TaskFile, ReadsSizesMoneyAndDeadlinesAsPeopleWriteThem) {
  for (const char* memory : {"64", "64GB", "64 gib", "65536MB", "0.0625TB"}) {
    EXPECT_EQ(resources("{memory: " + std::string(memory) + "}").memory_gib, (AmountRequest{64, false}))
        << memory;
  }
  EXPECT_EQ(resources("{memory: 64GB+}").memory_gib, (AmountRequest{64, true}));
  for (const char* budget : {"25", "25.00", "$25", "25 USD", "'$ 25'", "25USD"}) {
    EXPECT_EQ(parse("run: x\nbudget: " + std::string(budget)).spec.budget, Money::parse("25").value())
        << budget;
  }
  EXPECT_EQ(parse("run: x\ndeadline: 2026-11-24T18:30:00Z").spec.deadline_at,
            parse_utc("2026-11-24T18:30:00Z").value());
  EXPECT_EQ(parse("run: x\ndeadline: 2d").spec.deadline_after, Duration(2 * 86'400'000));
}

TEST(TaskFile, ReportsAllErrorsAtOnceInTheOrderOfLines) {
  const std::string yaml =
      "name: my job\n"
      "resources:\n"
      "  acelerators: H100\n"
      "  cpus: [1, 2]\n"
      "  use_spot: maybe\n"
      "  duration: 5h\n"
      "accelerators: A100\n"
      "run: a\n"
      "num_nodes: 0\n"
      "budget: 25 EUR\n"
      "checkpoint: {signal: KILL, keep: 0, keep_best: {count: 2, of: loss}, bandwidth: 0}\n"
      "run: b\n";
  const std::string name_error =
      "f:1:7: name is 'my job'; expected 1 to 63 letters, digits, '-', '_' or '.', a letter or digit first";
  EXPECT_EQ(
      errors_of(yaml),
      (Texts{
          name_error,
          "f:3:3: resources has no field 'acelerators' (did you mean 'accelerators'?)",
          "f:4:9: resources.cpus is a list; expected a number such as 4, or 4+ for at least four",
          "f:5:13: resources.use_spot is 'maybe'; expected true or false",
          "f:6:3: resources has no field 'duration' (it belongs to the top of the file)",
          "f:7:1: a task file has no field 'accelerators' (it belongs under resources)",
          "f:9:12: num_nodes is '0'; expected a whole number from 1 to 10000",
          ("f:10:9: budget is '25 EUR'; expected an amount of US dollars above zero, such as 25, $25 or "
           "12.50 "
           "USD"),
          "f:11:22: checkpoint.signal is 'SIGKILL'; expected SIGUSR1, SIGUSR2, SIGHUP, SIGINT or SIGTERM",
          "f:11:34: checkpoint.keep is '0'; expected a whole number from 1 to 100000",
          "f:11:48: checkpoint.keep_best does not say by which metric (add metric: and its name, such as "
          "loss)",
          "f:11:59: checkpoint.keep_best has no field 'of' (it has metric, count and highest)",
          "f:11:81: checkpoint.bandwidth: '0' is no bandwidth (write bytes in a second, such as 50M, 1.5G or "
          "800k; off for no limit, or pause)",
          "f:12:1: 'run' is given twice; it stands in line 8 already (keep one of them)",
      }));
}

TEST(TaskFile, AJobWithoutANameIsCalledAsItsFile) {
  EXPECT_EQ(parse_task("run: x", "runs/train v2.yaml").task.spec.name, "train-v2");
  EXPECT_EQ(parse_task("run: x", "/a/b/성경.yaml").task.spec.name, "");
  EXPECT_EQ(parse_task("run: x", "").task.spec.name, "");
  EXPECT_EQ(parse_task("run: x", std::string(100, 'a') + ".yaml").task.spec.name, std::string(63, 'a'));
}

TEST(TaskFile, TheCommandLineFillsAndOverridesVariables) {
  const std::string yaml = "run: x\nenvs: {MODEL: small, TOKENS: null, SIZE: }\n";
  EXPECT_EQ(errors_of(yaml), (Texts{"f:2:22: envs.TOKENS has no value (give it with --env TOKENS=…)",
                                    "f:2:36: envs.SIZE has no value (give it with --env SIZE=…)"}));
  const std::map<std::string, std::string> given = {
      {"TOKENS", "5"}, {"SIZE", ""}, {"MODEL", "big"}, {"MORE", "1"}};
  EXPECT_EQ(parse(yaml, {.envs = given}).spec.envs, given);
  EXPECT_TRUE(errors_of("run: x\nenvs: {TRADEWIND_HEAD_ONLY: 1}\n").empty()) << "the user's to say";
  EXPECT_EQ(
      errors_of("run: x", {.envs = {{"2X", "1"}, {"TRADEWIND_JOB_ID", "j"}}}),
      (Texts{"f: --env 2X is no name for a variable: letters, digits and '_' only, and no digit first",
             "f: --env TRADEWIND_JOB_ID is a name that the job gets from Tradewind itself: choose another"}));
}

TEST(TaskFile, KeepsNamesOfSecretsAndNeverTheirValues) {
  const ParsedTask task = parse("run: x\nsecrets: {HF_TOKEN: null, WANDB_API_KEY: hunter2}\n");
  EXPECT_EQ(task.spec.secrets, (Texts{"HF_TOKEN", "WANDB_API_KEY"}));
  EXPECT_EQ(tradewind::to_text(tradewind::to_json(task.spec)).find("hunter2"), std::string::npos);
  ASSERT_EQ(task.warnings.size(), 2u);
  EXPECT_EQ(task.warnings[0],
            "the value of secrets.WANDB_API_KEY in the file is not used or stored: set WANDB_API_KEY in your "
            "environment, and leave the value out here");
  EXPECT_EQ(task.warnings[1], "not acted on yet, only kept: secrets");
  EXPECT_EQ(parse("run: x\nsecrets: [A, A, B]\n").spec.secrets, (Texts{"A", "B"}));
}

TEST(TaskFile, ResolvesWorkdirAgainstTheCallersFolder) {
  const TaskOptions options{.base_dir = "/w/한글 dir", .home_dir = "/home/ann"};
  EXPECT_EQ(parse("run: x\nworkdir: .", options).spec.workdir, "/w/한글 dir");
  EXPECT_EQ(parse("run: x\nworkdir: ../b/", options).spec.workdir, "/w/b");
  EXPECT_EQ(parse("run: x\nworkdir: /abs", options).spec.workdir, "/abs");
  EXPECT_EQ(parse("run: x\nworkdir: ~/src", options).spec.workdir, "/home/ann/src");
  EXPECT_EQ(parse("run: x\nworkdir: '~'", options).spec.workdir, "/home/ann");
  EXPECT_EQ(parse("run: x\nworkdir: rel").spec.workdir, "rel");
  EXPECT_EQ(errors_of("run: x\nworkdir: ~bob/x", options),
            (Texts{"f:2:10: workdir is '~bob/x'; expected a folder; '~' stands for your own home only"}));
  EXPECT_EQ(
      errors_of("run: x\nworkdir: {url: https://x}", options),
      (Texts{"f:2:10: workdir is a mapping; expected a folder (clone a git repository in setup instead)"}));
}

TEST(TaskFile, ARateWithoutANameHoldsForAllThatIsAskedFor) {
  EXPECT_EQ(parse("run: x\nwork: {rate: 3}").spec.work.rate_per_s,
            (std::map<std::string, double>{{"cpu", 3}}));
  EXPECT_EQ(
      parse("work: {rate: 7200/h}\nrun: x\nresources: {accelerators: [A100, H100]}").spec.work.rate_per_s,
      (std::map<std::string, double>{{"A100", 2}, {"H100", 2}}));
}

TEST(TaskFile, WantsSomethingToRunUnlessOnlyAPlanIsMade) {
  EXPECT_EQ(errors_of("name: a\n"),
            (Texts{"f:1:1: run is missing: there is nothing to run (add run: and a command)"}));
  EXPECT_EQ(errors_of("run: ' '\n"), (Texts{"f:1:6: run is empty: there is nothing to run (add a command)"}));
  EXPECT_EQ(errors_of("run: [a]\n"), (Texts{"f:1:6: run is a list; expected text"}));
  EXPECT_EQ(errors_of("name: a\n", {.run_required = false}), Texts{});
  EXPECT_EQ(parse("run: true").spec.run, "true");
}

TEST(TaskFile, MergesMappingsThroughAnchors) {
  const ResourceRequest request =
      resources("{any_of: [&base {infra: aws, cpus: 4}, {<<: *base, infra: gcp}, {<<: [*base], memory: 8}]}");
  ASSERT_EQ(request.any_of.size(), 3u);
  EXPECT_EQ(request.any_of[1].infra, (std::vector<Location>{{"gcp"}}));
  EXPECT_EQ(request.any_of[1].cpus, (AmountRequest{4, false}));
  EXPECT_EQ(request.any_of[2].infra, (std::vector<Location>{{"aws"}}));
}

TEST(TaskFile, APolicyIsNamedAndItsNearWordSaid) {
  EXPECT_EQ(parse("run: x\npolicy: Failover").spec.policy, "failover");
  EXPECT_EQ(parse("run: x\nwaiting_cost: 3 USD").spec.waiting_cost, Money::parse("3").value());
  const TaskOutcome wrong = parse_task("run: x\npolicy: tradewinds\n", "f", {});
  ASSERT_EQ(wrong.errors.size(), 1U);
  EXPECT_EQ(wrong.errors[0].hint, "did you mean 'tradewind'?");
}

}  // namespace
}  // namespace tradewind::task
