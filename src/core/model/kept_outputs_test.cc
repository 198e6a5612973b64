#include "core/model/kept_outputs.h"

#include <gtest/gtest.h>

namespace tradewind {
namespace {

Result<std::vector<KeptFile>> read(const std::string& text) {
  return kept_files_from_json(parse_json(text).value(), "outputs.json");
}

std::string problem_of(const std::string& entry) {
  const auto files = read("{\"files\":[" + entry + "]}");
  EXPECT_FALSE(files.ok()) << entry;
  if (files.ok()) return {};
  EXPECT_EQ(files.error().code, Code::corrupt);
  return files.error().message;
}

TEST(KeptOutputs, SayTheSameThereAndBack) {
  const std::string digest(64, 'a');
  const std::vector<KeptFile> files = {{"out/sample.txt", 612, 0640, digest, {"outputs/out/sample.txt.0001"}},
                                       {"empty", 0, 0755, digest, {"outputs/empty.0001"}}};
  const auto again = kept_files_from_json(to_json(files), "outputs.json");
  ASSERT_TRUE(again.ok());
  ASSERT_EQ(again->size(), 2U);
  EXPECT_EQ((*again)[0].path, "out/sample.txt");
  EXPECT_EQ((*again)[0].size_bytes, 612U);
  EXPECT_EQ((*again)[0].mode, 0640U);
  EXPECT_EQ((*again)[0].sha256, digest);
  EXPECT_EQ((*again)[0].parts, files[0].parts);
  EXPECT_EQ(to_text(to_json(*again)), to_text(to_json(files)));
}

TEST(KeptOutputs, OfOlderAgentsHaveNoDigest) {
  const auto files = read(
      R"({"files":[{"path":"out/sample.txt","size":612,"mode":420,"parts":["outputs/out/sample.txt.0001"]}]})");
  ASSERT_TRUE(files.ok()) << files.error().message;
  EXPECT_EQ((*files)[0].sha256, "");
  EXPECT_EQ((*files)[0].mode, 0644U);
}

TEST(KeptOutputs, LeadNowhereElse) {
  for (const char* path : {"../x", "/etc/passwd", "a/../../x", "", "a//b", "./a", "a/", "a\\u0000b"}) {
    EXPECT_NE(problem_of(std::string(R"({"path":")") + path + R"(","size":1,"parts":["outputs/x.0001"]})")
                  .find("leads out of its folder"),
              std::string::npos)
        << path;
  }
  for (const char* part : {"../chunks/x", "manifests/m", "outputs/../ledger/1", "outputs"}) {
    EXPECT_NE(problem_of(std::string(R"({"path":"x","size":1,"parts":[")") + part + R"("]})")
                  .find("are not below outputs/"),
              std::string::npos)
        << part;
  }
}

TEST(KeptOutputs, SayWhereTheyAreWrong) {
  EXPECT_NE(problem_of(R"({"path":"x","size":-1,"parts":[]})").find("outputs.json.files[0].size"),
            std::string::npos);
  EXPECT_NE(problem_of(R"({"path":"x","size":1,"mode":99999,"parts":[]})").find("mode"), std::string::npos);
  EXPECT_NE(problem_of(R"({"path":"x","size":1,"sha256":"XYZ","parts":[]})").find("sha256"),
            std::string::npos);
  EXPECT_NE(problem_of(R"({"path":"x","size":1,"parts":[]},{"path":"x","size":1,"parts":[]})").find("twice"),
            std::string::npos);
  EXPECT_FALSE(read("{}").ok());
}

}  // namespace
}  // namespace tradewind
