#include "edge/drivers/slurm/rest_controller.h"

#include <memory>
#include <set>
#include <unistd.h>

#include "base/text.h"
#include "edge/drivers/slurm/command_output.h"
#include "edge/drivers/slurm/rest_shapes.h"
#include "edge/io/files.h"
#include "edge/io/http_client.h"

namespace tradewind::slurm {

Result<std::unique_ptr<RestController>> RestController::make(const Rest& rest, Duration patience) {
  TW_ASSIGN_OR_RETURN(io::HttpEndpoint endpoint, io::parse_http_endpoint(rest.url));
  return std::unique_ptr<RestController>(new RestController(rest, std::move(endpoint), patience));
}

Result<int> RestController::version() {
  const std::scoped_lock lock(mutex_);
  if (version_ != 0) return version_;
  const std::string known =
      rest_version_text(oldest_rest_version) + " to " + rest_version_text(newest_rest_version);
  if (!rest_.version.empty()) {
    const std::optional<int> named = rest_version_from(rest_.version);
    if (named) return version_ = *named;
    return Error{Code::invalid_argument,
                 "the version '" + rest_.version + "' of slurmrestd at " + rest_.url + " is none of " + known,
                 "leave `version` out of slurm.yaml: the newest is taken that both know"};
  }
  Error last;
  for (int candidate = newest_rest_version; candidate >= oldest_rest_version; --candidate) {
    const Result<json::value> pong = call_version(candidate, "GET", "/ping/", nullptr);
    if (pong) return version_ = candidate;
    last = pong.error();
    if (last.code != Code::not_found) return last;
  }
  return Error{
      Code::invalid_argument, "slurmrestd at " + rest_.url + " speaks none of " + known,
      "start it with one of them (-s openapi/v0.0.38, or -d v0.0.41), or leave `rest` out of slurm.yaml"};
}

Result<json::value> RestController::call(const std::string& method, const std::string& path,
                                         const json::object* body) {
  TW_ASSIGN_OR_RETURN(const int spoken, version());
  return call_version(spoken, method, path, body);
}

Result<json::value> RestController::call_version(int version, const std::string& method,
                                                 const std::string& path, const json::object* body) {
  io::HttpRequest request;
  request.method = method;
  request.target = "/slurm/" + rest_version_text(version) + path;
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

// No path of the service tells the cluster's own limit: where it is smaller, the submission is refused.
Result<int> RestController::array_max() {
  TW_ASSIGN_OR_RETURN(const int spoken, version());
  return rest_takes_elements(spoken) ? 1000 : 0;
}

Result<std::string> RestController::submit(const SubmitRequest& request) {
  TW_ASSIGN_OR_RETURN(const int spoken, version());
  const json::object body = submit_body(request, spoken);
  TW_ASSIGN_OR_RETURN(const json::value answer, call("POST", "/job/submit", &body));
  const std::optional<long long> id = submitted_job(answer);
  if (!id || *id <= 0) return Error{Code::unavailable, "slurmrestd at " + rest_.url + " named no job"};
  return std::to_string(*id);
}

// Those of all users, as far as the cluster shows them.
Result<std::vector<Job>> RestController::jobs() {
  TW_ASSIGN_OR_RETURN(json::value answer, call("GET", "/jobs/"));
  TW_ASSIGN_OR_RETURN(const json::array* listed, listed_jobs(answer));
  json::array own;
  const long long user_id = ::geteuid();
  for (const json::value& each : *listed) {
    const std::string user = owner_name(each);
    // A socket's user is the one whom we run as.
    const bool by_name = !rest_.user.empty() && !user.empty();
    if (by_name ? user == rest_.user
                : !rest_.token_file.empty() || owner_id(each).value_or(user_id) == user_id)
      own.push_back(each);
  }
  return jobs_from_rest(json::value(json::object{{"jobs", std::move(own)}}));
}

Status RestController::cancel(const std::vector<Cancellation>& which) {
  std::vector<std::string> ids;
  std::set<std::string> names;
  for (const Cancellation& each : which) {
    ids.insert(ids.end(), each.ids.begin(), each.ids.end());
    if (each.ids.empty()) names.insert(each.name);
  }
  if (!names.empty()) {
    TW_ASSIGN_OR_RETURN(const std::vector<Job> all, jobs());
    for (const Job& job : all) {
      if (names.contains(job.name) && job.state != JobState::ended) ids.push_back(job.id);
    }
  }
  TW_ASSIGN_OR_RETURN(const int spoken, version());
  if (spoken >= 40 && ids.size() > 1) {
    // The answer has a word for each, also for those that have ended meanwhile.
    const json::object body = cancel_body(ids);
    TW_ASSIGN_OR_RETURN([[maybe_unused]] const json::value answer, call("DELETE", "/jobs/", &body));
    return {};
  }
  // Older ones take one element at a time, and no folded ones.
  for (const std::string& id : ids) {
    const Result<json::value> cancelled = call("DELETE", "/job/" + id);
    // It may have ended meanwhile, of which each version speaks in its own way.
    if (cancelled || cancelled.error().code == Code::not_found || is_gone(cancelled.error())) continue;
    return cancelled.error();
  }
  return {};
}

Result<std::vector<Partition>> RestController::partitions() {
  TW_ASSIGN_OR_RETURN(const json::value partitions, call("GET", "/partitions/"));
  TW_ASSIGN_OR_RETURN(const json::value nodes, call("GET", "/nodes/"));
  return partitions_from_rest(partitions, nodes);
}

}  // namespace tradewind::slurm
