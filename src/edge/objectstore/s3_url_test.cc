#include "edge/objectstore/s3_url.h"

#include <gtest/gtest.h>

#include "edge/cloud/service_address.h"

namespace tradewind::objectstore {
namespace {

TEST(S3UrlTest, ABucketAloneIsAmazonsByItsOwnHost) {
  S3Url url = *parse_s3_url("s3://my-bucket");
  url.region = "eu-central-1";
  const S3Address address = address_of(url);
  EXPECT_EQ(io::to_text(address.endpoint), "https://my-bucket.s3.eu-central-1.amazonaws.com:443");
  EXPECT_EQ(address.path, "/");
  url.region = "cn-north-1";
  EXPECT_EQ(address_of(url).endpoint.host, "my-bucket.s3.cn-north-1.amazonaws.com.cn");
}

TEST(S3UrlTest, ADotInTheBucketWouldBreakTheCertificateAndTakesPathStyle) {
  S3Url url = *parse_s3_url("s3://my.bucket/a");
  url.region = "us-east-1";
  EXPECT_EQ(address_of(url).endpoint.host, "s3.us-east-1.amazonaws.com");
  EXPECT_EQ(address_of(url).path, "/my.bucket/");
}

TEST(S3UrlTest, EverythingCanBeSaidAndComesBack) {
  const std::string text =
      "s3://bucket/a/b-c?endpoint=http://127.0.0.1:9000&region=us-east-1&path_style=no&profile=team%20a";
  const Result<S3Url> url = parse_s3_url(text);
  ASSERT_TRUE(url.ok()) << describe(url.error());
  EXPECT_EQ(url->prefix, "a/b-c");
  EXPECT_EQ(url->profile, "team a");
  EXPECT_EQ(address_of(*url).endpoint.host, "bucket.127.0.0.1");
  EXPECT_EQ(to_text(*url), text);
}

TEST(S3UrlTest, CustomEndpointsHavePathStyleAndTheirUsualPorts) {
  const S3Url open = *parse_s3_url("s3://bucket/x/?endpoint=http://store.local");
  EXPECT_EQ(io::to_text(address_of(open).endpoint), "http://store.local:80");
  EXPECT_EQ(address_of(open).path, "/bucket/");
  EXPECT_EQ(open.prefix, "x");
  const S3Url safe = *parse_s3_url("s3://Bucket_1?endpoint=https://store.local/");
  EXPECT_EQ(io::to_text(address_of(safe).endpoint), "https://store.local:443");
  EXPECT_EQ(io::to_text(*cloud::parse_endpoint("http://[::1]", "x")), "http://[::1]:80");
}

TEST(S3UrlTest, WhatIsWrongIsNamed) {
  const auto problem = [](std::string_view url) {
    const Result<S3Url> parsed = parse_s3_url(url);
    return parsed.ok() ? std::string("accepted") : describe(parsed.error());
  };
  EXPECT_NE(problem("s3://").find("names no bucket"), std::string::npos);
  EXPECT_NE(problem("s3:///a").find("names no bucket"), std::string::npos);
  EXPECT_NE(problem("s3://Big/a").find("cannot be"), std::string::npos);
  EXPECT_NE(problem("s3://ab").find("cannot be"), std::string::npos);
  EXPECT_NE(problem("s3://bucket/a//b").find("prefix"), std::string::npos);
  EXPECT_NE(problem("s3://bucket/../b").find("prefix"), std::string::npos);
  EXPECT_NE(problem("s3://bucket/a%20b").find("prefix"), std::string::npos);
  EXPECT_NE(problem("s3://bucket?regoin=x").find("did you mean region?"), std::string::npos);
  EXPECT_NE(problem("s3://bucket?region=EU/").find("region"), std::string::npos);
  EXPECT_NE(problem("s3://bucket?path_style=maybe").find("yes or no"), std::string::npos);
  EXPECT_NE(problem("s3://bucket?endpoint=ftp://x").find("no endpoint"), std::string::npos);
  EXPECT_NE(problem("s3://bucket?endpoint=http://x/a/b").find("without a path"), std::string::npos);
}

TEST(S3UrlTest, ASecretIsRefusedAndNotRepeated) {
  for (const char* url : {"s3://AKIA:hunter2@bucket/a", "s3://bucket?secret=hunter2",
                          "s3://bucket?endpoint=https://u:hunter2@host"}) {
    const Result<S3Url> parsed = parse_s3_url(url);
    ASSERT_FALSE(parsed.ok()) << url;
    EXPECT_EQ(describe(parsed.error()).find("hunter2"), std::string::npos) << describe(parsed.error());
  }
}

}  // namespace
}  // namespace tradewind::objectstore
