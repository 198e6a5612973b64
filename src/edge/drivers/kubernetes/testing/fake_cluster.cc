#include "edge/drivers/kubernetes/testing/fake_cluster.h"

#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "base/text.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "edge/io/http_target.h"
#include "edge/io/system_clock.h"

namespace tradewind::kubernetes {
namespace {

std::string now_text() {
  return format_utc(io::SystemClock().now()).substr(0, 19) + "Z";
}

json::object& member(json::object& of, std::string_view name) {
  json::value& found = of[name];
  if (!found.is_object()) found = json::object();
  return found.as_object();
}

json::object& member(json::value& of, std::string_view name) {
  return member(of.as_object(), name);
}

// RFC 7396.
void merge_into(json::object& target, const json::object& patch) {
  for (const auto& [name, value] : patch) {
    if (value.is_null()) {
      target.erase(name);
    } else if (value.is_object()) {
      merge_into(member(target, name), value.as_object());
    } else {
      target[name] = value;
    }
  }
}

bool has_labels(const json::value& object, const std::string& selector) {
  for (const std::string& term : split(selector, ',')) {
    const std::size_t equals = term.find('=');
    if (term.empty()) continue;
    if (text_at(object, {"metadata", "labels", term.substr(0, equals)}) != term.substr(equals + 1))
      return false;
  }
  return true;
}

std::string name_of(const json::value& object) {
  return text_at(object, {"metadata", "name"});
}

bool lives(const json::value& pod) {
  const std::string phase = text_at(pod, {"status", "phase"});
  return phase != "Failed" && phase != "Succeeded";
}

void finish(json::value& job, const char* type, const char* reason, const std::string& message) {
  json::value& conditions = member(job, "status")["conditions"];
  if (!conditions.is_array()) conditions = json::array();
  conditions.as_array().push_back(json::object{{"type", type},
                                               {"status", "True"},
                                               {"reason", reason},
                                               {"message", message},
                                               {"lastTransitionTime", now_text()}});
}

json::value parsed(const std::string& body) {
  const Result<json::value> document = parse_json(body);
  return document.ok() && document->is_object() ? *document : json::value(json::object());
}

}  // namespace

io::HttpResponse api_answer(int status, const json::value& body) {
  return {status, {{"Content-Type", "application/json"}}, to_text(body), {}};
}

io::HttpResponse api_refusal(int status, const std::string& reason, const std::string& message) {
  return api_answer(status, json::object{{"kind", "Status"},
                                         {"apiVersion", "v1"},
                                         {"status", "Failure"},
                                         {"reason", reason},
                                         {"message", message},
                                         {"code", status}});
}

FakeCluster::FakeCluster() : folder_(*io::TempDir::make("tw-cluster-")) {
  for (const char* name : {"default", "tradewind"}) {
    objects_["/api/v1/namespaces/" + std::string(name)] = json::object{
        {"metadata", json::object{{"name", name}}}, {"status", json::object{{"phase", "Active"}}}};
  }
  Result<io::UniqueFd> socket = io::listen_loopback(0);
  if (!socket.ok()) std::abort();
  port_ = io::port_of(*socket);
  const Status written = io::write_file_atomic(
      kubeconfig(),
      "current-context: fake\nclusters: [{name: fake, cluster: {server: \"" + endpoint() +
          "\"}}]\nusers: [{name: fake, user: {token: good}}]\n"
          "contexts: [{name: fake, context: {cluster: fake, user: fake, namespace: tradewind}}]\n");
  if (!written.ok()) std::abort();
  std::vector<io::HttpListener> listeners;
  listeners.push_back({*std::move(socket), true});
  io::HttpLimits limits;
  limits.stop_patience = Duration(50);
  publish();
  server_ = *io::HttpServer::start(
      std::move(listeners), [this](const io::HttpRequest& request) { return this->answer(request); },
      [](int status, const std::string& message) { return api_refusal(status, "Refused", message); }, limits);
}

void FakeCluster::fail(Fault fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
}

void FakeCluster::expire_continues(int times) {
  const std::lock_guard lock(mutex_);
  in_pieces_ = true;
  expiries_ = times;
}

void FakeCluster::forget_history() {
  const std::lock_guard lock(mutex_);
  history_.push_back({"", "", nullptr});  // elsewhere
  forgotten_ = history_.size();
}

void FakeCluster::cut_watches() {
  const std::lock_guard lock(mutex_);
  ++cuts_;
}

void FakeCluster::mute_watches(bool mute) {
  const std::lock_guard lock(mutex_);
  mute_ = mute;
}

int FakeCluster::watches() const {
  const std::lock_guard lock(mutex_);
  return watches_;
}

std::vector<std::string> FakeCluster::log() const {
  const std::lock_guard lock(mutex_);
  return log_;
}

io::HttpResponse FakeCluster::answer(const io::HttpRequest& request) {
  const std::lock_guard lock(mutex_);
  log_.push_back(lower(request.method) + " " + request.target);
  if (fault_) {
    if (std::optional<io::HttpResponse> instead = fault_(request)) return *instead;
  }
  if (io::header_of(request.headers, "authorization") != "Bearer good")
    return api_refusal(401, "Unauthorized", "Unauthorized");
  settle();
  publish();
  io::HttpResponse given = answer_asked(request);
  publish();
  return given;
}

io::HttpResponse FakeCluster::answer_asked(const io::HttpRequest& request) {
  const Result<io::HttpTarget> target = io::parse_http_target(request.target);
  if (!target.ok()) return api_refusal(400, "BadRequest", target.error().message);
  const std::string path = "/" + join(target->parts, "/");
  if (path == "/readyz") return {200, {}, "ok", {}};
  if (path == "/version") return api_answer(200, json::object{{"gitVersion", "v1.34.0-fake"}});
  if (request.method == "POST") return create(path, request.body);
  if (request.method == "PATCH") return change(path, request.body);
  if (request.method == "DELETE") return remove(path, request.body);
  const auto found = objects_.find(path);
  if (found != objects_.end()) return api_answer(200, found->second);
  const std::string kind = target->parts.back();
  const bool collection = kind == "jobs" || kind == "pods" || kind == "events" || kind == "nodes" ||
                          kind == "resourcequotas" || kind == "secrets";
  if (collection && target->query.contains("watch")) return begin_watch(path, target->query);
  if (collection) return list(path, target->query);
  return api_refusal(404, "NotFound", "\"" + kind + "\" not found");
}

io::HttpResponse FakeCluster::create(const std::string& path, const std::string& body) {
  json::value object = parsed(body);
  if (path.ends_with("/selfsubjectaccessreviews")) {
    member(object, "status")["allowed"] = true;
    return api_answer(201, object);
  }
  if (path.ends_with("/eviction")) return evict(path.substr(0, path.rfind('/')));
  if (path.find("/namespaces/") != std::string::npos) {
    const std::string place = split(path.substr(path.find("/namespaces/") + 12), '/').front();
    if (!objects_.contains("/api/v1/namespaces/" + place))
      return api_refusal(404, "NotFound", "namespaces \"" + place + "\" not found");
  }
  const std::string own = path + "/" + name_of(object);
  if (name_of(object).size() > 63 || name_of(object).empty())
    return api_refusal(422, "Invalid", "metadata.name: Invalid value");
  if (objects_.contains(own)) return api_refusal(409, "AlreadyExists", name_of(object) + " already exists");
  member(object, "metadata")["uid"] = "uid-" + std::to_string(++made_);
  member(object, "metadata")["creationTimestamp"] = now_text();
  objects_[own] = object;
  settle();
  return api_answer(201, object);
}

io::HttpResponse FakeCluster::list(const std::string& path, const std::map<std::string, std::string>& query) {
  const auto labels = query.find("labelSelector");
  json::array items;
  for (const auto& [own, object] : objects_) {
    const bool in = own.starts_with(path + "/") && own.find('/', path.size() + 1) == std::string::npos;
    if (in && (labels == query.end() || has_labels(object, labels->second))) items.push_back(object);
  }
  json::object metadata{{"resourceVersion", std::to_string(history_.size())}};
  const bool goes_on = query.contains("continue");
  if (goes_on && expiries_ > 0) {
    --expiries_;
    return api_refusal(410, "Expired", "The provided continue parameter is too old");
  }
  if (goes_on) {
    items.erase(items.begin());
  } else if (in_pieces_ && items.size() > 1) {
    items.erase(items.begin() + 1, items.end());
    metadata["continue"] = "from-the-second";
  }
  return api_answer(200, json::object{{"kind", "List"}, {"metadata", metadata}, {"items", items}});
}

// What the objects have become since it was last told.
void FakeCluster::publish() {
  const auto tell = [this](const char* type, const std::string& path, json::value object) {
    history_.push_back({type, path, nullptr});
    member(object, "metadata")["resourceVersion"] = std::to_string(history_.size());
    history_.back().object = object;
    return object;
  };
  for (const auto& [path, object] : published_) {
    if (!objects_.contains(path)) tell("DELETED", path, object);
  }
  std::erase_if(published_, [this](const auto& each) { return !objects_.contains(each.first); });
  for (auto& [path, object] : objects_) {
    const auto before = published_.find(path);
    if (before != published_.end() && before->second == object) continue;
    object = tell(before == published_.end() ? "ADDED" : "MODIFIED", path, object);
    published_[path] = object;
  }
}

io::HttpResponse FakeCluster::begin_watch(const std::string& path,
                                          const std::map<std::string, std::string>& query) {
  const auto text = [&](const char* name) {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
  };
  Watch watch;
  watch.path = path;
  watch.labels = text("labelSelector");
  watch.next = std::strtoul(text("resourceVersion").c_str(), nullptr, 10);
  if (watch.next < forgotten_) return api_refusal(410, "Expired", "too old resource version");
  const std::chrono::milliseconds lasts(1000 * std::strtol(text("timeoutSeconds").c_str(), nullptr, 10));
  watch.end = std::chrono::steady_clock::now() + lasts;
  watch.bookmark = watch.end - lasts / 4;
  watch.cuts = cuts_;
  ++watches_;
  io::HttpResponse response{200, {{"Content-Type", "application/json"}}, {}, {}};
  response.stream = [this, watch](io::HttpStream& stream) { play_watch(watch, stream); };
  return response;
}

// Adds what is to be told now. False: and then no more.
bool FakeCluster::next_lines(Watch& watch, std::string& lines) {
  const std::lock_guard lock(mutex_);
  const auto line = [&](const std::string& type, const json::value& object) {
    lines += to_text(json::object{{"type", type}, {"object", object}}) + "\n";
  };
  if (watch.cuts != cuts_) {
    lines = R"({"type":"ADDED","object":{"metadata":{"na)";
    return false;
  }
  if (mute_) return true;
  if (watch.next < forgotten_) {
    line("ERROR", parsed(api_refusal(410, "Expired", "too old resource version").body));
    return false;
  }
  for (; watch.next < history_.size(); ++watch.next) {
    const Change& change = history_[watch.next];
    const bool in = change.path.starts_with(watch.path + "/");
    if (in && has_labels(change.object, watch.labels)) line(change.type, change.object);
  }
  const auto now = std::chrono::steady_clock::now();
  if (now >= watch.bookmark && !watch.told_bookmark) {
    watch.told_bookmark = true;
    const json::object version{{"resourceVersion", std::to_string(watch.next)}};
    line("BOOKMARK", json::object{{"metadata", version}});
  }
  return now < watch.end;
}

