#include "edge/cloud/aws/aws_error.h"

#include <gtest/gtest.h>

namespace tradewind::cloud {
namespace {

AwsProblem problem(const std::string& code, int status = 400) {
  return {status, code, "m", "r-1"};
}

// The forms are those of the services' API references.
TEST(AwsError, EachProtocolsRefusalIsRead) {
  const AwsProblem ec2 = parse_aws_problem({500,
                                            {},
                                            R"(<?xml version="1.0" encoding="UTF-8"?>
<Response><Errors><Error><Code>InsufficientInstanceCapacity</Code><Message>We currently do not have
more</Message></Error></Errors><RequestID>ea966190-f9aa-478e-9ede-example</RequestID></Response>)",
                                            {}});
  EXPECT_EQ(ec2.code, "InsufficientInstanceCapacity");
  EXPECT_EQ(ec2.message, "We currently do not have");
  EXPECT_EQ(ec2.request_id, "ea966190-f9aa-478e-9ede-example");
  const AwsProblem sts = parse_aws_problem(
      {403,
       {},
       "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>"
       "<Code>ExpiredToken</Code><Message>expired</Message></Error><RequestId>r-2</RequestId></"
       "ErrorResponse>",
       {}});
  EXPECT_EQ(sts.code, "ExpiredToken");
  EXPECT_EQ(sts.request_id, "r-2");
  const AwsProblem ssm =
      parse_aws_problem({400,
                         {{"x-amzn-RequestId", "r-3"}},
                         R"({"__type":"com.amazonaws.ssm#ParameterNotFound","message":"none"})",
                         {}});
  EXPECT_EQ(ssm.code, "ParameterNotFound");
  EXPECT_EQ(ssm.request_id, "r-3");
  EXPECT_EQ(parse_aws_problem({502, {}, "<html><body>Bad Gateway", {}}).code, "");
  EXPECT_EQ(parse_aws_problem({502, {}, "", {}}).status, 502);
}

TEST(AwsError, TheCodeThatDecisionsRestOnFollowsTheClass) {
  const auto code = [](const std::string& name, int status = 400) {
    return aws_error("EC2 in x", "RunInstances", problem(name, status), "ec2:RunInstances", "the environment")
        .code;
  };
  // A capacity error comes with the status of a server that failed, and is none that passes.
  EXPECT_EQ(code("InsufficientInstanceCapacity", 500), Code::insufficient_capacity);
  EXPECT_EQ(code("Unsupported"), Code::insufficient_capacity);
  EXPECT_EQ(code("VcpuLimitExceeded"), Code::quota_exceeded);
  EXPECT_EQ(code("MaxSpotInstanceCountExceeded"), Code::quota_exceeded);
  EXPECT_EQ(code("RequestLimitExceeded", 503), Code::rate_limited);
  EXPECT_EQ(code("", 429), Code::rate_limited);
  EXPECT_EQ(code("UnauthorizedOperation", 403), Code::unauthorized);
  EXPECT_EQ(code("AuthFailure", 401), Code::unauthorized);
  EXPECT_EQ(code("InvalidAMIID.NotFound"), Code::not_found);
  EXPECT_EQ(code("IdempotentParameterMismatch"), Code::conflict);
  EXPECT_EQ(code("InternalError", 500), Code::unavailable);
  EXPECT_EQ(code("", 503), Code::unavailable);
  EXPECT_EQ(code("InvalidParameterValue"), Code::invalid_argument);
  EXPECT_EQ(code("SomethingNew"), Code::invalid_argument);
}

TEST(AwsError, TheSentenceNamesTheActionTheRequestAndThePermission) {
  const Error error = aws_error("EC2 in x", "RunInstances", problem("UnauthorizedOperation", 403),
                                "ec2:RunInstances", "the profile 'a'");
  EXPECT_EQ(error.message, "EC2 in x refuses RunInstances: UnauthorizedOperation: m (request r-1)");
  EXPECT_NE(error.hint.find("ec2:RunInstances"), std::string::npos);
  EXPECT_NE(error.hint.find("the profile 'a'"), std::string::npos);
}

}  // namespace
}  // namespace tradewind::cloud
