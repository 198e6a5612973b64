#include <gtest/gtest.h>

#include "core/task/task_file.h"

namespace tradewind::task {
namespace {

TaskOptions at_home() {
  TaskOptions options;
  options.base_dir = "/home/ann/runs";
  options.home_dir = "/home/ann";
  options.run_required = false;
  return options;
}

JobSpec parse(const std::string& yaml) {
  const TaskOutcome outcome = parse_task(yaml, "f", at_home());
  EXPECT_TRUE(outcome.ok()) << render(outcome.errors, "f", yaml);
  EXPECT_TRUE(outcome.task.warnings.empty());
  return outcome.task.spec;
}

std::string first_error(const std::string& yaml) {
  const TaskOutcome outcome = parse_task(yaml, "f", at_home());
  if (outcome.errors.empty()) return "none";
  return describe(outcome.errors.front(), "f");
}

TEST(DataFields, MountsAreReadAsSkyPilotsUsersWriteThem) {
  const JobSpec spec = parse(R"(
file_mounts:
  /data: s3://bucket/prefix
  ./conf: ./local/conf
  ~/keys: ~/my keys/
  /ckpt: {source: gs://b, mode: MOUNT}
  /cold: {source: s3://c}
  /copy: {source: s3://c/d, mode: copy, persistent: false}
  /named: {name: my-bucket, store: gcs, mode: COPY}
  code: {source: src}
)");
  const FileMounts wanted = {
      {"/data", {"s3://bucket/prefix"}},       {"./conf", {"/home/ann/runs/local/conf"}},
      {"~/keys", {"/home/ann/my keys"}},       {"/ckpt", {"gs://b", MountMode::mount}},
      {"/cold", {"s3://c", MountMode::mount}}, {"/copy", {"s3://c/d"}},
      {"/named", {"gs://my-bucket"}},          {"code", {"/home/ann/runs/src"}}};
  EXPECT_EQ(spec.file_mounts, wanted);
}

TEST(DataFields, MountsThatCannotBeAreRefusedWithTheirPlace) {
  EXPECT_EQ(first_error("file_mounts: {../x: s3://b}").find("f:1:"), 0u);
  EXPECT_NE(first_error("file_mounts: {../x: s3://b}").find("'../x' has a part '..'"), std::string::npos);
  EXPECT_NE(first_error("file_mounts: {a: s3://b, a/b: s3://c}").find("lie within each other"),
            std::string::npos);
  EXPECT_NE(first_error("file_mounts: {a: {source: s3://b, mode: MOUNT_CACHED}}").find("outputs"),
            std::string::npos);
  EXPECT_NE(first_error("file_mounts: {a: {source: ./x, mode: MOUNT}}").find("mode: COPY"),
            std::string::npos);
  EXPECT_NE(first_error("file_mounts: {a: {sourse: s3://b}}").find("did you mean 'source'?"),
            std::string::npos);
  EXPECT_NE(first_error("file_mounts: {a: {name: b}}").find("source is missing"), std::string::npos);
  EXPECT_NE(first_error("file_mounts: {a: \"s3://b/\\n\"}").find("URL of a store"), std::string::npos);
}

TEST(DataFields, InputsHaveNamesOrTheEndsOfTheirUrls) {
  EXPECT_EQ(parse("inputs: {corpus: s3://b/c, big: {source: s3://b/d, size_gb: 2.5}}").inputs,
            (JobInputs{{"corpus", {"s3://b/c"}}, {"big", {"s3://b/d", 2.5}}}));
  EXPECT_EQ(parse("inputs: {s3://b/c: 100}").inputs, (JobInputs{{"c", {"s3://b/c", 100}}}));
  EXPECT_EQ(parse("inputs: [s3://b/c, gs://d]").inputs, (JobInputs{{"c", {"s3://b/c"}}, {"d", {"gs://d"}}}));
  EXPECT_EQ(parse("inputs: s3://b/c/").inputs, (JobInputs{{"c", {"s3://b/c/"}}}));
}

TEST(DataFields, InputsThatCannotBeAreRefused) {
  EXPECT_NE(first_error("inputs: {a/b: s3://c}").find("cannot be called 'a/b'"), std::string::npos);
  EXPECT_NE(first_error("inputs: {..: s3://c}").find("cannot be called"), std::string::npos);
  EXPECT_NE(first_error("inputs: [s3://a/c, s3://b/c]").find("called 'c' as another is"), std::string::npos);
  EXPECT_NE(first_error("inputs: {a: /srv/data}").find("URL of a store"), std::string::npos);
  EXPECT_NE(first_error("inputs: {a: {size_gb: 3}}").find("source is missing"), std::string::npos);
  EXPECT_NE(first_error("inputs: {a: {source: s3://c, size_gb: -3}}").find("size_gb"), std::string::npos);
}

TEST(DataFields, OutputsMayNameWhereTheyAreCopiedTo) {
  const JobSpec spec = parse("outputs: {model: s3://b/models/a, log.txt: }");
  EXPECT_EQ(spec.outputs, (std::vector<std::string>{"model", "log.txt"}));
  EXPECT_EQ(spec.output_copies, (std::map<std::string, std::string>{{"model", "s3://b/models/a"}}));
  EXPECT_NE(first_error("outputs: {model: results}").find("URL of a store"), std::string::npos);
}

TEST(DataFields, SizesBesideOutputsAreKept) {
  const TaskOutcome outcome = parse_task("outputs: {model: 12, log: s3://b/log}", "f", at_home());
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome.task.warnings.size(), 1u);
  EXPECT_EQ(outcome.task.spec.outputs, (std::vector<std::string>{"model", "log"}));
  EXPECT_EQ(outcome.task.spec.output_copies.size(), 1u);
}

}  // namespace
}  // namespace tradewind::task