void FakeCluster::play_watch(Watch watch, io::HttpStream& stream) {
  bool on = true;
  while (on && stream.alive()) {
    std::string lines;
    on = next_lines(watch, lines);
    if (!lines.empty() && !stream.write(lines).ok()) on = false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  const std::lock_guard lock(mutex_);
  --watches_;
  if (watch.cuts != cuts_) throw std::runtime_error("cut");
}

io::HttpResponse FakeCluster::change(std::string path, const std::string& body) {
  if (path.ends_with("/status")) path.resize(path.rfind('/'));
  const auto found = objects_.find(path);
  if (found == objects_.end()) return api_refusal(404, "NotFound", path + " not found");
  merge_into(found->second.as_object(), parsed(body).as_object());
  settle();
  const auto after = objects_.find(path);
  return api_answer(200, after == objects_.end() ? json::value(json::object()) : after->second);
}

void FakeCluster::begin_deletion(json::value& pod, const std::string& path, bool now) {
  if (now || text_at(pod, {"spec", "nodeName"}).empty()) {
    objects_.erase(path);
  } else {
    member(pod, "metadata")["deletionTimestamp"] = now_text();
  }
}

io::HttpResponse FakeCluster::remove(const std::string& path, const std::string& body) {
  const auto found = objects_.find(path);
  if (found == objects_.end()) return api_refusal(404, "NotFound", path + " not found");
  const json::value was = found->second;
  if (path.find("/pods/") != std::string::npos) {
    const json::value options = parsed(body);
    const bool now =
        find(options, {"gracePeriodSeconds"}) != nullptr && number_at(options, {"gracePeriodSeconds"}) == 0;
    begin_deletion(found->second, path, now);
  } else {
    objects_.erase(found);
    remove_owned(text_at(was, {"metadata", "uid"}));
  }
  settle();
  return api_answer(200, was);
}

io::HttpResponse FakeCluster::evict(const std::string& pod) {
  const auto found = objects_.find(pod);
  if (found == objects_.end()) return api_refusal(404, "NotFound", pod + " not found");
  member(found->second, "status")["conditions"] = json::array{
      json::object{{"type", "DisruptionTarget"}, {"status", "True"}, {"reason", "EvictionByEvictionAPI"}}};
  begin_deletion(found->second, pod, false);
  return api_answer(201, json::object{{"status", "Success"}});
}

void FakeCluster::remove_owned(const std::string& uid) {
  std::vector<std::string> owned;
  for (const auto& [path, object] : objects_) {
    for (const json::value& owner : list_at(object, {"metadata", "ownerReferences"})) {
      if (text_at(owner, {"uid"}) == uid) owned.push_back(path);
    }
  }
  for (const std::string& path : owned)
    begin_deletion(objects_[path], path, path.find("/pods/") == std::string::npos);
}

std::vector<std::string> FakeCluster::pods_of(const json::value& job) const {
  std::vector<std::string> found;
  for (const auto& [path, object] : objects_) {
    if (path.find("/pods/") == std::string::npos) continue;
    for (const json::value& owner : list_at(object, {"metadata", "ownerReferences"})) {
      if (text_at(owner, {"uid"}) == text_at(job, {"metadata", "uid"})) found.push_back(path);
    }
  }
  return found;
}

void FakeCluster::make_pod(const std::string& path, json::value& job) {
  const std::string name = name_of(job);
  json::value pod = *find(job, {"spec", "template"});
  json::object& metadata = member(pod, "metadata");
  metadata["name"] = name + "-x1";
  metadata["creationTimestamp"] = now_text();
  metadata["ownerReferences"] =
      json::array{json::object{{"kind", "Job"}, {"name", name}, {"uid", text_at(job, {"metadata", "uid"})}}};
  member(metadata, "labels")["job-name"] = name;
  member(metadata, "labels")["batch.kubernetes.io/job-name"] = name;
  member(pod, "spec")["nodeName"] = "node-1";
  member(pod, "status")["phase"] = "Pending";
  const std::string place = split(path, '/')[5];
  objects_["/api/v1/namespaces/" + place + "/pods/" + name + "-x1"] = pod;
  member(job, "status")["startTime"] = now_text();
}

// As the Job controller: one pod, and no other after it.
void FakeCluster::settle_job(const std::string& path, json::value& job) {
  if (condition(job, "Failed") != nullptr || condition(job, "Complete") != nullptr) return;
  if (true_at(job, {"spec", "suspend"})) return;
  const bool begun = !text_at(job, {"status", "startTime"}).empty();
  if (!begun) return make_pod(path, job);
  const std::vector<std::string> pods = pods_of(job);
  if (find(job, {"spec", "activeDeadlineSeconds"}) != nullptr) {
    bool any = false;
    for (const std::string& each : pods) {
      if (!lives(objects_[each])) continue;
      any = true;
      begin_deletion(objects_[each], each, false);
    }
    if (!any) finish(job, "Failed", "DeadlineExceeded", "Job was active longer than specified deadline");
    return;
  }
  if (pods.empty()) return finish(job, "Failed", "BackoffLimitExceeded", "Job has reached the backoff limit");
  const json::value& pod = objects_[pods.front()];
  if (lives(pod)) return;
  if (text_at(pod, {"status", "phase"}) == "Succeeded")
    return finish(job, "Complete", "CompletionsReached", "");
  if (condition(pod, "DisruptionTarget") != nullptr)
    return finish(job, "Failed", "PodFailurePolicy", "the pod has condition DisruptionTarget");
  finish(job, "Failed", "BackoffLimitExceeded", "Job has reached the backoff limit");
}

void FakeCluster::settle() {
  std::vector<std::string> jobs;
  for (const auto& [path, object] : objects_) {
    if (path.find("/jobs/") != std::string::npos) jobs.push_back(path);
  }
  for (const std::string& path : jobs) settle_job(path, objects_[path]);
}

}  // namespace tradewind::kubernetes
