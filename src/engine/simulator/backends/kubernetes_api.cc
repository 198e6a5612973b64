// The answers of the API server, in its own forms.
#include "base/text.h"
#include "edge/drivers/kubernetes/job_object.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "engine/simulator/backends/kubernetes_model.h"
#include "engine/simulator/backends/kubernetes_query.h"

namespace tradewind::simulator {
namespace {

using kubernetes::text_at;

constexpr std::size_t piece_size = 3;  // of lists; a server may give less than was asked for
constexpr int forbidden_status = 403;

io::HttpResponse with(int status, const json::value& body) {
  return {status, {}, tradewind::to_text(body)};
}

io::HttpResponse refusal(int status, const std::string& message) {
  return with(status, json::object{{"kind", "Status"}, {"status", "Failure"}, {"message", message}});
}

std::string decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      plain += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

std::map<std::string, std::string> kube_query(const std::string& target) {
  std::map<std::string, std::string> query;
  const std::size_t begin = target.find('?');
  if (begin == std::string::npos) return query;
  for (const std::string& part : split(target.substr(begin + 1), '&')) {
    const std::size_t equal = part.find('=');
    query[part.substr(0, equal)] = decoded(std::string_view(part).substr(equal + 1));
  }
  return query;
}

bool is_selected(const json::object& labels, const std::string& job, const std::string& selector) {
  const std::size_t equal = selector.find('=');
  if (equal == std::string::npos) return true;
  const std::string label = selector.substr(0, equal);
  const std::string value = selector.substr(equal + 1);
  if (label == "job-name") return job == value;
  const json::value* found = labels.if_contains(label);
  return found != nullptr && found->is_string() && found->as_string() == value;
}

namespace {

json::object condition_of(const std::string& type, const std::string& reason, Time at) {
  return {{"type", type}, {"status", "True"}, {"reason", reason}, {"lastTransitionTime", format_utc(at)}};
}

const char* word_of(PodPhase phase) {
  constexpr const char* words[] = {"Pending", "Running", "Succeeded", "Failed"};
  return words[static_cast<std::size_t>(phase)];
}

}  // namespace

Result<io::HttpResponse> KubernetesModel::answer(const io::HttpRequest& request) {
  const Error none{Code::unavailable, "the API server did not answer"};
  const Fault fault = world_.call();
  if (!was_made(fault)) return none;
  if (is_down()) {
    world_.count("kubernetes: the API server was gone");
    return none;
  }
  if (std::optional<io::HttpResponse> refused = refuse_all(request)) return *std::move(refused);
  look();
  io::HttpResponse response = serve(request);
  look();
  if (fault == Fault::none) return response;
  if (request.method == "POST") world_.count("kubernetes: the answer to a creation was lost");
  return none;
}

// One that has just begun knows no roles; one that has much to do asks to come back.
std::optional<io::HttpResponse> KubernetesModel::refuse_all(const io::HttpRequest& request) {
  if (now() < begins_until_) {
    world_.count("kubernetes: the API server had just begun");
    if (request.target == "/readyz") return refusal(random_.chance(0.5) ? 500 : forbidden_status, "");
    return refusal(forbidden_status, "jobs.batch is forbidden: User \"tw\" cannot do that yet");
  }
  if (world_.faults.accident(0.01)) {
    world_.count("kubernetes: the API server had too much to do");
    return random_.chance(0.5) ? refusal(429, "too many requests") : refusal(503, "etcd is away");
  }
  if (request.target == "/readyz") return with(200, json::object());
  return std::nullopt;
}

io::HttpResponse KubernetesModel::serve(const io::HttpRequest& request) {
  const std::vector<std::string> parts = split(request.target.substr(0, request.target.find('?')), '/');
  const bool of_namespace = parts.back() == "runs" && parts[parts.size() - 2] == "namespaces";
  const bool gone = now() < no_namespace_until_;
  if (of_namespace) return gone ? refusal(404, "namespaces \"runs\" not found") : with(200, json::object{});
  if (request.method == "GET" && parts.back() == "events") return events(kube_query(request.target));
  if (request.method == "GET" && (parts.back() == "jobs" || parts.back() == "pods"))
    return list(parts.back(), kube_query(request.target));
  if (request.method == "POST") {
    if (gone) return refusal(404, "namespaces \"runs\" not found");
    return create(request.body);
  }
  const auto found = jobs_.find(decoded(parts.back()));
  if (found == jobs_.end()) return refusal(404, "jobs.batch \"" + parts.back() + "\" not found");
  if (request.method == "GET") return with(200, object_of(*found->second));
  return patch(*found->second, request.body);
}

io::HttpResponse KubernetesModel::create(const std::string& body) {
  const json::value object = *parse_json(body);
  const std::string name = text_at(object, {"metadata", "name"});
  if (jobs_.contains(name)) return refusal(409, "jobs.batch \"" + name + "\" already exists");
  if (now() < quota_until_) {
    world_.count("kubernetes: a quota refused a Job");
    return refusal(403, "jobs.batch \"" + name + "\" is forbidden: exceeded quota: runs");
  }
  auto job = std::make_unique<KubeJob>();
  job->name = name;
  job->uid = "uid-" + std::to_string(next_uid_++);
  job->labels = kubernetes::find(object, {"metadata", "labels"})->as_object();
  job->annotations = kubernetes::find(object, {"metadata", "annotations"})->as_object();
  job->owner = OwnerId(text_at(object, {"metadata", "labels", kubernetes::owner_label}));
  job->token = text_at(object, {"metadata", "annotations", kubernetes::token_annotation});
  job->job = JobId(text_at(object, {"metadata", "labels", kubernetes::job_label}));
  const json::value spec = *kubernetes::find(object, {"spec", "template", "spec"});
  job->grace = Duration(1000 * kubernetes::number_at(spec, {"terminationGracePeriodSeconds"}));
  job->ttl = Duration(1000 * kubernetes::number_at(object, {"spec", "ttlSecondsAfterFinished"}));
  std::vector<std::string> command;
  for (const json::value& word :
       kubernetes::list_at(kubernetes::list_at(spec, {"containers"})[0], {"command"}))
    command.emplace_back(word.as_string());
  job->standby = is_standby(command);
  constexpr std::size_t limit_at = 6;  // "/bin/sh" "-c" SCRIPT "tradewind" WORK HIDDEN LIMIT
  job->hard_limit = *parse_utc(command[limit_at]);
  job->created_at = std::chrono::floor<std::chrono::seconds>(now());
  KubeJob& here = *job;
  jobs_[name] = std::move(job);
  world_.time.after(between(random_, Duration(500), Duration(4'000)), [this, name, uid = here.uid] {
    const auto found = jobs_.find(name);
    if (found != jobs_.end() && found->second->uid == uid) make_pod(*found->second);
    look();
  });
  return with(201, object_of(here));
}

io::HttpResponse KubernetesModel::patch(KubeJob& job, const std::string& body) {
  const json::value change = *parse_json(body);
  if (job.token == "foreign") world_.violation("foreign: the Job " + job.name + " was changed");
  if (const json::value* added = kubernetes::find(change, {"metadata", "annotations"})) {
    for (const auto& [name, value] : added->as_object()) job.annotations[name] = value;
  }
  if (kubernetes::number_at(change, {"spec", "activeDeadlineSeconds"}) > 0 && !job.past_deadline) {
    job.past_deadline = true;
    job.past_deadline_at = now();
    world_.log("the Job " + job.name + " is to end");
    if (world_.mutant != Mutant::kubernetes_pod_kept || (job.pod && job.pod->on_node)) conclude(job);
  }
  return with(200, object_of(job));
}

namespace {

std::string value_of(const std::map<std::string, std::string>& query, const std::string& name) {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

}  // namespace

io::HttpResponse KubernetesModel::events(const Query& query) const {
  json::array items;
  for (const auto& [name, job] : jobs_) {
    const bool asked = value_of(query, "fieldSelector").find(job->uid + ",") != std::string::npos;
    if (asked && !job->pod_refused.empty()) items.push_back(json::object{{"message", job->pod_refused}});
  }
  return with(200, json::object{{"metadata", json::object()}, {"items", items}});
}

// Of what the last look() saw.
io::HttpResponse KubernetesModel::list(const std::string& kind, const Query& query) {
  const std::string token = value_of(query, "continue");
  if (!token.empty() && world_.faults.accident(0.15)) {
    world_.count("kubernetes: a list's page expired");
    if (world_.mutant != Mutant::kubernetes_page_dropped)
      return refusal(410, "The provided continue parameter is too old");
    return with(200, json::object{{"items", json::array{}}});
  }
  json::array items;
  json::object metadata{{"resourceVersion", std::to_string(version_)}};
  std::string last;
  for (auto at = shown_.upper_bound({kind, token}); at != shown_.end() && at->first.first == kind; ++at) {
    const KubeJob& job = *at->second.job;
    if (!is_selected(job.labels, job.name, value_of(query, "labelSelector"))) continue;
    if (items.size() == piece_size) {
      metadata["continue"] = last;
      world_.count("kubernetes: a list had a further page");
      break;
    }
    last = at->first.second;
    items.push_back(at->second.object);
  }
  return with(200, json::object{{"metadata", metadata}, {"items", items}});
}

json::value KubernetesModel::object_of(const KubeJob& job) const {
  json::object status;
  json::array conditions;
  if (!job.finish.empty()) conditions.push_back(condition_of(job.finish, job.finish_reason, job.finished_at));
  if (job.past_deadline && job.finish.empty())
    conditions.push_back(condition_of("FailureTarget", "DeadlineExceeded", job.past_deadline_at));
  status["conditions"] = std::move(conditions);
  if (job.pod && job.pod->phase == PodPhase::failed) status["failed"] = 1;
  if (job.pod && job.pod->phase == PodPhase::succeeded) status["succeeded"] = 1;
  return json::object{{"metadata", json::object{{"name", job.name},
                                                {"uid", job.uid},
                                                {"labels", job.labels},
                                                {"annotations", job.annotations},
                                                {"creationTimestamp", format_utc(job.created_at)}}},
                      {"spec", json::object{}},
                      {"status", std::move(status)}};
}

json::value KubernetesModel::pod_of(const KubeJob& job) const {
  const KubePod& pod = *job.pod;
  json::object metadata{{"name", pod.name},
                        {"annotations", json::object{{kubernetes::token_annotation, job.token}}},
                        {"creationTimestamp", format_utc(pod.made_at)},
                        {"ownerReferences", json::array{json::object{{"kind", "Job"}, {"name", job.name}}}}};
  if (pod.deleting_at) metadata["deletionTimestamp"] = format_utc(*pod.deleting_at);
  json::object status{{"phase", word_of(pod.phase)}, {"startTime", format_utc(pod.made_at)}};
  json::array conditions;
  if (!pod.disruption.empty())
    conditions.push_back(condition_of("DisruptionTarget", pod.disruption, pod.disrupted_at));
  if (!pod.unschedulable.empty())
    conditions.push_back(json::object{{"type", "PodScheduled"},
                                      {"status", "False"},
                                      {"reason", "Unschedulable"},
                                      {"message", pod.unschedulable}});
  status["conditions"] = std::move(conditions);
  if (!pod.status_reason.empty()) status["reason"] = pod.status_reason;
  json::object state;
  if (!pod.image_error.empty()) state["waiting"] = json::object{{"reason", pod.image_error}};
  if (pod.phase == PodPhase::succeeded || pod.phase == PodPhase::failed)
    state["terminated"] = json::object{{"exitCode", pod.exit_code}};
  status["containerStatuses"] =
      json::array{json::object{{"name", "agent"}, {"image", "debian"}, {"state", std::move(state)}}};
  return json::object{{"metadata", std::move(metadata)}, {"status", std::move(status)}};
}

}  // namespace tradewind::simulator
