#include "edge/objectstore/gcs/gcs_url.h"

#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

std::string read(std::string_view url) {
  const Result<GcsUrl> parsed = parse_gcs_url(url);
  if (!parsed.ok()) return describe(parsed.error());
  return parsed->bucket + " " + parsed->prefix + " " + io::to_text(address_of(*parsed)) +
         (is_anonymous(*parsed) ? " anonymous" : "");
}

TEST(GcsUrl, ABucketIsAtGoogleUnlessAnEndpointIsSaid) {
  EXPECT_EQ(read("gs://runs"), "runs  https://storage.googleapis.com:443");
  EXPECT_EQ(read("gs://runs/team/a/"), "runs team/a https://storage.googleapis.com:443");
  EXPECT_EQ(read("gcs://my_runs.example.com/a"), "my_runs.example.com a https://storage.googleapis.com:443");
  EXPECT_EQ(read("gs://runs/a?endpoint=http://127.0.0.1:4443"), "runs a http://127.0.0.1:4443 anonymous");
  EXPECT_EQ(read("gs://runs?endpoint=https://storage-acme.p.googleapis.com"),
            "runs  https://storage-acme.p.googleapis.com:443");
}

TEST(GcsUrl, PastedUrlsAreUnderstood) {
  for (const char* url :
       {"https://storage.googleapis.com/runs/team/a", "https://storage.cloud.google.com/runs/team/a",
        "https://runs.storage.googleapis.com/team/a"}) {
    EXPECT_TRUE(is_pasted_gcs_url(url)) << url;
    EXPECT_EQ(to_text(*parse_gcs_url(url)), "gs://runs/team/a");
  }
  for (const char* url : {"https://example.com/runs", "http://storage.googleapis.com/runs",
                          "https://storage.googleapis.com.example.com/runs", "ftp://x"}) {
    EXPECT_FALSE(is_pasted_gcs_url(url)) << url;
    EXPECT_FALSE(parse_gcs_url(url).ok()) << url;
  }
}

TEST(GcsUrl, AnonymousIsSaidOrMeantForEmulators) {
  EXPECT_EQ(read("gs://public/a?anonymous=yes"), "public a https://storage.googleapis.com:443 anonymous");
  EXPECT_EQ(read("gs://runs?endpoint=http://127.0.0.1:4443&anonymous=no"), "runs  http://127.0.0.1:4443");
  EXPECT_NE(read("gs://runs?anonymous=maybe").find("yes or no"), std::string::npos);
}

TEST(GcsUrl, TheTextSaysItAgain) {
  const std::string text =
      "gs://runs/a?endpoint=http://127.0.0.1:4443&project=acme.com:billing-1&anonymous=no";
  const Result<GcsUrl> parsed = parse_gcs_url(text);
  ASSERT_TRUE(parsed.ok()) << describe(parsed.error());
  EXPECT_EQ(to_text(*parsed), text);
  EXPECT_EQ(parsed->project, "acme.com:billing-1");
  EXPECT_EQ(parse_gcs_url(to_text(*parsed)).value_or({}), *parsed);
}

TEST(GcsUrl, TheEmulatorOfTheEnvironmentIsUsedWhereTheUrlNamesNone) {
  GcsUrl url = *parse_gcs_url("gs://runs");
  ASSERT_TRUE(complete_gcs_url(url, {{"STORAGE_EMULATOR_HOST", "localhost:4443"}}).ok());
  EXPECT_EQ(io::to_text(address_of(url)), "http://localhost:4443");
  EXPECT_TRUE(is_anonymous(url));
  url = *parse_gcs_url("gs://runs?endpoint=https://store.example.com");
  ASSERT_TRUE(complete_gcs_url(url, {{"STORAGE_EMULATOR_HOST", "http://localhost:4443"}}).ok());
  EXPECT_EQ(io::to_text(address_of(url)), "https://store.example.com:443");
  url = *parse_gcs_url("gs://runs");
  const Status bad = complete_gcs_url(url, {{"STORAGE_EMULATOR_HOST", "http://a b/c"}});
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().message.find("STORAGE_EMULATOR_HOST"), std::string::npos);
}

TEST(GcsUrl, WhatIsWrongIsTold) {
  EXPECT_NE(read("gs:///a").find("names no bucket"), std::string::npos);
  for (const char* url : {"gs://Runs", "gs://ab", "gs://-runs", "gs://runs-", "gs://a..b", "gs://run s"}) {
    EXPECT_NE(read(url).find("a bucket that cannot be"), std::string::npos) << read(url);
  }
  EXPECT_NE(read("gs://runs/a//b").find("has a prefix"), std::string::npos);
  EXPECT_NE(read("gs://runs#a").find("has a '#'"), std::string::npos);
  EXPECT_NE(read("gs://runs?project=Acme Corp").find("has a project"), std::string::npos);
  EXPECT_NE(read("gs://runs?projet=acme").find("did you mean project?"), std::string::npos);
  EXPECT_NE(read("gs://runs?endpoint=nowhere").find("given as endpoint"), std::string::npos);
}

TEST(GcsUrl, SecretsAreRefusedAndNotRepeated) {
  for (const char* url : {"gs://user:hunter2@runs/a", "gs://runs?access_token=hunter2",
                          "https://storage.googleapis.com/runs/a?X-Goog-Signature=hunter2"}) {
    const std::string text = read(url);
    EXPECT_FALSE(parse_gcs_url(url).ok());
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace tradewind::objectstore
