#include "core/traces/import.h"

#include <gtest/gtest.h>

namespace tradewind::traces {
namespace {

const ImportOptions plain{.id = "x", .polarity = Polarity::available, .tick_s = 60};

std::string bits(const Result<Trace>& trace) {
  if (!trace.ok()) return describe(trace.error());
  std::string text;
  for (const Stretch& stretch : trace->runs) {
    for (std::int64_t i = 0; i < stretch.ticks; ++i) text += std::to_string(stretch.nodes);
  }
  return text;
}

TEST(Import, ReadsListsInEitherPolarity) {
  EXPECT_EQ(bits(import_trace("[1, 0, 0, true]", plain)), "1001");
  ImportOptions turned = plain;
  turned.polarity = Polarity::unavailable;
  EXPECT_EQ(bits(import_trace("[1, 0, 0, 1]", turned)), "0110");
  turned.nodes = 4;
  EXPECT_EQ(bits(import_trace("[4, 0, 1]", turned)), "043");
}

TEST(Import, DoesNotGuessThePolarity) {
  ImportOptions unsaid = plain;
  unsaid.polarity.reset();
  EXPECT_NE(bits(import_trace("[1,0]", unsaid)).find("--polarity unavailable"), std::string::npos);
}

TEST(Import, TakesTheTickLengthFromWhereItIsSaid) {
  ImportOptions unsaid = plain;
  unsaid.tick_s.reset();
  EXPECT_NE(bits(import_trace("[1,0]", unsaid)).find("--tick"), std::string::npos);
  const Result<Trace> said = import_trace(R"({"metadata":{"gap_seconds":195},"data":[1,0]})", unsaid);
  ASSERT_TRUE(said.ok()) << said.error().message;
  EXPECT_EQ(said->tick_s, 195);
  EXPECT_EQ(import_trace("time_s,up\n0,1\n30,1\n60,0\n", unsaid)->tick_s, 30);
}

TEST(Import, ReadsCsvWithTimesOrWithout) {
  EXPECT_EQ(bits(import_trace("1\n0\r\n\n# a word\n1\n", plain)), "101");
  EXPECT_EQ(bits(import_trace("at,nodes\n2026-03-01T00:00:00Z,1\n2026-03-01T00:01:00Z,0\n", plain)), "10");
}

TEST(Import, RefusesGapsUnlessTheyAreToBeReadAsDown) {
  const std::string_view gap = "0,1\n60,1\n240,1\n";
  EXPECT_NE(bits(import_trace(gap, plain)).find("line 3: a gap: nothing was seen for 2 ticks"),
            std::string::npos);
  ImportOptions filled = plain;
  filled.gaps = Gaps::down;
  EXPECT_EQ(bits(import_trace(gap, filled)), "11001");
  EXPECT_NE(bits(import_trace("[1,null,1]", plain)).find("element[1]: a gap"), std::string::npos);
  EXPECT_EQ(bits(import_trace("[1,null,1]", filled)), "101");
  EXPECT_EQ(bits(import_trace("0,1\n60,\n120,1\n", filled)), "101");
}

TEST(Import, RefusesTimesThatOverlap) {
  EXPECT_NE(bits(import_trace("0,1\n60,1\n60,0\n", plain)).find("line 3: time does not go on"),
            std::string::npos);
  EXPECT_NE(bits(import_trace("0,1\n120,1\n60,0\n", plain)).find("a gap"), std::string::npos);
  EXPECT_NE(bits(import_trace("0,1\n90,1\n", plain)).find("whole number of ticks"), std::string::npos);
}

TEST(Import, RefusesWhatIsNoNumberOfNodes) {
  EXPECT_NE(bits(import_trace("[0,2]", plain)).find("element[1]"), std::string::npos);
  EXPECT_NE(bits(import_trace("[0.5]", plain)).find("whole number"), std::string::npos);
  EXPECT_NE(bits(import_trace("[\"1\"]", plain)).find("not a number"), std::string::npos);
  EXPECT_NE(bits(import_trace("1\nx\n", plain)).find("line 2: 'x'"), std::string::npos);
  EXPECT_NE(bits(import_trace("1,2,3\n", plain)).find("line 1"), std::string::npos);
  EXPECT_NE(bits(import_trace("", plain)).find("no value"), std::string::npos);
  EXPECT_NE(bits(import_trace("{}", plain)).find("data is missing"), std::string::npos);
}

TEST(Import, ReadsItsOwnDocumentsAndCsv) {
  Trace trace;
  trace.id = "mine";
  trace.nodes = 2;
  trace.tick_s = 30;
  trace.runs = {{2, 3}, {0, 2}, {1, 1}};
  ImportOptions options{.id = "", .nodes = 2};
  EXPECT_EQ(*import_trace(to_text(to_json(trace)), options), trace);
  options.polarity = Polarity::unavailable;
  EXPECT_FALSE(import_trace(to_text(to_json(trace)), options).ok());
  options = {.id = "mine", .polarity = Polarity::available, .nodes = 2};
  const Result<Trace> again = import_trace(export_csv(trace), options);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(again->runs, trace.runs);
  EXPECT_EQ(again->tick_s, 30);
}

}  // namespace
}  // namespace tradewind::traces
