// What is sent for the pods of a gang.
#include "edge/drivers/kubernetes/job_object.h"

#include <gtest/gtest.h>

#include "edge/drivers/kubernetes/json_path.h"

namespace tradewind::kubernetes {
namespace {

class GangObjects : public testing::Test {
 protected:
  GangObjects() {
    cluster_.name = "lab";
    cluster_.agent.path = "/agent";
    cluster_.shared_volume = "training";
    pool_.name = "small";
    request_.token = "l-one";
    request_.owner = OwnerId("0a");
    request_.job = JobId("j-1");
    request_.nodes = 3;
  }
  json::value job() const { return job_object(cluster_, pool_, request_); }
  static const json::value& pod(const json::value& job) { return *find(job, {"spec", "template", "spec"}); }
  static std::vector<std::string> command(const json::value& job) {
    std::vector<std::string> words;
    for (const json::value& word : list_at(pod(job).at("containers").at(0), {"command"}))
      words.emplace_back(word.as_string());
    return words;
  }
  static bool has(const std::vector<std::string>& words, const std::string& word) {
    return std::ranges::find(words, word) != words.end();
  }
  ClusterConfig cluster_;
  PoolConfig pool_;
  provider::LaunchRequest request_;
};

TEST_F(GangObjects, AGangIsAnIndexedJobOfAllItsPodsAtOnce) {
  cluster_.queue = "research";
  const json::value made = job();
  EXPECT_EQ(number_at(made, {"spec", "completions"}), 3);
  EXPECT_EQ(number_at(made, {"spec", "parallelism"}), 3);
  EXPECT_EQ(text_at(made, {"spec", "completionMode"}), "Indexed");
  EXPECT_EQ(number_at(made, {"spec", "backoffLimit"}), 0) << "one that fails ends all";
  EXPECT_TRUE(true_at(made, {"spec", "suspend"})) << "a queue admits all or none";
}

TEST_F(GangObjects, ItsPodsFindEachOtherAndMeetOnAVolume) {
  const json::value made = job();
  const std::string name = text_at(made, {"metadata", "name"});
  EXPECT_EQ(text_at(pod(made), {"subdomain"}), name);
  const std::vector<std::string> words = command(made);
  EXPECT_TRUE(has(
      words, "--node-ips=" + name + "-0." + name + "," + name + "-1." + name + "," + name + "-2." + name));
  EXPECT_TRUE(has(words, "--launcher=/tradewind/launcher"));
  for (const char* option : {"--scratch=", "--limit-file=", "--notice="}) {
    const std::string at = option + ("/tradewind-shared/" + name + "/");
    EXPECT_TRUE(std::ranges::any_of(words, [&](const auto& word) { return word.starts_with(at); })) << option;
  }
  std::string claim;
  for (const json::value& volume : list_at(pod(made), {"volumes"})) {
    if (text_at(volume, {"name"}) == "tradewind-shared")
      claim = text_at(volume, {"persistentVolumeClaim", "claimName"});
  }
  EXPECT_EQ(claim, "training");
}

TEST_F(GangObjects, AServiceNamesThePodsAndGoesWithTheJob) {
  json::value made = job();
  made.at("metadata").as_object()["uid"] = "u-1";
  const json::value service = service_object(made);
  EXPECT_EQ(text_at(service, {"metadata", "name"}), text_at(made, {"metadata", "name"}));
  EXPECT_EQ(text_at(service, {"spec", "clusterIP"}), "None");
  EXPECT_TRUE(true_at(service, {"spec", "publishNotReadyAddresses"}));
  const json::value labels = *find(made, {"spec", "template", "metadata", "labels"});
  const json::value* selector = find(service, {"spec", "selector"});
  ASSERT_NE(selector, nullptr);
  for (const auto& [label, value] : selector->as_object()) EXPECT_EQ(labels.at(label), value) << label;
  EXPECT_EQ(selector->as_object().size(), 2U);
  EXPECT_EQ(text_at(service.at("metadata").at("ownerReferences").at(0), {"uid"}), "u-1");
}

TEST_F(GangObjects, OnePodHasNothingOfThat) {
  request_.nodes = 1;
  const json::value made = job();
  EXPECT_EQ(number_at(made, {"spec", "completions"}), 1);
  EXPECT_EQ(find(made, {"spec", "completionMode"}), nullptr);
  EXPECT_EQ(find(pod(made), {"subdomain"}), nullptr);
  const std::string text = to_text(made);
  EXPECT_EQ(text.find("tradewind-shared/"), std::string::npos);
  EXPECT_EQ(text.find("--launcher"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::kubernetes
