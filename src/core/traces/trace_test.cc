#include "core/traces/trace.h"

#include <gtest/gtest.h>

namespace tradewind::traces {
namespace {

json::value parsed(std::string_view text) {
  return *parse_json(text);
}

std::string error_of(std::string_view text) {
  const Result<Trace> trace = trace_from_json(parsed(text));
  return trace.ok() ? "" : describe(trace.error());
}

Trace of_bits(std::string_view bits, double tick_s = 100) {
  Trace trace;
  trace.id = "t";
  trace.tick_s = tick_s;
  for (const char c : bits) append(trace.runs, c - '0', 1);
  return trace;
}

std::string bits(const Trace& trace, std::int64_t first, std::int64_t count, double tick_s) {
  const Result<std::vector<std::uint8_t>> up = availability(trace, 1, first, count, tick_s);
  if (!up.ok()) return up.error().message;
  std::string text;
  for (const std::uint8_t v : *up) text += v == 0 ? '0' : '1';
  return text;
}

TEST(Trace, ReadsBackAsItWasWritten) {
  const json::value document = parsed(
      R"({"id":"a","kind":"availability","nodes":4,"provider":"aws","zone":"us-east-1a","instance":"v100_1",
          "gap_seconds":195,"started_on":"2023-02-15","source_file":"x","more":1,"runs":[[0,2],[4,3],[4,1],[1,9]]})");
  const Result<Trace> trace = trace_from_json(document);
  ASSERT_TRUE(trace.ok()) << trace.error().message;
  EXPECT_EQ(trace->runs, (std::vector<Stretch>{{0, 2}, {4, 4}, {1, 9}}));
  EXPECT_EQ(trace->ticks(), 15);
  EXPECT_EQ(*trace_from_json(to_json(*trace)), *trace);
}

TEST(Trace, SaysWhatIsWrongAndWhere) {
  EXPECT_NE(error_of(R"({"gap_seconds":1,"runs":[[1,1]]})").find("id is missing"), std::string::npos);
  EXPECT_NE(error_of(R"({"id":"a","runs":[[1,1]]})").find("gap_seconds is missing"), std::string::npos);
  EXPECT_NE(error_of(R"({"id":"a","gap_seconds":0,"runs":[[1,1]]})").find("gap_seconds is not"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"id":"a","gap_seconds":1,"runs":[]})").find("no tick"), std::string::npos);
  EXPECT_NE(error_of(R"({"id":"a","gap_seconds":1,"runs":[[1,1],[2,1]]})").find("runs[1] says 2 nodes"),
            std::string::npos);
  EXPECT_NE(error_of(R"({"id":"a","gap_seconds":1,"runs":[[1,0]]})").find("runs[0]"), std::string::npos);
  EXPECT_NE(error_of(R"({"id":"a","gap_seconds":1,"runs":[[null,3]]})").find("--gaps"), std::string::npos);
  EXPECT_NE(error_of(R"({"id":"a","gap_seconds":1,"runs":[[-1,3]]})").find("runs[0]"), std::string::npos);
  EXPECT_NE(error_of(R"({"id":"a","gap_seconds":1,"runs":[7]})").find("runs[0]"), std::string::npos);
  EXPECT_NE(error_of(R"([1,0,1])").find("not a JSON object"), std::string::npos);
}

TEST(Trace, TicksOfTheSameLengthAreTakenAsTheyAre) {
  EXPECT_EQ(bits(of_bits("1101001"), 0, 7, 100), "1101001");
  EXPECT_EQ(bits(of_bits("1101001"), 2, 3, 100), "010");
}

TEST(Trace, LongerTicksAreUpWhenAllThatTheyCoverIs) {
  EXPECT_EQ(bits(of_bits("110111"), 0, 3, 200), "101");
  EXPECT_EQ(bits(of_bits("110111"), 1, 2, 200), "01");
  EXPECT_EQ(bits(of_bits("111011"), 0, 4, 150), "1101");
}

TEST(Trace, ShorterTicksTakeWhatTheyTouch) {
  EXPECT_EQ(bits(of_bits("101"), 0, 6, 50), "110011");
  EXPECT_EQ(bits(of_bits("10", 100), 0, 3, 66), "100");
  EXPECT_EQ(bits(of_bits("1111111111", 0.1), 0, 10, 0.1), "1111111111") << "no rounding leaves a tick over";
}

TEST(Trace, ATraceThatIsTooShortIsRefused) {
  EXPECT_NE(bits(of_bits("1101"), 0, 5, 100).find("has 4 ticks of 100 s, and 5 are needed"),
            std::string::npos);
  EXPECT_NE(bits(of_bits("1101"), 1, 4, 100).find("5 are needed"), std::string::npos);
  EXPECT_EQ(bits(of_bits("1101"), 1, 3, 100), "101");
}

TEST(Trace, AZoneIsUpForAGangWhenItHasThatManyNodes) {
  Trace trace = of_bits("0241");
  trace.nodes = 4;
  EXPECT_EQ(*availability(trace, 2, 0, 4, 100), (std::vector<std::uint8_t>{0, 1, 1, 0}));
}

}  // namespace
}  // namespace tradewind::traces
