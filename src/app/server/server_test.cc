#include "app/server/server.h"

#include <filesystem>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>
#include <thread>

#include "app/api/error_body.h"
#include "app/api/openapi.h"
#include "app/api/pages.h"
#include "app/api/testing/schema_check.h"
#include "app/server/guard.h"
#include "app/server/server_lock.h"
#include "app/server/testing/fake_control_plane.h"
#include "app/server/testing/story.h"
#include "app/server/token_file.h"
#include "edge/io/files.h"
#include "edge/io/http_client.h"

namespace tradewind::server {
namespace {

using testing::FakeControlPlane;
using testing::StoryClock;

class ServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.path = temporary_.path().string() + "/state";
    ASSERT_TRUE(io::make_folders(folder_.path, 0700).ok());
    testing::tell_story(plane_);
  }

  void start(ServerOptions options = {}) {
    options.folder = folder_;
    Result<std::unique_ptr<Server>> server = Server::start(options, plane_, clock_, OwnerId("owner"));
    ASSERT_TRUE(server.ok()) << describe(server.error());
    server_ = *std::move(server);
  }

  io::HttpClient client() { return io::HttpClient({folder_.socket(), "", 0}); }

  struct Answer {
    int status = 0;
    json::value body;
  };
  Answer ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    Result<io::HttpResponse> response = client().send({method, target, {}, body});
    if (!response.ok()) return {0, json::value(response.error().message)};
    Result<json::value> document = parse_json(response->body);
    return {response->status, document.ok() ? *document : json::value(response->body)};
  }
  static std::string code_of(const Answer& answer) {
    return std::string(answer.body.at("error").at("code").as_string());
  }

  io::TempDir temporary_ = *io::TempDir::make("tw-server-");
  api::StateFolder folder_;
  FakeControlPlane plane_;
  StoryClock clock_;
  std::unique_ptr<Server> server_;
};

json::value openapi() {
  return parse_json(api::openapi_document()).value_or({});
}

std::string escaped(const std::string& path) {
  std::string pointer;
  for (const char c : path) pointer += c == '/' ? std::string("~1") : std::string(1, c);
  return pointer;
}

TEST_F(ServerTest, TheDocumentListsTheRoutesAndTheRoutesAreListed) {
  std::set<std::string> documented;
  const json::value document = openapi();
  for (const auto& path : document.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      std::string method(operation.key());
      for (char& c : method) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      documented.insert(method + " " + std::string(path.key()));
    }
  }
  const Serving serving{plane_, clock_, {}};
  std::set<std::string> routed;
  for (const Route& route : all_routes(serving)) routed.insert(route.method + " " + route.pattern);
  EXPECT_EQ(documented, routed);
}

