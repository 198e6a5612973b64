// What later versions of slurmrestd are told and answer, by a scripted one: v0.0.36 to v0.0.38 are met for
// real (slurm_provider_test.cc), these have been written from their description alone.
#include "edge/drivers/slurm/rest_controller.h"

#include <gtest/gtest.h>
#include <map>
#include <mutex>

#include "edge/drivers/slurm/rest_shapes.h"
#include "edge/io/http_server.h"

namespace tradewind::slurm {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Answers by "METHOD /path", and 404 to all else.
class ScriptedRest {
 public:
  using Answers = std::map<std::string, std::string>;
  explicit ScriptedRest(Answers answers) : answers_(std::move(answers)) {
    io::UniqueFd socket = io::listen_loopback(0).value();
    port_ = io::port_of(socket);
    std::vector<io::HttpListener> listeners;
    listeners.push_back({std::move(socket), true});
    io::HttpLimits limits;
    limits.stop_patience = Duration(50);
    server_ = io::HttpServer::start(
                  std::move(listeners), [this](const io::HttpRequest& request) { return answer(request); },
                  [](int status, const std::string& message) {
                    return io::HttpResponse{status, {}, message, {}};
                  },
                  limits)
                  .value();
  }
  std::unique_ptr<RestController> controller(const std::string& version) const {
    return RestController::make({"http://127.0.0.1:" + std::to_string(port_), version, "", ""}, seconds(10))
        .value();
  }
  json::value body_of(const std::string& what) const {
    const std::scoped_lock lock(mutex_);
    const auto found = bodies_.find(what);
    return found == bodies_.end() ? json::value() : parse_json(found->second).value();
  }

 private:
  io::HttpResponse answer(const io::HttpRequest& request) {
    const std::string what = request.method + " " + request.target;
    const std::scoped_lock lock(mutex_);
    bodies_[what] = request.body;
    const auto found = answers_.find(what);
    if (found == answers_.end()) return {404, {}, "Unable find requested URL.", {}};
    return {200, {}, found->second, {}};
  }
  const std::map<std::string, std::string> answers_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> bodies_;
  std::uint16_t port_ = 0;
  std::unique_ptr<io::HttpServer> server_;  // last: its threads use the rest
};

SubmitRequest full_request() {
  SubmitRequest request;
  request.name = "tw-l-1";
  request.comment = "tradewind:o:l-1";
  request.partition = "gpu";
  request.script = "#!/bin/bash\n";
  request.folder = "/srv/tw";
  request.output = "/srv/tw/job.log";
  request.array = "0-9";
  request.cpus = 8;
  request.memory_mib = 4000;
  request.gres = "gpu:a100:2";
  request.exclusive = true;
  request.time_limit = seconds(61);
  request.notice_lead = seconds(60);
  return request;
}

json::value number(int value) {
  return json::object{{"set", true}, {"infinite", false}, {"number", value}};
}

TEST(RestShapes, V38IsToldPlainNumbersAndNoSignal) {
  const json::object body = submit_body(full_request(), 38);
  const json::object& job = body.at("job").as_object();
  EXPECT_EQ(body.at("script"), "#!/bin/bash\n");
  EXPECT_EQ(job.at("time_limit"), 2);
  EXPECT_EQ(job.at("memory_per_node"), 4000);
  EXPECT_EQ(job.at("gres"), "gpu:a100:2");
  EXPECT_EQ(job.at("exclusive"), "true");
  EXPECT_TRUE(job.at("environment").is_object());
  EXPECT_FALSE(job.contains("kill_warning_signal"));
}

TEST(RestShapes, V39IsToldNumbersAsObjectsListsOfWordsAndTheNotice) {
  const json::object body = submit_body(full_request(), 39);
  const json::object& job = body.at("job").as_object();
  EXPECT_EQ(body.at("script"), "#!/bin/bash\n");
  EXPECT_EQ(job.at("time_limit"), number(2));
  EXPECT_EQ(job.at("memory_per_node"), number(4000));
  EXPECT_EQ(job.at("tres_per_node"), "gres:gpu:a100:2");
  EXPECT_FALSE(job.contains("gres"));
  EXPECT_EQ(job.at("exclusive"), json::value(json::array{"true"}));
  EXPECT_EQ(job.at("open_mode"), json::value(json::array{"APPEND"}));
  EXPECT_EQ(job.at("environment").as_array().at(0).as_string().find("PATH="), 0U);
  EXPECT_EQ(job.at("array"), "0-9");
  EXPECT_EQ(job.at("kill_warning_signal"), "USR1");
  EXPECT_EQ(job.at("kill_warning_delay"), number(60));
  EXPECT_EQ(job.at("kill_warning_flags"), json::value(json::array{"BATCH_JOB"}));
}

TEST(RestShapes, FromV40OnTheScriptIsTheJobs) {
  for (const int version : {40, 41}) {
    const json::object body = submit_body(full_request(), version);
    EXPECT_FALSE(body.contains("script"));
    const json::object& job = body.at("job").as_object();
    EXPECT_EQ(job.at("script"), "#!/bin/bash\n");
    EXPECT_EQ(job.at("shared"), json::value(json::array{"none"}));
    EXPECT_EQ(job.at("tres_per_node"), "gres/gpu:a100:2");
    EXPECT_EQ(job.at("cpus_per_task"), 8);
  }
}

constexpr const char* jobs_v40 = R"js({"jobs": [
  {"job_id": 17, "array_job_id": {"set": true, "infinite": false, "number": 0},
   "array_task_id": {"set": false, "infinite": false, "number": 0}, "array_task_string": "",
   "job_state": ["RUNNING"], "state_reason": "None", "name": "tw-l-1", "comment": "tradewind:o:l-1",
   "partition": "gpu", "start_time": {"set": true, "infinite": false, "number": 1795727356},
   "end_time": {"set": true, "infinite": false, "number": 1795730956}, "user_id": 7},
  {"job_id": 21, "array_job_id": {"set": true, "infinite": false, "number": 18},
   "array_task_id": {"set": true, "infinite": false, "number": 3}, "job_state": ["CANCELLED", "COMPLETING"],
   "state_reason": "None", "name": "tw-many", "start_time": {"set": true, "infinite": false, "number": 0}},
  {"job_id": 18, "array_job_id": {"set": true, "infinite": false, "number": 18},
   "array_task_id": {"set": false, "infinite": false, "number": 0}, "array_task_string": "4-5,...",
   "job_state": ["PENDING"], "state_reason": "Priority", "name": "tw-many",
   "end_time": {"set": true, "infinite": true, "number": 0}}],
  "errors": [], "warnings": []})js";

