#include "edge/cloud/http_date.h"

#include <gtest/gtest.h>

namespace tradewind::cloud {
namespace {

TEST(HttpDate, IsReadInItsPreferredForm) {
  EXPECT_EQ(format_utc(parse_http_date("Fri, 24 May 2013 01:02:03 GMT").value()), "2013-05-24T01:02:03.000Z");
  for (const char* bad : {"", "yesterday", "Fri, 31 Feb 2013 00:00:00 GMT", "Fri, 24 Mai 2013 00:00:00 GMT",
                          "Fri, 24 May 2013 25:00:00 GMT"}) {
    EXPECT_FALSE(parse_http_date(bad).has_value()) << bad;
  }
}

TEST(HttpDate, IsWrittenAsItIsRead) {
  EXPECT_EQ(format_http_date(*parse_utc("2015-06-26T23:39:12.999Z")), "Fri, 26 Jun 2015 23:39:12 GMT");
  for (const char* text :
       {"Sun, 11 Oct 2009 21:49:03 GMT", "Thu, 29 Feb 2024 00:00:00 GMT", "Sat, 31 Dec 2033 09:08:07 GMT"}) {
    EXPECT_EQ(format_http_date(parse_http_date(text).value()), text);
  }
}

TEST(HttpDate, AnAnswerTellsHowFarItsClockIsAhead) {
  const Time now = *parse_utc("2013-05-24T00:00:00Z");
  EXPECT_EQ(server_ahead({{"date", "Fri, 24 May 2013 00:10:00 GMT"}}, now), std::chrono::minutes(10));
  EXPECT_EQ(server_ahead({{"Date", "Thu, 23 May 2013 23:59:30 GMT"}}, now), std::chrono::seconds(-30));
  EXPECT_EQ(server_ahead({}, now), std::nullopt);
}

}  // namespace
}  // namespace tradewind::cloud
