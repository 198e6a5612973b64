#include <gtest/gtest.h>

#include "app/api/base64.h"
#include "app/api/checkpoint_list.h"
#include "app/api/error_body.h"
#include "app/api/job_summary.h"
#include "app/api/lease_view.h"
#include "app/api/move_view.h"
#include "app/api/openapi.h"
#include "app/api/pages.h"
#include "app/api/server_info.h"

namespace tradewind::api {
namespace {

Time at(const char* text) {
  return parse_utc(text).value_or({});
}

TEST(ErrorBodyTest, ComesBackAsTheSameError) {
  const Error error{Code::quota_exceeded, "the quota of aws/us-east-1 is used up", "ask for more"};
  EXPECT_EQ(
      to_text(error_body(error)),
      R"({"error":{"code":"quota_exceeded","message":"the quota of aws/us-east-1 is used up","hint":"ask for more"}})");
  EXPECT_EQ(error_from_body(403, to_text(error_body(error))), error);
}

TEST(ErrorBodyTest, AnythingElseNamesTheStatus) {
  for (const char* body :
       {"", "<html>", "{}", R"({"error":7})", R"({"error":{"code":"new","message":"m"}})"}) {
    const Error error = error_from_body(502, body);
    EXPECT_EQ(error.code, Code::internal) << body;
    EXPECT_NE(error.message.find("502"), std::string::npos) << body;
  }
}

TEST(WireTest, AJobSummaryComesBack) {
  JobSummary job;
  job.id = JobId("j-abc");
  job.name = "train";
  job.state = "running";
  job.step = 120;
  job.total_steps = 400;
  job.location = "local/harbour";
  job.attempts = 2;
  job.cost = Money(1'500'000);
  job.phase = "running";
  job.rate_per_s = 3.5;
  job.eta = Duration(80'000);
  job.metrics = {{"loss", 2.25}};
  job.submitted_at = at("2026-01-02T03:04:05Z");
  job.notice_deadline = at("2026-01-02T04:04:05Z");
  job.budget = Money(5'000'000'000);
  job.exit_code = 3;
  const Result<JobSummary> back = job_summary_from_json(to_json(job), "job");
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, job);
}

TEST(WireTest, WholeStepsAreWrittenWithoutAnExponent) {
  JobSummary job;
  job.step = 120000;
  EXPECT_NE(to_text(to_json(job)).find(R"("step":120000,)"), std::string::npos);
}

TEST(WireTest, ALeaseAndAMoveComeBack) {
  LeaseView lease;
  lease.id = LeaseId("l-1");
  lease.attempt = 1;
  lease.location = "local/a";
  lease.launched_at = at("2026-01-02T03:04:05Z");
  lease.duration = Duration(1500);
  lease.cost = Money(7);
  lease.epoch = 3;
  lease.saved_digest = "abc";
  const Result<LeaseView> lease_back = lease_view_from_json(to_json(lease), "lease");
  ASSERT_TRUE(lease_back.ok()) << lease_back.error().message;
  EXPECT_EQ(*lease_back, lease);

  MoveView move;
  move.id = MoveId("m-1");
  move.job = JobId("j-1");
  move.from = "local/a";
  move.to = "local/b";
  move.downtime = Duration(1250);
  move.digest_equal = true;
  move.requested_at = at("2026-01-02T03:04:05Z");
  const Result<MoveView> move_back = move_view_from_json(to_json(move), "move");
  ASSERT_TRUE(move_back.ok()) << move_back.error().message;
  EXPECT_EQ(*move_back, move);
}

TEST(WireTest, LogBytesComeBackWhateverTheyAre) {
  LogPage page;
  page.segments = {{LeaseId("l-1"), 1, 1, "plain 한글\n"},
                   {LeaseId("l-1"), 1, 2, std::string("\xff\x00\x80", 3)}};
  page.next = "1:2";
  page.end = true;
  const json::value written = to_json(page);
  EXPECT_EQ(written.at("segments").at(0).at("encoding").as_string(), "utf-8");
  EXPECT_EQ(written.at("segments").at(1).at("data").as_string(), "/wCA");
  const Result<LogPage> back = log_page_from_json(written, "page");
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(*back, page);
}

TEST(WireTest, ProgressEventsCheckpointsAndServerComeBack) {
  const ProgressPage progress{
      {{LeaseId("l-1"), 1, 2, at("2026-01-01"), 3, 4, {{"loss", 1.5}}, true}}, "1:1", false};
  EXPECT_EQ(*progress_page_from_json(to_json(progress), ""), progress);
  const EventPage events{{{7, at("2026-01-01"), "job.submitted", "j-1", "why"}}, 7};
  EXPECT_EQ(*event_page_from_json(to_json(events), ""), events);
  const CheckpointList list{
      {{2, 1, LeaseId("l-1"), 50, at("2026-01-01"), ManifestId("ab"), true, 99, 3, "cd"}},
      "file:///s",
      "tradewind/o/jobs/j/",
      true,
      {"file:///t"}};
  EXPECT_EQ(*checkpoint_list_from_json(to_json(list), ""), list);
  for (const RecoveryPoint& point : {RecoveryPoint{"file:///s", 20.0, at("2026-01-02"), ManifestId("m")},
                                     RecoveryPoint{"s3://b", std::nullopt, std::nullopt, {}, "away"}}) {
    EXPECT_EQ(*recovery_point_from_json(to_json(point), ""), point);
  }
  const ServerInfo info{"0.1.0", 1, 42, at("2026-01-01"), OwnerId("o"), "/s", ""};
  EXPECT_EQ(*server_info_from_json(to_json(info), ""), info);
}

TEST(WireTest, WhatIsMissingIsNamedWithItsPath) {
  json::value page = to_json(LogPage{{{LeaseId("l-1"), 1, 1, "x"}}, "1:1", false});
  page.at("segments").at(0).as_object().erase("data");
  const Result<LogPage> back = log_page_from_json(page, "answer");
  ASSERT_FALSE(back.ok());
  EXPECT_EQ(back.error().message, "answer.segments[0].data is missing");
}

TEST(CursorTest, ReadsItsOwnTextAndNothingElse) {
  EXPECT_EQ(*parse_cursor(""), Cursor{});
  EXPECT_EQ(*parse_cursor(cursor_text(Cursor{2, 17})), (Cursor{2, 17}));
  for (const char* bad : {"2", "2:", ":1", "-1:2", "1:x", "1:2:3", "1:-2"})
    EXPECT_FALSE(parse_cursor(bad).ok()) << bad;
}

TEST(Base64Test, FollowsTheStandardsVectors) {
  // RFC 4648 §10
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : vectors) {
    EXPECT_EQ(base64_encode(plain), coded);
    EXPECT_EQ(base64_decode(coded).value_or("?"), plain);
  }
  for (const char* bad : {"Zg=", "Z", "Zg==Zg==", "Zm9*", "===="})
    EXPECT_FALSE(base64_decode(bad).ok()) << bad;
}

TEST(Base64Test, KnowsUtf8) {
  EXPECT_TRUE(is_utf8("a é 한 😀"));
  for (const char* bad :
       {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80", "\xf8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(OpenApiTest, TheEmbeddedDocumentIsJson) {
  const Result<json::value> document = parse_json(openapi_document());
  ASSERT_TRUE(document.ok()) << document.error().message;
  EXPECT_EQ(document->at("openapi").as_string(), "3.1.0");
  EXPECT_EQ(document->at("info").at("version").as_string(), TRADEWIND_VERSION);
}

}  // namespace
}  // namespace tradewind::api
