#include "app/agent/metadata_watch.h"

#include <atomic>
#include <gtest/gtest.h>

#include "edge/cloud/testing/scripted_server.h"
#include "edge/io/system_clock.h"

namespace tradewind::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

MetadataTempo hasty() {
  MetadataTempo tempo;
  tempo.aws_gap = tempo.azure_gap = tempo.google_gap = milliseconds(10);
  return tempo;
}

class Watched : public testing::Test {
 protected:
  void start(const std::string& cloud) {
    const auto source = parse_metadata_source(cloud + "," + server_.url());
    ASSERT_TRUE(source.ok()) << source.error().message;
    watch_.emplace(*source, hasty(), clock_, [this] { ++rings_; });
  }
  template <class Take>
  auto await(const Take& take) {
    auto found = take();
    for (int tries = 0; tries < 500 && !found; ++tries) {
      std::this_thread::sleep_for(milliseconds(10));
      found = take();
    }
    return found;
  }
  std::optional<PreemptionNotice> notice() {
    return await([this] { return watch_->take_notice(); });
  }
  bool was_asked(const std::string& what) const {
    for (const io::HttpRequest& request : server_.asked()) {
      if (request.method + " " + request.target == what) return true;
    }
    return false;
  }
  std::size_t asked() const { return server_.asked().size(); }

  cloud::ScriptedServer server_;
  io::SystemClock clock_;
  std::atomic<int> rings_ = 0;
  std::optional<MetadataWatch> watch_;
};

// What version 2 of the service does: nothing without its token.
io::HttpResponse aws_answers(const io::HttpRequest& request, const std::string& path,
                             const std::string& body) {
  if (request.target == "/latest/api/token") {
    const bool right = request.method == "PUT" &&
                       !io::header_of(request.headers, "X-aws-ec2-metadata-token-ttl-seconds").empty();
    return {right ? 200 : 400, {}, right ? "T0K" : ""};
  }
  if (io::header_of(request.headers, "X-aws-ec2-metadata-token") != "T0K") return {401};
  return request.target == path ? io::HttpResponse{200, {}, body} : io::HttpResponse{404};
}

TEST_F(Watched, AwsIsAskedByItsSecondVersion) {
  server_ = [](const io::HttpRequest& request) {
    return aws_answers(request, "/latest/meta-data/spot/instance-action",
                       R"({"action":"terminate","time":"2036-11-24T01:02:00Z"})");
  };
  start("aws");
  const auto seen = notice();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->deadline, *parse_utc("2036-11-24T01:02:00Z"));
  const std::size_t before = asked();
  EXPECT_TRUE(await([&] { return asked() > before + 5 ? std::optional(true) : std::nullopt; }));
  EXPECT_FALSE(watch_->take_notice()) << "it is told once";
  EXPECT_EQ(rings_, 1);
}

TEST_F(Watched, TheOlderFormIsReadWhereItIsAllThatThereIs) {
  server_ = [](const io::HttpRequest& request) {
    return aws_answers(request, "/latest/meta-data/spot/termination-time", "2036-11-24T01:02:00Z");
  };
  start("aws");
  ASSERT_TRUE(notice());
}

TEST_F(Watched, AdviceIsNoNotice) {
  server_ = [](const io::HttpRequest& request) {
    return aws_answers(request, "/latest/meta-data/events/recommendations/rebalance",
                       R"({"noticeTime":"2026-11-24T00:58:30Z"})");
  };
  start("aws");
  const auto hint = await([this] { return watch_->take_hint(); });
  ASSERT_TRUE(hint);
  EXPECT_NE(hint->find("2026-11-24T00:58:30"), std::string::npos) << *hint;
  EXPECT_FALSE(watch_->take_notice());
  EXPECT_FALSE(watch_->take_hint());
}

TEST_F(Watched, GoogleIsAskedForWhatChanges) {
  std::atomic<bool> preempted = false;
  server_ = [&preempted](const io::HttpRequest& request) -> io::HttpResponse {
    if (io::header_of(request.headers, "Metadata-Flavor") != "Google") return {403};
    if (request.target.ends_with("/maintenance-event")) return {200, {}, "NONE"};
    return {200, {{"ETag", "e7"}}, preempted ? "TRUE" : "FALSE"};
  };
  start("gcp");
  const std::string open =
      "GET /computeMetadata/v1/instance/preempted?wait_for_change=true&last_etag=e7&timeout_sec=1";
  EXPECT_TRUE(await([&] { return was_asked(open) ? std::optional(true) : std::nullopt; }));
  preempted = true;
  const auto seen = notice();
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->deadline - seen->seen_at, seconds(30));
  const std::size_t before = asked();
  EXPECT_TRUE(await([&] { return asked() > before + 5 ? std::optional(true) : std::nullopt; }));
  EXPECT_FALSE(watch_->take_notice()) << "a deadline that slides is no further notice";
}

TEST_F(Watched, AzureIsToldThatItNeedNotWait) {
  server_ = [](const io::HttpRequest& request) -> io::HttpResponse {
    if (io::header_of(request.headers, "Metadata") != "true") return {400};
    if (request.target.starts_with("/metadata/instance/compute/name")) return {200, {}, "tw-7"};
    if (request.method == "POST") return {200};
    return {200,
            {},
            R"({"Events":[{"EventId":"A1","EventType":"Preempt","Resources":["tw-7"],"NotBefore":""}]})"};
  };
  start("azure");
  ASSERT_TRUE(notice());
  const Status told = watch_->approve();
  EXPECT_TRUE(told.ok());
  const std::vector<io::HttpRequest> all = server_.asked();
  EXPECT_EQ(all.back().method, "POST");
  EXPECT_EQ(all.back().body, R"({"StartRequests":[{"EventId":"A1"}]})");
}

TEST_F(Watched, AServiceThatIsNotThereIsToldOnce) {
  start("azure");
  const auto warning = await([this] {
    std::string text = watch_->take_warning();
    return text.empty() ? std::nullopt : std::optional(text);
  });
  ASSERT_TRUE(warning);
  EXPECT_NE(warning->find("404"), std::string::npos) << *warning;
  EXPECT_EQ(watch_->take_warning(), "");
}

TEST_F(Watched, ItEndsWhileAQuestionIsOpen) {
  server_ = [](const io::HttpRequest& request) -> io::HttpResponse {
    if (request.target.ends_with("/maintenance-event")) return {200, {}, "NONE"};
    if (request.target.find("wait_for_change") != std::string::npos) std::this_thread::sleep_for(seconds(3));
    return {200, {{"ETag", "e7"}}, "FALSE"};
  };
  start("gcp");
  ASSERT_TRUE(await([&] { return asked() >= 4 ? std::optional(true) : std::nullopt; }));
  const Duration began = clock_.monotonic();
  watch_.reset();
  EXPECT_LT(clock_.monotonic() - began, seconds(2));
}

TEST(MetadataSource, IsACloudAndPerhapsAnAddress) {
  EXPECT_EQ(parse_metadata_source("gcp")->endpoint.host, "169.254.169.254");
  EXPECT_EQ(parse_metadata_source("aws,http://127.0.0.1:80")->endpoint.host, "127.0.0.1");
  EXPECT_FALSE(parse_metadata_source("ibm").ok());
  EXPECT_FALSE(parse_metadata_source("aws,").ok());
  EXPECT_FALSE(parse_metadata_source("").ok());
}

}  // namespace
}  // namespace tradewind::agent
