#include "edge/drivers/slurm/rest_controller.h"

#include <array>
#include <memory>
#include <set>
#include <unistd.h>

#include "base/text.h"
#include "edge/drivers/slurm/command_output.h"
#include "edge/io/files.h"
#include "edge/io/http_client.h"

namespace tradewind::slurm {
namespace {

constexpr std::array versions = {"v0.0.38", "v0.0.37", "v0.0.36"};  // newest first

// Members of answers are missing, null or of another type from version to version: each reader has a default.
const json::value* member(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string text_of(const json::value& value, std::string_view name) {
  const json::value* found = member(value, name);
  return found != nullptr && found->is_string() ? std::string(found->get_string().c_str()) : std::string();
}

std::optional<long long> number_of(const json::value& value, std::string_view name) {
  const json::value* found = member(value, name);
  if (found == nullptr) return std::nullopt;
  if (found->is_int64()) return found->get_int64();
  if (found->is_uint64() && found->get_uint64() < (1ULL << 62))
    return static_cast<long long>(found->get_uint64());
  return std::nullopt;
}

Result<const json::array*> list_of(const json::value& value, std::string_view name) {
  const json::value* found = member(value, name);
  if (found == nullptr || !found->is_array())
    return Error{Code::corrupt, "slurmrestd answered without a list of " + std::string(name)};
  return &found->get_array();
}

std::optional<Time> time_of(const json::value& value, std::string_view name) {
  const long long seconds = number_of(value, name).value_or(0);
  constexpr long long year_10000 = 253'402'300'800;
  if (seconds <= 0 || seconds > year_10000) return std::nullopt;
  return Time(std::chrono::seconds(seconds));
}

bool has_word(const json::value& value, std::string_view name, std::string_view word) {
  const json::value* found = member(value, name);
  if (found == nullptr || !found->is_array()) return false;
  for (const json::value& each : found->get_array()) {
    if (each.is_string() && lower(each.get_string().c_str()) == word) return true;
  }
  return false;
}

std::string words_of_errors(const json::value& answer) {
  std::string words;
  const json::value* errors = member(answer, "errors");
  if (errors == nullptr || !errors->is_array()) return words;
  for (const json::value& each : errors->get_array()) {
    for (const char* name : {"description", "error"}) {
      const std::string text = text_of(each, name);
      if (!text.empty() && words.find(text) == std::string::npos) words += text + "\n";
    }
  }
  return words;
}

}  // namespace

Result<std::unique_ptr<RestController>> RestController::make(const Rest& rest, Duration patience) {
  TW_ASSIGN_OR_RETURN(io::HttpEndpoint endpoint, io::parse_http_endpoint(rest.url));
  return std::unique_ptr<RestController>(new RestController(rest, std::move(endpoint), patience));
}

Result<std::string> RestController::version() {
  const std::scoped_lock lock(mutex_);
  if (!rest_.version.empty()) return rest_.version;
  if (!version_.empty()) return version_;
  Error last;
  for (const char* candidate : versions) {
    const Result<json::value> pong = call_version(candidate, "GET", "/ping", nullptr);
    if (pong) return version_ = candidate;
    last = pong.error();
    if (last.code != Code::not_found) break;
  }
  if (last.code != Code::not_found) return last;
  return Error{Code::invalid_argument, "slurmrestd at " + rest_.url + " speaks none of v0.0.36 to v0.0.38",
               "start it with -s openapi/v0.0.38, or leave `rest` out of slurm.yaml"};
}

Result<json::value> RestController::call(const std::string& method, const std::string& path,
                                         const json::object* body) {
  TW_ASSIGN_OR_RETURN(const std::string spoken, version());
  return call_version(spoken, method, path, body);
}

Result<json::value> RestController::call_version(const std::string& version, const std::string& method,
                                                 const std::string& path, const json::object* body) {
  io::HttpRequest request;
  request.method = method;
  request.target = "/slurm/" + version + path;
  request.headers.push_back({"Accept", "application/json"});
  if (!rest_.token_file.empty()) {
    TW_ASSIGN_OR_RETURN(const std::string token, io::read_file(rest_.token_file, 64 << 10));
    std::string_view bare = trim(token);
    // As `scontrol token` prints it.
    if (bare.starts_with("SLURM_JWT=")) bare.remove_prefix(std::string_view("SLURM_JWT=").size());
    request.headers.push_back({"X-SLURM-USER-NAME", rest_.user});
    request.headers.push_back({"X-SLURM-USER-TOKEN", std::string(bare)});
  }
  if (body != nullptr) {
    request.headers.push_back({"Content-Type", "application/json"});
    request.body = to_text(json::value(*body));
  }
  const std::string what = "slurmrestd at " + rest_.url + " (" + method + " " + request.target + ")";
  io::HttpClientOptions options;
  options.reply_patience = patience_;
  io::HttpClient client(endpoint_, std::move(options));
  Result<io::HttpResponse> response = client.send(request);
  if (!response) {
    Error error = response.error();
    // Nobody listens: it may be back soon.
    if (error.code == Code::not_found) error.code = Code::unavailable;
    return error;
  }
  const Result<json::value> answer = parse_json(response->body);
  if (response->status == 404) return Error{Code::not_found, what + " is not known there"};
  const std::string words = answer ? words_of_errors(*answer) : std::string();
  if (response->status == 401 || response->status == 403)
    return Error{Code::unauthorized, what + " lets us not in: " + words, "renew the token in token_file"};
  if (response->status != 200 || !words.empty())
    return slurm_error(what + " answered " + std::to_string(response->status), words);
  if (!answer) return Error{Code::unavailable, what + " answered no JSON"};
  return *answer;
}

json::object submit_body(const SubmitRequest& request, std::string_view version) {
  json::object job = {{"name", request.name},
                      {"comment", request.comment},
                      {"partition", request.partition},
                      {"current_working_directory", request.folder},
                      {version == "v0.0.36" ? "standard_out" : "standard_output", request.output},
                      {"open_mode", "append"},
                      {"environment", json::object{{"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin"}}},
                      {"requeue", false},
                      {"tasks", 1},
                      {"cpus_per_task", request.cpus}};
  const auto add_if = [&job](std::string_view name, const std::string& value) {
    if (!value.empty()) job[name] = value;
  };
  if (request.memory_mib > 0) job["memory_per_node"] = request.memory_mib;
  add_if("gres", request.gres);
  add_if("account", request.account);
  add_if("qos", request.qos);
  add_if("reservation", request.reservation);
  add_if("constraints", request.constraint);
  if (request.exclusive) job["exclusive"] = "true";
  if (request.time_limit > Duration(0)) {
    const auto minutes = std::chrono::ceil<std::chrono::minutes>(request.time_limit).count();
    job["time_limit"] = minutes > 1 ? minutes : 1;
  }
  // No "signal": slurmrestd 22.05 refuses those for the script itself ("B:USR1@60"). The script looks at the
  // time limit by itself; a preemption is told by TERM alone.
  return {{"script", request.script}, {"job", std::move(job)}};
}

Result<std::string> RestController::submit(const SubmitRequest& request) {
  TW_ASSIGN_OR_RETURN(const std::string spoken, version());
  const json::object body = submit_body(request, spoken);
  TW_ASSIGN_OR_RETURN(const json::value answer, call("POST", "/job/submit", &body));
  const std::optional<long long> id = number_of(answer, "job_id");
  if (!id || *id <= 0) return Error{Code::unavailable, "slurmrestd at " + rest_.url + " named no job"};
  return std::to_string(*id);
}

Result<std::vector<Job>> jobs_from_rest(const json::value& answer) {
  TW_ASSIGN_OR_RETURN(const json::array* listed, list_of(answer, "jobs"));
  std::vector<Job> jobs;
  for (const json::value& each : *listed) {
    Job job;
    job.id = std::to_string(number_of(each, "job_id").value_or(0));
    job.word = text_of(each, "job_state");
    job.state = job_state_from_word(job.word);
    job.reason = text_of(each, "state_reason");
    if (job.reason == "None") job.reason.clear();
    job.name = text_of(each, "name");
    job.comment = text_of(each, "comment");
    job.partition = text_of(each, "partition");
    job.started = time_of(each, "start_time");
    job.ended = time_of(each, "end_time");
    jobs.push_back(std::move(job));
  }
  return jobs;
}

// Those of all users, as far as the cluster shows them.
Result<std::vector<Job>> RestController::jobs() {
  TW_ASSIGN_OR_RETURN(json::value answer, call("GET", "/jobs"));
  TW_ASSIGN_OR_RETURN(const json::array* listed, list_of(answer, "jobs"));
  json::array own;
  const long long user_id = ::geteuid();
  for (const json::value& each : *listed) {
    const std::string user = text_of(each, "user_name");
    // A socket's user is the one whom we run as.
    const bool by_name = !rest_.user.empty() && !user.empty();
    if (by_name ? user == rest_.user
                : !rest_.token_file.empty() || number_of(each, "user_id").value_or(user_id) == user_id)
      own.push_back(each);
  }
  return jobs_from_rest(json::value(json::object{{"jobs", std::move(own)}}));
}

Status RestController::cancel(const std::string& name) {
  TW_ASSIGN_OR_RETURN(const std::vector<Job> all, jobs());
  for (const Job& job : all) {
    if (job.name != name || job.state == JobState::ended) continue;
    const Result<json::value> cancelled = call("DELETE", "/job/" + job.id);
    // It may have ended meanwhile, of which each version speaks in its own way.
    if (cancelled || cancelled.error().code == Code::not_found) continue;
    const std::string said = lower(cancelled.error().message);
    if (said.find("already") == std::string::npos && said.find("invalid job id") == std::string::npos)
      return cancelled.error();
  }
  return {};
}

Result<std::vector<Partition>> partitions_from_rest(const json::value& partitions, const json::value& nodes) {
  TW_ASSIGN_OR_RETURN(const json::array* listed, list_of(partitions, "partitions"));
  TW_ASSIGN_OR_RETURN(const json::array* all_nodes, list_of(nodes, "nodes"));
  std::vector<Partition> answer;
  for (const json::value& each : *listed) {
    Partition partition;
    partition.name = text_of(each, "name");
    // v0.0.36 says neither the state nor, of a node, its partitions.
    partition.state = member(each, "state") == nullptr ? "UP" : text_of(each, "state");
    const std::vector<std::string> hosts = expand_hostlist(text_of(each, "nodes"));
    const std::set<std::string> names(hosts.begin(), hosts.end());
    if (const auto minutes = number_of(each, "max_time_limit");
        minutes && *minutes > 0 && *minutes < 1'000'000'000)
      partition.max_time = std::chrono::minutes(*minutes);
    partition.tier = static_cast<int>(number_of(each, "priority_tier").value_or(1));
    partition.preempt =
        has_word(each, "preemption_mode", "requeue") || has_word(each, "preemption_mode", "cancel");
    partition.grace =
        std::chrono::seconds(static_cast<int>(number_of(each, "preemption_grace_time").value_or(0)));
    for (const json::value& one : *all_nodes) {
      if (!names.contains(text_of(one, "name"))) continue;
      Node node;
      node.name = text_of(one, "name");
      node.cpus = static_cast<int>(number_of(one, "cpus").value_or(0));
      node.memory_mib = number_of(one, "real_memory").value_or(0);
      node.gpus = parse_gpus(text_of(one, "gres"));
      node.usable = text_of(one, "state") != "down" && !has_word(one, "state_flags", "drain") &&
                    !has_word(one, "state_flags", "fail");
      partition.nodes.push_back(std::move(node));
    }
    answer.push_back(std::move(partition));
  }
  return answer;
}

Result<std::vector<Partition>> RestController::partitions() {
  TW_ASSIGN_OR_RETURN(const json::value partitions, call("GET", "/partitions"));
  TW_ASSIGN_OR_RETURN(const json::value nodes, call("GET", "/nodes"));
  return partitions_from_rest(partitions, nodes);
}

}  // namespace tradewind::slurm