struct Sample {
  const char* method;
  const char* pattern;
  const char* target;
  const char* body;
  int status;
};
constexpr Sample samples[] = {
    {"GET", "/v1/health", "/v1/health", "", 200},
    {"GET", "/v1/version", "/v1/version", "", 200},
    {"GET", "/openapi.json", "/openapi.json", "", 200},
    {"POST", "/v1/jobs", "/v1/jobs", R"({"spec":{"name":"x","run":"true"}})", 201},
    {"POST", "/v1/jobs", "/v1/jobs", R"({"spec":{"name":"x"}})", 400},
    {"POST", "/v1/jobs", "/v1/jobs", R"({"spec":{"run":7}})", 400},
    {"POST", "/v1/jobs", "/v1/jobs", "not json", 400},
    {"GET", "/v1/jobs", "/v1/jobs", "", 200},
    {"GET", "/v1/jobs", "/v1/jobs?state=live&limit=1", "", 200},
    {"GET", "/v1/jobs", "/v1/jobs?limit=many", "", 400},
    {"GET", "/v1/jobs/{id}", "/v1/jobs/j-story00001", "", 200},
    {"GET", "/v1/jobs/{id}", "/v1/jobs/j-alive00001", "", 200},
    {"GET", "/v1/jobs/{id}", "/v1/jobs/j-story00001?brief=1", "", 200},
    {"GET", "/v1/jobs/{id}", "/v1/jobs/none", "", 404},
    {"POST", "/v1/jobs/{id}/cancel", "/v1/jobs/j-alive00001/cancel", "", 202},
    {"POST", "/v1/jobs/{id}/cancel", "/v1/jobs/j-story00001/cancel", "", 409},
    {"POST", "/v1/jobs/{id}/move", "/v1/jobs/embed/move", R"({"to":"local/delta"})", 202},
    {"POST", "/v1/jobs/{id}/move", "/v1/jobs/embed/move", R"({"to":"mars"})", 400},
    {"POST", "/v1/jobs/{id}/move", "/v1/jobs/embed/move", R"({"to":"a/b/c/d"})", 400},
    {"POST", "/v1/jobs/{id}/move", "/v1/jobs/embed/move", "{}", 400},
    {"GET", "/v1/moves/{id}", "/v1/moves/m-story00001", "", 200},
    {"GET", "/v1/moves/{id}", "/v1/moves/m-none", "", 404},
    {"GET", "/v1/jobs/{id}/logs", "/v1/jobs/train/logs", "", 200},
    {"GET", "/v1/jobs/{id}/logs", "/v1/jobs/train/logs?after=x", "", 400},
    {"GET", "/v1/jobs/{id}/logs", "/v1/jobs/train/logs?lease=l-none", "", 404},
    {"GET", "/v1/jobs/{id}/progress", "/v1/jobs/train/progress", "", 200},
    {"GET", "/v1/jobs/{id}/checkpoints", "/v1/jobs/train/checkpoints", "", 200},
    {"GET", "/v1/jobs/{id}/recovery", "/v1/jobs/train/recovery", "", 200},
    {"GET", "/v1/events", "/v1/events?after=1", "", 200},
    {"GET", "/v1/events", "/v1/events?wait_s=99", "", 400},
    {"POST", "/v1/server/stop", "/v1/server/stop", "", 202},
};

TEST_F(ServerTest, RealAnswersFitTheDocument) {
  start();
  const json::value document = openapi();
  const api::testing::SchemaCheck check(document);
  for (const Sample& sample : samples) {
    const std::string name = std::string(sample.method) + " " + sample.target;
    const Answer answer = ask(sample.method, sample.target, sample.body);
    EXPECT_EQ(answer.status, sample.status) << name << " " << to_text(answer.body);
    const bool failed = sample.status >= 400;
    std::string method(sample.method);
    for (char& c : method) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::string pointer = failed
                                    ? "/components/schemas/Error"
                                    : "/paths/" + escaped(sample.pattern) + "/" + method + "/responses/" +
                                          std::to_string(sample.status) + "/content/application~1json/schema";
    const json::value* schema = check.at(pointer);
    ASSERT_NE(schema, nullptr) << name << ": no schema at " << pointer;
    EXPECT_EQ(check.problems(*schema, answer.body), std::vector<std::string>{}) << name;
  }
}

// The whole of a job's answer, not the shorter alternative that the document allows as well.
TEST_F(ServerTest, AJobsWholeAnswerFitsItsSchema) {
  start();
  const json::value document = openapi();
  const api::testing::SchemaCheck check(document);
  const Answer answer = ask("GET", "/v1/jobs/train");
  EXPECT_EQ(check.problems(*check.at("/components/schemas/JobDetail"), answer.body),
            std::vector<std::string>{});
  EXPECT_EQ(answer.body.at("leases").as_array().size(), 3u);
  EXPECT_EQ(answer.body.at("ledger").as_array().size(), 7u);
  EXPECT_EQ(answer.body.at("moves").at(0).at("downtime_s"), json::value(1.25));
  EXPECT_EQ(answer.body.at("attempts"), json::value(3));
  EXPECT_EQ(answer.body.at("receipt").at("total").at("amount").as_string(), "1.415");  // 0.195 + 0.32 + 0.90
  EXPECT_EQ(answer.body.at("charges").as_array().size(), 3u);
}

