#include "app/agent/progress_line.h"

#include <gtest/gtest.h>

namespace tradewind::agent {
namespace {

StepLine step_of(std::string_view text) {
  const Result<ProgressLine> line = parse_progress_line(text);
  EXPECT_TRUE(line.ok()) << text;
  return line.ok() && std::holds_alternative<StepLine>(*line) ? std::get<StepLine>(*line) : StepLine{-1};
}

std::string problem_of(std::string_view text) {
  const Result<ProgressLine> line = parse_progress_line(text);
  return line.ok() ? "none" : line.error().message;
}

TEST(ProgressLine, StepTotalAndMetricsAreRead) {
  const StepLine expected{12, 500, {{"loss", 2.81}, {"tokens_per_s", 13200}}};
  EXPECT_EQ(step_of(R"({"step": 12, "total": 500, "metrics": {"loss": 2.81, "tokens_per_s": 13200}})"),
            expected);
}

TEST(ProgressLine, ASavedLineMayLeaveOutItsStep) {
  EXPECT_EQ(*parse_progress_line(R"({"checkpoint":"saved","step":12})"), ProgressLine(SavedLine{12}));
  EXPECT_EQ(*parse_progress_line(R"({"checkpoint":"saved"})"), ProgressLine(SavedLine{std::nullopt}));
}

TEST(ProgressLine, MembersThatAreNotKnownDoNoHarm) {
  const StepLine expected{3, 0, {{"loss", 1}}};
  EXPECT_EQ(step_of(R"({"step":3,"epoch":[1,2],"metrics":{"loss":1,"note":"x","grad":null}})"), expected);
}

TEST(ProgressLine, NotANumberIsReadAsAbsentOutsideOfStringsOnly) {
  const StepLine expected{3, 0, {{"NaN", 1}}};
  EXPECT_EQ(step_of(R"({"step":3,"metrics":{"loss":NaN,"a":-Infinity,"NaN":1}})"), expected);
}

TEST(ProgressLine, BadLinesSayWhatIsWrongWithThem) {
  EXPECT_EQ(problem_of("loss went down"), "a progress line is no JSON object");
  EXPECT_EQ(problem_of("[1]"), "a progress line is no JSON object");
  EXPECT_EQ(problem_of(R"({"total":3})"), "a progress line has no \"step\" that is a number from 0 to 1e15");
  EXPECT_EQ(problem_of(R"({"step":-1})"), "a progress line has no \"step\" that is a number from 0 to 1e15");
  EXPECT_EQ(problem_of(R"({"step":1e300})"),
            "a progress line has no \"step\" that is a number from 0 to 1e15");
  EXPECT_EQ(problem_of(R"({"checkpoint":"begun"})"),
            "a progress line has a \"checkpoint\" that is not \"saved\"");
  EXPECT_EQ(problem_of(std::string(progress_line_bytes_max + 1, ' ')),
            "a progress line is longer than 64.0 KiB");
}

TEST(ProgressLine, MetricsAreBoundedInNumberAndName) {
  std::string text = R"({"step":1,"metrics":{")" + std::string(metric_name_bytes_max + 1, 'x') + "\":1";
  for (int index = 0; index < 100; ++index) text += ",\"m" + std::to_string(index) + "\":1";
  EXPECT_EQ(step_of(text + "}}").metrics.size(), metrics_max);
  EXPECT_EQ(step_of(text + "}}").metrics.count("m0"), 1U);
}

TEST(ProgressLine, AStampedLineSaysTheSameAndWhen) {
  const Time at = *parse_utc("2026-11-24T01:52:07.125Z");
  const std::string stamped = stamp_progress_line(StepLine{2, 10, {{"loss", 0.5}}}, at);
  EXPECT_EQ(stamped.rfind(R"({"at":"2026-11-24T01:52:07.125Z",)", 0), 0U) << stamped;
  EXPECT_EQ(*parse_progress_line(stamped), ProgressLine(StepLine{2, 10, {{"loss", 0.5}}}));
  EXPECT_EQ(*parse_progress_line(stamp_progress_line(SavedLine{7}, at)), ProgressLine(SavedLine{7}));
}

}  // namespace
}  // namespace tradewind::agent
