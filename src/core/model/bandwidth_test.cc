#include "core/model/bandwidth.h"

#include <cmath>
#include <gtest/gtest.h>

namespace tradewind {
namespace {

TEST(BandwidthTest, CountsBy1024AndKnowsNoLimitAndNothing) {
  EXPECT_EQ(*parse_bandwidth("50M"), 50.0 * 1024 * 1024);
  EXPECT_EQ(*parse_bandwidth("1.5GiB/s"), 1.5 * 1024 * 1024 * 1024);
  EXPECT_EQ(*parse_bandwidth("800kB"), 800.0 * 1024);
  EXPECT_EQ(*parse_bandwidth("300000"), 300'000.0);
  EXPECT_TRUE(std::isinf(*parse_bandwidth("off")));
  EXPECT_EQ(*parse_bandwidth("pause"), 0);
  for (const char* bad : {"", "fast", "-1M", "0", "5X", "M", "inf", "nan", "1e400", "off/s"}) {
    EXPECT_EQ(parse_bandwidth(bad).error().code, Code::invalid_argument) << bad;
  }
}

TEST(BandwidthTest, ATableSaysWhatHoldsAtWhichTime) {
  const Result<BandwidthTable> table = BandwidthTable::parse("08:00,512k 12:30,off  19:00,10M 20:00,pause");
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->at(8 * 60), 512.0 * 1024);
  EXPECT_EQ(table->at(12 * 60 + 29), 512.0 * 1024);
  EXPECT_TRUE(std::isinf(table->at(12 * 60 + 30)));
  EXPECT_EQ(table->at(19 * 60), 10.0 * 1024 * 1024);
  EXPECT_EQ(table->at(7 * 60 + 59), 0) << "the last of the day holds on";
  EXPECT_EQ(BandwidthTable::parse("5M")->at(100), 5.0 * 1024 * 1024);
  for (const char* bad :
       {"", " ", "08:00,", "8:00,5M", "24:00,5M", "08:60,5M", "08:00,5M 08:00,6M", "5M 6M"}) {
    EXPECT_EQ(BandwidthTable::parse(bad).error().code, Code::invalid_argument) << bad;
  }
}

}  // namespace
}  // namespace tradewind