TEST_F(ServerTest, AJobIsFoundByIdBeginningNameOrAsTheLast) {
  start();
  for (const char* text : {"j-story00001", "j-st", "st", "train"}) {
    EXPECT_EQ(ask("GET", std::string("/v1/jobs/") + text).body.at("id").as_string(), "j-story00001") << text;
  }
  EXPECT_EQ(ask("GET", "/v1/jobs/-").body.at("id").as_string(), "j-alive00001");
  plane_.change([](ClusterState& state) { state.jobs[JobId("j-story00002")].id = JobId("j-story00002"); });
  const Answer two = ask("GET", "/v1/jobs/j-st");
  EXPECT_EQ(two.status, 409);
  EXPECT_NE(std::string(two.body.at("error").at("hint").as_string()).find("j-story00002"), std::string::npos);
  EXPECT_EQ(code_of(ask("GET", "/v1/jobs/zzz")), "not_found");
}

TEST_F(ServerTest, SubmittingStoresWhatWasSent) {
  start();
  const Answer answer =
      ask("POST", "/v1/jobs", R"({"spec":{"name":"한글","run":"echo hi","envs":{"A":"b"}}})");
  EXPECT_EQ(answer.status, 201);
  ASSERT_EQ(plane_.submitted().size(), 1u);
  EXPECT_EQ(plane_.submitted()[0].name, "한글");
  EXPECT_EQ(plane_.submitted()[0].envs.at("A"), "b");
}

TEST_F(ServerTest, LiveJobsComeFirstAndCostGoesOn) {
  start();
  const Answer answer = ask("GET", "/v1/jobs");
  EXPECT_EQ(answer.body.at("jobs").at(0).at("name").as_string(), "embed");
  EXPECT_EQ(answer.body.at("jobs").at(0).at("cost").at("amount").as_string(), "0.18");  // 12 minutes at 0.90
  EXPECT_EQ(answer.body.at("jobs").at(0).at("eta_s"), json::value(360));
  EXPECT_EQ(answer.body.at("total"), json::value(2));
}

TEST_F(ServerTest, LogsComeInTheOrderOfAttempts) {
  start();
  const Answer whole = ask("GET", "/v1/jobs/train/logs");
  const api::LogPage page = *api::log_page_from_json(whole.body, "page");
  ASSERT_EQ(page.segments.size(), 3u);
  EXPECT_EQ(page.segments[0].bytes, "hello from harbour\n");
  EXPECT_EQ(page.segments[2].bytes, "hello from cape\n");
  EXPECT_TRUE(page.end);
  const Answer rest = ask("GET", "/v1/jobs/train/logs?after=2:1");
  EXPECT_EQ(rest.body.at("segments").as_array().size(), 1u);
  const Answer one = ask("GET", "/v1/jobs/train/logs?lease=l-story2");
  EXPECT_EQ(one.body.at("segments").at(0).at("data").as_string(), "hello from delta\n");
}

TEST_F(ServerTest, AWaitForOutputEndsWhenThereIsSome) {
  start();
  std::thread writer([&] {
    EXPECT_TRUE(
        plane_.box(testing::live_job).write_log(LeaseId("l-alive1"), 1, std::string("\xff\n", 2)).ok());
    plane_.change([](ClusterState& state) { state.leases[LeaseId("l-alive1")].status->log_segments = 1; });
  });
  const Answer answer = ask("GET", "/v1/jobs/embed/logs?wait_s=60");
  writer.join();
  const api::LogPage page = *api::log_page_from_json(answer.body, "page");
  ASSERT_EQ(page.segments.size(), 1u);
  EXPECT_EQ(page.segments[0].bytes, std::string("\xff\n", 2));
  EXPECT_FALSE(page.end);
}

