#include "edge/drivers/kubernetes/watch_reader.h"

#include <gtest/gtest.h>

#include "edge/drivers/kubernetes/json_path.h"

namespace tradewind::kubernetes {
namespace {

constexpr std::string_view three =
    R"({"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"7"}}})"
    "\n"
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})"
    "\r\n\n"
    R"({"type":"ERROR","object":{"kind":"Status","code":410}})"
    "\n";

TEST(WatchReader, FindsTheSameEventsHoweverTheBytesAreCut) {
  for (std::size_t piece = 1; piece <= three.size(); ++piece) {
    WatchReader reader;
    std::vector<WatchEvent> all;
    for (std::size_t at = 0; at < three.size(); at += piece) {
      Result<std::vector<WatchEvent>> some = reader.read(three.substr(at, piece));
      ASSERT_TRUE(some.ok()) << describe(some.error());
      for (WatchEvent& event : *some) all.push_back(std::move(event));
    }
    ASSERT_EQ(all.size(), 3U) << "in pieces of " << piece;
    EXPECT_EQ(all[0].kind, WatchKind::added);
    EXPECT_EQ(text_at(all[0].object, {"metadata", "name"}), "a");
    EXPECT_EQ(all[1].kind, WatchKind::bookmark);
    EXPECT_EQ(all[2].kind, WatchKind::error);
    EXPECT_EQ(number_at(all[2].object, {"code"}), 410);
  }
}

TEST(WatchReader, RefusesWhatIsNoEvent) {
  for (const char* line : {"<html>\n", "{}\n", "[1]\n", "{\"type\":\"ADDED\"}\n",
                           "{\"type\":\"ADDED\",\"object\":7}\n", "{\"type\":\"GROWN\",\"object\":{}}\n"}) {
    WatchReader reader;
    EXPECT_EQ(reader.read(line).error().code, Code::corrupt) << line;
  }
}

TEST(WatchReader, HoldsNoEventWithoutAnEnd) {
  WatchReader reader;
  const std::string much(std::size_t{1} << 20, ' ');
  Result<std::vector<WatchEvent>> read = reader.read(much);
  for (int i = 0; i < 20 && read.ok(); ++i) read = reader.read(much);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::corrupt);
}

}  // namespace
}  // namespace tradewind::kubernetes
