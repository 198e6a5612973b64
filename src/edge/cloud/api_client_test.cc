#include "edge/cloud/api_client.h"

#include <deque>
#include <gtest/gtest.h>

#include "base/text.h"
#include "edge/cloud/http_date.h"

namespace tradewind::cloud {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// A service that answers as it is told, and a clock that moves by sleeping.
class ApiClientTest : public testing::Test {
 protected:
  Result<io::HttpResponse> next(const io::HttpRequest& request) {
    sent_.push_back(request);
    if (answers_.empty()) return io::HttpResponse{200, {}, "done", {}};
    Result<io::HttpResponse> answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  ApiClient client() {
    ApiRules rules;
    rules.service = "EC2 in x";
    rules.sign = [this](io::HttpRequest& request, Time now) -> Status {
      request.headers.push_back({"Authorization", "signed " + format_utc(now)});
      return signing_;
    };
    rules.judge = [](const io::HttpResponse& answer) {
      if (answer.status == 503) return Verdict::throttled;
      if (answer.status >= 500) return Verdict::passing;
      return answer.status == 401 ? Verdict::identity : Verdict::answer;
    };
    rules.forget_identity = [this] { ++forgotten_; };
    rules.rate = {1000, 1000};
    rules.repeats_max = repeats_max_;
    return {rules, clock_,
            [this](const io::HttpEndpoint&, const io::HttpRequest& request) { return next(request); },
            [this](Duration span) {
              waits_.push_back(span);
              clock_.advance(span);
            }};
  }
  void refuse(int status, int times, std::vector<io::HttpHeader> headers = {}) {
    for (int i = 0; i < times; ++i) answers_.emplace_back(io::HttpResponse{status, headers, "no", {}});
  }

  ManualClock clock_{*parse_utc("2026-01-01T00:00:00Z")};
  std::deque<Result<io::HttpResponse>> answers_;
  std::vector<io::HttpRequest> sent_;
  std::vector<Duration> waits_;
  Status signing_;
  int forgotten_ = 0;
  double repeats_max_ = 20;
};

TEST_F(ApiClientTest, WhatPassesIsRepeatedAndTold) {
  refuse(500, 2);
  answers_.emplace_back(Error{Code::unavailable, "the server closed the connection"});
  const Result<ApiAnswer> answer = client().call("RunInstances", {"POST", "/"});
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(answer->response.body, "done");
  EXPECT_TRUE(answer->earlier_unknown);
  EXPECT_EQ(sent_.size(), 4U);
  ASSERT_EQ(waits_.size(), 3U);
  EXPECT_LE(waits_[0], Duration(100));
  EXPECT_LE(waits_[2], Duration(400));
}

TEST_F(ApiClientTest, ARefusalIsAnAnswerAtOnce) {
  refuse(400, 1);
  const Result<ApiAnswer> answer = client().call("RunInstances", {"POST", "/"});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->response.status, 400);
  EXPECT_FALSE(answer->earlier_unknown);
  EXPECT_EQ(sent_.size(), 1U);
}

TEST_F(ApiClientTest, AnEndlessThrottleIsToldFromAServiceThatIsDown) {
  refuse(503, 100, {{"x-amzn-RequestId", "r-17"}});
  Result<ApiAnswer> answer = client().call("DescribeInstances", {"POST", "/"});
  EXPECT_EQ(answer.error().code, Code::rate_limited);
  EXPECT_EQ(answer.error().message, "EC2 in x: DescribeInstances is throttled: it answers 503, request r-17");
  answers_.clear();
  refuse(500, 100);
  answer = client().call("DescribeInstances", {"POST", "/"});
  EXPECT_EQ(answer.error().code, Code::unavailable);
  answers_.clear();
  refuse(500, 1);
  refuse(503, 100);
  EXPECT_EQ(client().call("RunInstances", {"POST", "/"}).error().code, Code::unavailable)
      << "the first may have had its effect";
}

TEST_F(ApiClientTest, RetryAfterIsKept) {
  refuse(503, 1, {{"Retry-After", "7"}});
  ASSERT_TRUE(client().call("x", {}).ok());
  ASSERT_FALSE(waits_.empty());
  EXPECT_GE(waits_[0], seconds(7));
  EXPECT_LE(waits_[0], Duration(7100));
  refuse(503, 1, {{"Retry-After", "3600"}});
  EXPECT_EQ(client().call("x", {}).error().code, Code::rate_limited) << "longer than its patience";
}

TEST_F(ApiClientTest, ABudgetOverAllCallsEndsTheHammering) {
  repeats_max_ = 3;
  ApiClient one = client();
  refuse(500, 100);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(one.call("x", {}).ok());
  EXPECT_EQ(sent_.size(), 13U) << "ten calls, and three repeats for all of them";
}

TEST_F(ApiClientTest, AClockThatIsOffIsCorrectedByTheAnswersDate) {
  const Time theirs = clock_.now() + minutes(17);
  refuse(401, 1, {{"Date", format_http_date(theirs)}});
  ASSERT_TRUE(client().call("x", {}).ok());
  ASSERT_EQ(sent_.size(), 2U);
  EXPECT_EQ(io::header_of(sent_[0].headers, "Authorization"), "signed 2026-01-01T00:00:00.000Z");
  EXPECT_EQ(io::header_of(sent_[1].headers, "Authorization"), "signed 2026-01-01T00:17:00.000Z");
  EXPECT_EQ(forgotten_, 0) << "the key was good";
}

TEST_F(ApiClientTest, AnIdentityIsLookedForOnceMore) {
  refuse(401, 2, {{"Date", format_http_date(clock_.now())}});
  const Result<ApiAnswer> answer = client().call("x", {});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->response.status, 401);
  EXPECT_EQ(forgotten_, 1);
  EXPECT_EQ(sent_.size(), 2U);
}

TEST_F(ApiClientTest, WithoutAnIdentityNothingIsSent) {
  signing_ = Error{Code::unauthorized, "no credentials"};
  EXPECT_EQ(client().call("x", {}).error().message, "no credentials");
  EXPECT_TRUE(sent_.empty());
}

TEST(RetryAfter, IsReadInBothForms) {
  const Time now = *parse_utc("2026-01-01T00:00:00Z");
  EXPECT_EQ(retry_after({{"retry-after", " 1.5 "}}, now), Duration(1500));
  EXPECT_EQ(retry_after({{"Retry-After", "Thu, 01 Jan 2026 00:00:30 GMT"}}, now), seconds(30));
  EXPECT_EQ(retry_after({{"Retry-After", "Wed, 31 Dec 2025 00:00:30 GMT"}}, now), Duration(0));
  for (const char* none : {"", "soon", "-1", "1e9", "nan"})
    EXPECT_EQ(retry_after({{"Retry-After", none}}, now), std::nullopt) << none;
}

}  // namespace
}  // namespace tradewind::cloud