TEST_F(ServerTest, OutputOfALaterPlaceWaitsForTheEarlierOnesEnd) {
  start();
  plane_.change([](ClusterState& state) {
    LeaseRecord& second = state.leases[LeaseId("l-story2")];
    second.state = LeaseState::active;
    second.status->phase = AgentPhase::running;
    state.jobs[testing::story_job].state = JobState::running;
  });
  const api::LogPage page = *api::log_page_from_json(ask("GET", "/v1/jobs/train/logs").body, "page");
  EXPECT_EQ(page.segments.size(), 2u);
  EXPECT_EQ(page.next, "2:1");
  EXPECT_FALSE(page.end);
}

TEST_F(ServerTest, ProgressHoldsEachLine) {
  start();
  const Answer answer = ask("GET", "/v1/jobs/train/progress");
  const api::ProgressPage page = *api::progress_page_from_json(answer.body, "page");
  EXPECT_EQ(page.points.size(), 130u + 150u + 150u);
  EXPECT_EQ(page.points.front().step, 1);
  EXPECT_EQ(page.points.back().metrics.at("loss"), 1.75);
  EXPECT_EQ(page.points.back().epoch, 3u);
}

TEST_F(ServerTest, EventsAreWaitedForAndStreamed) {
  start();
  std::thread writer(
      [&] { plane_.add_event("job.started", "j-alive00001", "it runs", testing::story_now()); });
  const Answer answer = ask("GET", "/v1/events?after=3&wait_s=60");
  writer.join();
  EXPECT_EQ(answer.body.at("events").at(0).at("kind").as_string(), "job.started");
  EXPECT_EQ(answer.body.at("next"), json::value(4));

  std::string text;
  io::HttpClient streaming = client();
  const Result<io::HttpResponse> head =
      streaming.stream({"GET", "/v1/events/stream?subject=j-alive00001"}, [&](std::string_view bytes) {
        text += bytes;
        return text.find("job.started") == std::string::npos;
      });
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(io::header_of(head->headers, "Content-Type"), "text/event-stream");
  EXPECT_EQ(text.find("j-story00001"), std::string::npos);
  EXPECT_NE(text.find("id: 3\nevent: job.submitted\ndata: {\"sequence\":3"), std::string::npos);
}

TEST_F(ServerTest, WhatIsNotThereAndWhatIsNotUnderstoodAreSaid) {
  start();
  EXPECT_EQ(ask("GET", "/v1/nothing").status, 404);
  EXPECT_EQ(ask("DELETE", "/v1/jobs").status, 405);
  EXPECT_EQ(ask("POST", "/v1/jobs", "[]").status, 400);
  EXPECT_EQ(ask("GET", "/v1/jobs/%zz").status, 400);
}

TEST_F(ServerTest, AnEndedLoopIsUnavailable) {
  start();
  plane_.fail_with({Code::unavailable, "the loop has ended"});
  for (const char* target : {"/v1/health", "/v1/jobs", "/v1/jobs/-", "/v1/events"}) {
    EXPECT_EQ(ask("GET", target).status, 503) << target;
  }
}

TEST_F(ServerTest, OnTcpATokenIsNeeded) {
  ServerOptions options;
  options.port = 0;
  start(options);
  const io::HttpEndpoint endpoint = *io::parse_http_endpoint(server_->info().listen);
  const std::string token = *load_or_make_token(folder_.token());
  const std::string host = "127.0.0.1:" + std::to_string(endpoint.port);
  const auto status = [&](std::vector<io::HttpHeader> headers, const char* target = "/v1/jobs") {
    return io::HttpClient(endpoint).send({"GET", target, std::move(headers)})->status;
  };
  EXPECT_EQ(status({{"Authorization", "Bearer " + token}}), 200);
  EXPECT_EQ(status({{"Authorization", "bearer " + token}}), 200);
  EXPECT_EQ(status({}), 401);
  EXPECT_EQ(status({{"Authorization", "Bearer " + token.substr(1)}}), 401);
  EXPECT_EQ(status({{"Authorization", "Bearer "}}), 401);
  EXPECT_EQ(status({}, "/v1/health"), 200);
  // A name that somebody pointed to 127.0.0.1, and a page that asks from elsewhere.
  EXPECT_EQ(status({{"Authorization", "Bearer " + token}, {"Host", "evil.example"}}), 403);
  EXPECT_EQ(status({{"Authorization", "Bearer " + token}, {"Origin", "http://evil.example"}}), 403);
  EXPECT_EQ(status({{"Host", "evil.example"}}, "/v1/health"), 403);
  EXPECT_EQ(client().send({"GET", "/v1/jobs"})->status, 200);
  EXPECT_EQ(client().send({"GET", "/v1/jobs", {{"Origin", "null"}}})->status, 403);
}

