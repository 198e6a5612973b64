#include "edge/objectstore/s3_answer.h"

#include <gtest/gtest.h>

namespace tradewind::objectstore {
namespace {

TEST(S3Answer, AListIsReadWithItsKeysDecoded) {
  const Result<S3List> list = parse_s3_list(
      R"(<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>true</IsTruncated>
<NextContinuationToken>1/x==</NextContinuationToken><EncodingType>url</EncodingType>
<Contents><Key>a/b%20c%2Bd+e</Key><Size>5368709120</Size><LastModified>2026-01-02T03:04:05.678Z</LastModified></Contents>
<Contents><Key>bad%0Akey</Key><Size>1</Size><LastModified>2026-01-02T03:04:05Z</LastModified></Contents>
</ListBucketResult>)");
  ASSERT_TRUE(list.ok()) << describe(list.error());
  EXPECT_TRUE(list->truncated);
  EXPECT_EQ(list->next_token, "1/x==");
  ASSERT_EQ(list->entries.size(), 1U) << "a key with a line break is left out";
  EXPECT_EQ(list->entries[0].key, "a/b c+d e");
  EXPECT_EQ(list->entries[0].size_bytes, 5368709120U);
  EXPECT_EQ(format_utc(list->entries[0].modified_at), "2026-01-02T03:04:05.000Z");
}

TEST(S3Answer, WhatIsNoListIsCorrupt) {
  for (const char* xml :
       {"", "hello", "<Error/>", "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>x</Size></Contents></ListBucketResult>",
        "<ListBucketResult><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>"}) {
    const Result<S3List> list = parse_s3_list(xml);
    EXPECT_FALSE(list.ok()) << xml;
  }
}

TEST(S3Answer, AnErrorIsReadAndOtherBodiesHoldNone) {
  const S3Problem problem = parse_s3_problem(
      "<Error><Code>AuthorizationHeaderMalformed</Code><Message>no</Message><Region>eu-west-1</Region></"
      "Error>");
  EXPECT_EQ(problem.code, "AuthorizationHeaderMalformed");
  EXPECT_EQ(problem.region, "eu-west-1");
  EXPECT_EQ(parse_s3_problem("<html>Bad gateway").code, "");
}

TEST(S3Answer, PartsAreCompletedInOrder) {
  EXPECT_EQ(
      s3_completion({"\"a\"", "\"b\""}),
      R"(<?xml version="1.0"?><CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)"
      R"(<Part><PartNumber>1</PartNumber><ETag>"a"</ETag></Part>)"
      R"(<Part><PartNumber>2</PartNumber><ETag>"b"</ETag></Part></CompleteMultipartUpload>)");
  EXPECT_EQ(parse_s3_upload_id("<InitiateMultipartUploadResult><UploadId>u</UploadId>"
                               "</InitiateMultipartUploadResult>")
                .value_or("?"),
            "u");
  EXPECT_FALSE(parse_s3_upload_id("<x/>").ok());
}

}  // namespace
}  // namespace tradewind::objectstore
