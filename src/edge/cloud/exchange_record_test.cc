#include "edge/cloud/exchange_record.h"

#include <gtest/gtest.h>

namespace tradewind::cloud {
namespace {

TEST(WithoutSecrets, FormsJsonAndXmlKeepTheirShape) {
  EXPECT_EQ(without_secrets("Action=RunInstances&UserData=IyEvYmluL3No&ClientToken=l-1"),
            "Action=RunInstances&UserData=(removed)&ClientToken=l-1");
  const std::string json = R"j({"access_token" : "hunter2\"x","expires_in":3599,"nextToken":"n"})j";
  const std::string clean = R"j({"access_token" : "(removed)","expires_in":3599,"nextToken":"n"})j";
  EXPECT_EQ(without_secrets(json), clean);
  EXPECT_EQ(without_secrets("<AccessKeyId>AKID</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey>"),
            "<AccessKeyId>AKID</AccessKeyId><SecretAccessKey>(removed)</SecretAccessKey>");
  EXPECT_EQ(without_secrets("/o?sv=1&sig=hunter2&X-Amz-Signature=hunter2&se=2"),
            "/o?sv=1&sig=(removed)&X-Amz-Signature=(removed)&se=2");
  EXPECT_EQ(without_secrets("client_secret=hunter2"), "client_secret=(removed)");
  EXPECT_EQ(without_secrets("<userData/>password="), "<userData/>password=");
  EXPECT_EQ(without_secrets("<userData>a</userData> <b>c</b>"), "<userData>(removed)</userData> <b>c</b>");
}

TEST(ExchangeRecord, WhatWasRecordedIsPlayedAndHoldsNoSecret) {
  std::vector<Exchange> record;
  const io::HttpEndpoint endpoint = *io::parse_http_endpoint("https://ec2.us-east-1.amazonaws.com");
  const io::HttpRequest request{
      "POST", "/", {{"Authorization", "hunter2"}, {"X-Amz-Date", "now"}}, "Action=A&UserData=hunter2"};
  const Transport noting = recorded(
      [](const io::HttpEndpoint&, const io::HttpRequest&) -> Result<io::HttpResponse> {
        return io::HttpResponse{200, {{"Set-Cookie", "hunter2"}}, "<SessionToken>hunter2</SessionToken>", {}};
      },
      [&record](const Exchange& exchange) { record.push_back(exchange); });
  ASSERT_TRUE(noting(endpoint, request).ok());
  ASSERT_EQ(record.size(), 1U);
  const std::string text = to_text(to_json(record[0]));
  EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  const Result<Exchange> back = exchange_from_json(*parse_json(text));
  ASSERT_TRUE(back.ok()) << describe(back.error());
  EXPECT_EQ(*back, record[0]);

  const Transport play = replayed({*back});
  io::HttpRequest later = request;
  later.headers[1].value = "tomorrow";
  const Result<io::HttpResponse> answer = play(endpoint, later);
  ASSERT_TRUE(answer.ok()) << describe(answer.error());
  EXPECT_EQ(answer->body, "<SessionToken>(removed)</SessionToken>");
  EXPECT_EQ(play(endpoint, later).error().code, Code::internal) << "the record has ended";
  io::HttpRequest other = request;
  other.body = "Action=B";
  EXPECT_EQ(replayed({*back})(endpoint, other).error().code, Code::internal);
}

}  // namespace
}  // namespace tradewind::cloud