TEST_F(ServerTest, TheTokenIsMadeOnceAndForItsUserAlone) {
  const std::string token = *load_or_make_token(folder_.token());
  EXPECT_EQ(token.size(), 64u);
  EXPECT_EQ(*load_or_make_token(folder_.token()), token);
  struct stat info {};
  ASSERT_EQ(::stat(folder_.token().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
  ::chmod(folder_.token().c_str(), 0644);
  EXPECT_EQ(load_or_make_token(folder_.token()).error().code, Code::unauthorized);
  ::chmod(folder_.token().c_str(), 0600);
  ASSERT_TRUE(io::write_file_atomic(folder_.token(), "short\n", {0600, false}).ok());
  EXPECT_EQ(load_or_make_token(folder_.token()).error().code, Code::corrupt);
}

TEST_F(ServerTest, AFolderHasOneServerAndThePortBelongsToOne) {
  const Result<io::FileLock> first = lock_state_folder(folder_);
  ASSERT_TRUE(first.ok()) << describe(first.error());
  const Result<io::FileLock> second = lock_state_folder(folder_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::conflict);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);

  ServerOptions options;
  options.port = 0;
  start(options);
  options.port = io::parse_http_endpoint(server_->info().listen)->port;
  options.folder = folder_;
  const Result<std::unique_ptr<Server>> other = Server::start(options, plane_, clock_, OwnerId("o"));
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, Code::conflict);
}

TEST_F(ServerTest, AFolderThatCannotBeMadeSaysSo) {
  ASSERT_TRUE(io::write_file_atomic(temporary_.path() / "file", "x").ok());
  const Result<io::FileLock> lock = lock_state_folder({(temporary_.path() / "file" / "state").string()});
  ASSERT_FALSE(lock.ok());
  EXPECT_NE(lock.error().message.find("file/state"), std::string::npos);
  EXPECT_NE(lock.error().hint.find("TRADEWIND_HOME"), std::string::npos);
}

TEST_F(ServerTest, StopEndsTheWaitAndRemovesTheSocket) {
  start();
  EXPECT_EQ(ask("POST", "/v1/server/stop").status, 202);
  EXPECT_EQ(server_->wait(), StopReason::requested);
  server_->stop();
  EXPECT_FALSE(std::filesystem::exists(folder_.socket()));
}

TEST_F(ServerTest, StoppingCutsLongWaitsShort) {
  start();
  std::atomic<int> status = 0;
  std::thread waiter([&] { status = ask("GET", "/v1/events?after=99&wait_s=60").status; });
  while (plane_.waits() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  server_->stop();
  waiter.join();
  EXPECT_NE(status, 0);
}

TEST_F(ServerTest, AnIdleServerGoesButNotWhileThereIsWork) {
  ServerOptions options;
  options.idle_exit = Duration(1);
  start(options);
  std::atomic<bool> ended = false;
  std::thread waiter([&] {
    EXPECT_EQ(server_->wait(), StopReason::idle);
    ended = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));  // longer than one look
  EXPECT_FALSE(ended);
  plane_.change([](ClusterState& state) {
    state.jobs[testing::live_job].state = JobState::cancelled;
    state.leases[LeaseId("l-alive1")].state = LeaseState::ended;
  });
  waiter.join();
}

TEST(GuardTest, ComparesWholeTokens) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("ab", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abcabc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", ""));
}

}  // namespace
}  // namespace tradewind::server
