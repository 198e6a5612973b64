// The examples are those of "Authenticating Requests: Using the Authorization Header" in the S3 API
// reference.
#include "edge/cloud/aws/sigv4.h"

#include <gtest/gtest.h>

#include "edge/io/hash.h"

namespace tradewind::cloud {
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
              io::hex(io::sha256("Welcome to Amazon S3.")), "PUT");
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
  EXPECT_EQ(io::hex(io::md5("")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(io::hex(io::sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(io::hex(io::sha256("")), empty_sha256);
  EXPECT_EQ(io::base64(""), "");
  EXPECT_EQ(io::base64("a"), "YQ==");
  EXPECT_EQ(io::base64("abcd"), "YWJjZA==");
}

// AWS's published test suite for services other than S3 ("aws-sig-v4-test-suite").
class SigV4Suite : public testing::Test {
 protected:
  static std::string signed_as(const std::string& method, const std::string& path, Query query = {},
                               std::vector<io::HttpHeader> headers = {}, const std::string& body = "") {
    const SigningKey key{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"};
    headers.push_back({"Host", "example.amazonaws.com"});
    headers.push_back({"X-Amz-Date", "20150830T123600Z"});
    const std::string value =
        sigv4_authorization({method, path, std::move(query), std::move(headers), io::hex(io::sha256(body))},
                            key, *parse_utc("2015-08-30T12:36:00Z"));
    return value.substr(value.find("Signature=") + 10);
  }
};

TEST_F(SigV4Suite, GetVanilla) {
  EXPECT_EQ(signed_as("GET", "/"), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST_F(SigV4Suite, GetVanillaQueryOrderKeyCase) {
  EXPECT_EQ(signed_as("GET", "/", {{"Param2", "value2"}, {"Param1", "value1"}}),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

TEST_F(SigV4Suite, PostVanilla) {
  EXPECT_EQ(signed_as("POST", "/"), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

TEST_F(SigV4Suite, PostXWwwFormUrlencoded) {
  EXPECT_EQ(
      signed_as("POST", "/", {}, {{"Content-Type", "application/x-www-form-urlencoded"}}, "Param1=value1"),
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
}

TEST_F(SigV4Suite, PostStsHeaderBefore) {
  EXPECT_EQ(
      signed_as(
          "POST", "/", {},
          {{"X-Amz-Security-Token",
            "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeo"
            "IYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5V"
            "SXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yj"
            "c8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="}}),
      "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
}

TEST_F(SigV4Suite, PathsAreMadePlainAndEncodedOnceMore) {
  const std::string vanilla = signed_as("GET", "/");
  for (const char* path : {"/./", "//", "/example/..", "/example1/example2/../.."})
    EXPECT_EQ(signed_as("GET", path), vanilla) << path;
  EXPECT_EQ(signed_as("GET", "/example space/"),
            "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741");
  EXPECT_EQ(signed_as("GET", "/\u1234"), "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85");
}

// "Authenticating Requests: Using Query Parameters" in the S3 API reference.
TEST(SigV4, AUrlCarriesItsSignature) {
  EXPECT_EQ(
      sigv4_presigned_query(
          {"GET", "examplebucket.s3.amazonaws.com", "/test.txt", "", std::chrono::hours(24)}, example_key,
          example_time()),
      "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
      "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

}  // namespace
}  // namespace tradewind::cloud