TEST(RestShapes, ReadsJobsOfLaterVersions) {
  const Result<std::vector<Job>> jobs = jobs_from_rest(parse_json(jobs_v40).value());
  ASSERT_TRUE(jobs.ok()) << describe(jobs.error());
  ASSERT_EQ(jobs->size(), 5U);
  EXPECT_EQ(jobs->at(0), (Job{"17", JobState::running, "RUNNING", "", "tw-l-1", "tradewind:o:l-1", "gpu",
                              Time(seconds(1795727356)), Time(seconds(1795730956))}));
  EXPECT_EQ(jobs->at(1).id, "18_3");
  EXPECT_EQ(jobs->at(1).word, "CANCELLED");
  EXPECT_EQ(jobs->at(1).state, JobState::completing);
  EXPECT_EQ(jobs->at(1).started, std::nullopt);
  EXPECT_EQ(jobs->at(2).id, "18_4");
  EXPECT_EQ(jobs->at(3).id, "18_5");
  EXPECT_EQ(jobs->at(4).id, "18_...");
  EXPECT_EQ(jobs->at(4).reason, "Priority");
  EXPECT_EQ(jobs->at(4).ended, std::nullopt) << "without bounds";
  EXPECT_EQ(jobs_from_rest(parse_json(R"js({"jobs": 3})js").value()).error().code, Code::corrupt);
}

