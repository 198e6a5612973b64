// The examples are those of "Authenticating Requests: Using the Authorization Header" in the S3 API
// reference.
#include "edge/objectstore/sigv4.h"

#include <gtest/gtest.h>

#include "edge/objectstore/hash.h"

namespace tradewind::objectstore {
namespace {

const std::string empty_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SigningKey example_key{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"};

Time example_time() {
  return *parse_utc("2013-05-24T00:00:00Z");
}

SignableRequest example(std::string path, Query query, std::vector<io::HttpHeader> headers,
                        const std::string& payload_sha256 = empty_sha256, std::string method = "GET") {
  headers.push_back({"Host", "examplebucket.s3.amazonaws.com"});
  headers.push_back({"x-amz-content-sha256", payload_sha256});
  headers.push_back({"x-amz-date", "20130524T000000Z"});
  return {std::move(method), std::move(path), std::move(query), std::move(headers), payload_sha256};
}

std::string signature_of(const SignableRequest& request) {
  const std::string value = sigv4_authorization(request, example_key, example_time());
  return value.substr(value.find("Signature=") + 10);
}

TEST(SigV4, SignsTheExampleOfGettingARange) {
  const SignableRequest request = example("/test.txt", {}, {{"Range", "bytes=0-9"}});
  EXPECT_EQ(sigv4_authorization(request, example_key, example_time()),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4, SignsTheExampleOfPuttingAnObject) {
  const SignableRequest request =
      example("/test%24file.text", {},
              {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
              hex(sha256("Welcome to Amazon S3.")), "PUT");
  EXPECT_EQ(signature_of(request), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SigV4, SignsTheExampleOfAQueryWithoutAValue) {
  EXPECT_EQ(signature_of(example("/", {{"lifecycle", ""}}, {})),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(SigV4, SignsTheExampleOfAListWhateverTheOrderOfItsQuery) {
  EXPECT_EQ(signature_of(example("/", {{"prefix", "J"}, {"max-keys", "2"}}, {})),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, QueriesAreEncodedStrictly) {
  EXPECT_EQ(canonical_query({{"uploads", ""}, {"prefix", "a b/c+d~é"}, {"a", "="}}),
            "a=%3D&prefix=a%20b%2Fc%2Bd~%C3%A9&uploads=");
}

TEST(SigV4, SpacesInHeadersAreFoldedAndCaseIsNone) {
  const SignableRequest plain = example("/", {}, {{"x-amz-meta-a", "b c"}});
  const SignableRequest wide = example("/", {}, {{"X-Amz-Meta-A", "  b    c "}});
  EXPECT_EQ(signature_of(plain), signature_of(wide));
}

TEST(SigV4, TheDateHasNoSeparatorsAndNoFraction) {
  EXPECT_EQ(amz_date(*parse_utc("2026-11-24T01:02:03.987Z")), "20261124T010203Z");
}

TEST(S3Hash, KnownAnswers) {
  EXPECT_EQ(hex(md5("")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(sha256("")), empty_sha256);
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("a"), "YQ==");
  EXPECT_EQ(base64("abcd"), "YWJjZA==");
}

}  // namespace
}  // namespace tradewind::objectstore
