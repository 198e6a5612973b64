#include "core/model/json.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "base/random.h"

namespace tradewind {
namespace {

std::string round_trip(std::string_view text) {
  const Result<json::value> value = parse_json(text);
  return value.ok() ? to_text(*value) : describe(value.error());
}

TEST(Json, EveryFiniteNumberReadsBackAsItself) {
  Random random(1);
  for (int i = 0; i < 100'000; ++i) {
    const double number = std::ldexp(random.unit() - 0.5, static_cast<int>(random.below(2000)) - 1000);
    const Result<json::value> read = parse_json(to_text(json::value(number)));
    ASSERT_TRUE(read.ok());
    ASSERT_EQ(read->to_number<double>(), number);
  }
}

TEST(Json, WritesNumbersAsShortAsTheyAre) {
  EXPECT_EQ(to_text(json::array{8.0, 0.6, 1e-7, 3e11, -2.5, 7, std::uint64_t{1} << 63U}),
            "[8,0.6,1e-07,3e+11,-2.5,7,9223372036854775808]");
  EXPECT_EQ(round_trip("[2.0,2e3,-0.0,1e22]"), "[2,2000,0,1e+22]");
  EXPECT_EQ(round_trip("[186231571823157e2,18623157182315700]"), "[18623157182315700.0,18623157182315700]");
  EXPECT_EQ(parse_json("186231571823157e2").value(), parse_json("18623157182315700.0").value());
  EXPECT_EQ(to_text(json::array{std::nan(""), std::numeric_limits<double>::infinity()}), "[null,null]");
}

TEST(Json, WritesTextSoThatItReadsBack) {
  for (const char* text :
       {R"({"a":[1,{"b":"\"\\\n\u0001 한글"}],"c":null,"d":true,"":{}})", "[]", "\"\"", "5", "[[],{}]"}) {
    EXPECT_EQ(round_trip(text), text);
  }
}

TEST(Json, TextThatIsNoUtf8IsMendedRatherThanWrittenSoThatNobodyCanReadIt) {
  const json::object object{{"a\xFF", json::value("cut \xED\x95")}};
  EXPECT_EQ(to_text(object), "{\"a\xEF\xBF\xBD\":\"cut \xEF\xBF\xBD\xEF\xBF\xBD\"}");
  EXPECT_TRUE(parse_json(to_text(object)).ok());
}

TEST(Json, PrettyTextHasTwoSpacesALevel) {
  EXPECT_EQ(to_pretty(parse_json(R"({"a":[1,{"b":2}],"c":{},"d":[]})").value()),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": 2\n    }\n  ],\n  \"c\": {},\n  \"d\": []\n}\n");
}

TEST(Json, RefusesWhatIsNotOneDocument) {
  for (const char* text : {"", " ", "{", "[1,]", "{\"a\":1,}", "1 2", "nul", "'a'", "1e999", "-1e999",
                           "[1] x", "\"\x01\"", "\"\xFF\"", "NaN", "Infinity", "01", "+1", "// c\n1"}) {
    const Result<json::value> value = parse_json(text);
    EXPECT_FALSE(value.ok()) << text;
  }
  EXPECT_EQ(parse_json("[1, x]").error().message.substr(0, 17), "not JSON at byte ");
  EXPECT_EQ(parse_json(std::string(65, '[') + std::string(65, ']')).ok(), false);
  EXPECT_EQ(parse_json(std::string(60, '[') + std::string(60, ']')).ok(), true);
  EXPECT_EQ(parse_json("[1]", 2).error().message,
            "JSON document of 3 bytes is longer than the 2 that are read");
}

TEST(JsonReader, NamesTheFirstThingWrongByItsPath) {
  const json::value value =
      parse_json(R"({"a":{"b":"x"},"n":"5","t":"soon","m":{"amount":"1","currency":"usd"}})").value();
  const auto first_error = [&](auto&& read) {
    JsonReader reader(value, "top");
    read(reader);
    return reader.status().ok() ? std::string() : reader.status().error().message;
  };
  EXPECT_EQ(first_error([](JsonReader& reader) { reader.text("z"); }), "top.z is missing");
  EXPECT_EQ(first_error([](JsonReader& reader) { reader.number("n"); }), "top.n is not a number");
  EXPECT_EQ(first_error([](JsonReader& reader) { reader.time("t"); }), "top.t is not a time: 'soon'");
  EXPECT_EQ(first_error([](JsonReader& reader) { reader.money("m"); }), "top.m is not an amount of money");
  EXPECT_EQ(first_error([](JsonReader& reader) { reader.array("a"); }), "top.a is not an array");
  EXPECT_EQ(first_error([](JsonReader& reader) {
              reader.integer("n");
              reader.text("z");
            }),
            "top.n is not a whole number");
  JsonReader not_object(json::value(5), "top");
  EXPECT_EQ(not_object.text_or("a", "b"), "b");
  EXPECT_EQ(not_object.status().error().message, "top is not a JSON object");
}

}  // namespace
}  // namespace tradewind