TEST(RestShapes, ReadsPartitionsOfLaterVersions) {
  const json::value partitions = parse_json(R"js({"partitions": [
    {"name": "gpu", "nodes": {"configured": "n[1-2]", "total": 2}, "grace_time": 30,
     "maximums": {"time": {"set": true, "infinite": false, "number": 240}}, "priority": {"tier": 5},
     "partition": {"state": ["DRAIN"]}},
    {"name": "v39", "nodes": {"configured": "n2"}, "maximums": {"time": {"set": false, "infinite": true, "number": 0}}}]})js")
                                     .value();
  const json::value nodes = parse_json(R"js({"nodes": [
    {"name": "n1", "cpus": 64, "real_memory": 256000, "gres": "gpu:a100:4(S:0-1)", "state": ["IDLE"]
},
    {"name": "n2", "cpus": 8, "real_memory": 8000, "gres": "", "state": ["IDLE", "DRAIN"]}]
})js")
                                .value();
  const Result<std::vector<Partition>> read = partitions_from_rest(partitions, nodes);
  ASSERT_TRUE(read.ok()) << describe(read.error());
  const Partition& gpu = read->at(0);
  EXPECT_EQ(gpu.state, "DRAIN");
  EXPECT_EQ(gpu.max_time, minutes(240));
  EXPECT_EQ(gpu.tier, 5);
  EXPECT_EQ(gpu.grace, seconds(30));
  EXPECT_FALSE(gpu.preempt) << "nothing says so";
  ASSERT_EQ(gpu.nodes.size(), 2U);
  EXPECT_EQ(gpu.nodes[0].gpus, (std::vector<Gpus>{{"a100", 4}}));
  EXPECT_TRUE(gpu.nodes[0].usable);
  EXPECT_FALSE(gpu.nodes[1].usable);
  EXPECT_EQ(read->at(1).state, "UP");
  EXPECT_EQ(read->at(1).max_time, std::nullopt);
  EXPECT_EQ(read->at(1).nodes.size(), 1U);
}

TEST(RestController, TakesTheNewestVersionThatBothKnow) {
  const ScriptedRest rest(
      ScriptedRest::Answers{{"GET /slurm/v0.0.40/ping/", R"js({"pings": [], "errors": []})js"},
                            {"GET /slurm/v0.0.39/ping/", R"js({"pings": [], "errors": []})js"},
                            {"POST /slurm/v0.0.40/job/submit", R"js({"job_id": 17, "errors": []})js"},
                            {"DELETE /slurm/v0.0.40/jobs/", R"js({"status": [], "errors": []})js"},
                            {"GET /slurm/v0.0.40/jobs/", jobs_v40}});
  const auto controller = rest.controller("");
  EXPECT_EQ(controller->submit(full_request()).value(), "17");
  EXPECT_EQ(rest.body_of("POST /slurm/v0.0.40/job/submit").at("job").at("time_limit"), number(2));
  EXPECT_EQ(controller->array_max().value(), 1000);
  ASSERT_TRUE(controller->cancel({{"tw-many", {"18_4"}}, {"tw-many", {"18_5"}}}).ok());
  EXPECT_EQ(rest.body_of("DELETE /slurm/v0.0.40/jobs/"),
            json::value(json::object{{"jobs", {"18_4", "18_5"}}}));
}

TEST(RestController, TellsWhatARefusalSays) {
  const ScriptedRest rest(ScriptedRest::Answers{
      {"POST /slurm/v0.0.41/job/submit",
       R"js({"errors": [{"description": "Invalid account or account/partition combination specified", "error_number": 2045,
            "error": "Invalid account or account/partition combination specified", "source": "slurm_submit_batch_job()"}]})js"}});
  const Result<std::string> refused = rest.controller("v0.0.41")->submit(full_request());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::unauthorized) << describe(refused.error());
}

TEST(RestController, RefusesVersionsThatItDoesNotKnow) {
  const ScriptedRest rest(ScriptedRest::Answers{{"GET /slurm/v0.0.44/ping/", R"js({"pings": []})js"}});
  const Result<std::string> none = rest.controller("")->submit(full_request());
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Code::invalid_argument);
  EXPECT_NE(none.error().message.find("speaks none of v0.0.36 to v0.0.41"), std::string::npos)
      << none.error().message;
  const Result<std::string> named = rest.controller("v0.0.44")->submit(full_request());
  ASSERT_FALSE(named.ok());
  EXPECT_NE(named.error().message.find("'v0.0.44'"), std::string::npos) << named.error().message;
}

}  // namespace
}  // namespace tradewind::slurm
