#include "core/model/job_data.h"

#include <gtest/gtest.h>

namespace tradewind {
namespace {

TEST(JobData, TargetsHaveOneSpelling) {
  EXPECT_EQ(normal_target("./data//a/").value(), "data/a");
  EXPECT_EQ(normal_target("/data/").value(), "/data");
  EXPECT_EQ(normal_target("~/data").value(), "~/data");
}

TEST(JobData, TargetsThatLeadElsewhereAreRefusedByName) {
  for (const std::string target : {"", "/", ".", "~", "~ann/x", "../x", "a/../b", "/a/..", "a\nb", "a\x7f"}) {
    const Result<std::string> refused = normal_target(target);
    ASSERT_FALSE(refused.ok()) << target;
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
  }
  EXPECT_NE(normal_target("../x").error().message.find("'../x'"), std::string::npos);
}

TEST(JobData, NoTargetLiesWithinAnother) {
  EXPECT_TRUE(check_targets_apart({{"data", {"s3://a"}}, {"data2", {"s3://b"}}, {"/data", {"s3://c"}}}).ok());
  EXPECT_FALSE(check_targets_apart({{"data", {"s3://a"}}, {"./data/sub", {"s3://b"}}}).ok());
  EXPECT_FALSE(check_targets_apart({{"data", {"s3://a"}}, {"./data", {"s3://b"}}}).ok());
}

TEST(JobData, AnInputIsCalledByTheEndOfItsUrl) {
  EXPECT_EQ(input_name_of("s3://bucket/a/corpus?region=x"), "corpus");
  EXPECT_EQ(input_name_of("s3://bucket/"), "bucket");
  EXPECT_EQ(input_name_of("file:///srv/my%20data"), "");
}

TEST(JobData, MountsAndInputsReadBackEqual) {
  const FileMounts mounts = {{"/data", {"s3://corpus"}}, {"ckpt", {"gs://b", MountMode::mount}}};
  EXPECT_EQ(to_text(to_json(mounts)), R"({"/data":"s3://corpus","ckpt":{"source":"gs://b","mode":"mount"}})");
  EXPECT_EQ(file_mounts_from_json(to_json(mounts), "m").value(), mounts);
  EXPECT_FALSE(file_mounts_from_json(json::object{{"a", json::object{{"mode", "copy"}}}}, "m").ok());
  const JobInputs inputs = {{"corpus", {"s3://corpus", 100}}};
  EXPECT_EQ(job_inputs_from_json(to_json(inputs), "i").value(), inputs);
  EXPECT_FALSE(job_inputs_from_json(json::object{{"a", "s3://x"}}, "i").ok());
}

}  // namespace
}  // namespace tradewind
