#include <gtest/gtest.h>

#include "base/id.h"
#include "base/money.h"
#include "base/random.h"
#include "base/result.h"
#include "base/text.h"
#include "base/time.h"

namespace tradewind {
namespace {

TEST(Money, ReadsAndWritesExactDecimals) {
  for (const char* text : {"3.06", "0.000000001", "-12.50", "999999999.999999999", "0.00"}) {
    EXPECT_EQ(Money::parse(text).value().decimal(), text);
  }
  EXPECT_EQ(Money::parse("12").value().decimal(), "12.00");
  for (const char* text : {"", "-", ".", "1.2.3", "1e5", "1.0000000001", "1234567890", " 1", "1 "}) {
    EXPECT_FALSE(Money::parse(text).ok()) << text;
  }
}

TEST(Money, RoundsAnHourlyPriceToTheNearestBillionth) {
  EXPECT_EQ(cost_of(Money(3'600'000), Duration(1)).nanos(), 1);
  EXPECT_EQ(cost_of(Money(1'800'000), Duration(1)).nanos(), 1);
  EXPECT_EQ(cost_of(Money(1'799'999), Duration(1)).nanos(), 0);
  EXPECT_EQ(cost_of(*Money::parse("98.32"), std::chrono::hours(24 * 365)).decimal(), "861283.20");
}

TEST(Money, SaturatesInsteadOfWrapping) {
  const Money most(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(most + most, most);
  EXPECT_EQ(-most - most, -most);
}

TEST(Money, ShowsCentsAndTwoDigitsBelow) {
  EXPECT_EQ(Money::parse("12.345")->text(), "$12.35");
  EXPECT_EQ(Money::parse("0.000278")->text(), "$0.00028");
  EXPECT_EQ(Money::parse("0")->text(), "$0.00");
  EXPECT_EQ(Money::parse("-1.5")->text(), "-$1.50");
}

TEST(Time, FormatAndParseAreInverse) {
  const Time time = parse_utc("2026-11-24T01:52:07.125Z").value();
  EXPECT_EQ(format_utc(time), "2026-11-24T01:52:07.125Z");
  EXPECT_EQ(parse_utc("2026-11-24T03:52:07.125+02:00").value(), time);
  EXPECT_EQ(format_utc(parse_utc("2026-11-24").value()), "2026-11-24T00:00:00.000Z");
  for (const char* text :
       {"", "2026", "2026-13-01", "2026-02-30", "2026-11-24T25:00Z", "2026-11-24T01:00:00Zx"}) {
    EXPECT_FALSE(parse_utc(text).ok()) << text;
  }
}

TEST(Time, DurationsAreReadAsPeopleWriteThem) {
  EXPECT_EQ(parse_duration("90").value(), Duration(90'000));
  EXPECT_EQ(parse_duration("2h30m").value(), Duration(9'000'000));
  EXPECT_EQ(parse_duration("1.5h").value(), Duration(5'400'000));
  EXPECT_EQ(parse_duration("250ms").value(), Duration(250));
  for (const char* text : {"", "h", "5x", "-3s", "1e400d", "3 5"})
    EXPECT_FALSE(parse_duration(text).ok()) << text;
  EXPECT_EQ(format_duration(Duration(3'720'000)), "1h 02m");
  EXPECT_EQ(format_duration(Duration(12'540)), "12.5s");
}

TEST(Text, SuggestsTheNearestWordOnlyWhenItIsNear) {
  const std::string_view words[] = {"accelerators", "region", "zone"};
  EXPECT_EQ(nearest_word("acelerators", words), "accelerators");
  EXPECT_EQ(nearest_word("reigon", words), "region");
  EXPECT_EQ(nearest_word("banana", words), "");
}

TEST(Random, OneSeedIsOneSequence) {
  Random a(7);
  Random b(7);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.next(), b.next());
  EXPECT_EQ(random_name(a, "j-", 10), random_name(b, "j-", 10));
  EXPECT_NE(Random(8).next(), Random(9).next());
}

TEST(Code, NamesAreReadBack) {
  for (int i = 0; i <= static_cast<int>(Code::internal); ++i) {
    EXPECT_EQ(code_from_text(to_text(static_cast<Code>(i))), static_cast<Code>(i));
  }
  EXPECT_EQ(code_from_text("nonsense"), std::nullopt);
}

}  // namespace
}  // namespace tradewind
