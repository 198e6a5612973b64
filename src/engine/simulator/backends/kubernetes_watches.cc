// Versions of the objects, and watches, which tell of their changes.
#include "base/text.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "engine/simulator/backends/kubernetes_model.h"
#include "engine/simulator/backends/kubernetes_query.h"

namespace tradewind::simulator {
namespace {

constexpr std::size_t history_max = 400;
constexpr Duration lag_max{1'500};  // of an event behind its change
constexpr int gone_status = 410;

Error cut_off() {
  return {Code::unavailable, "the connection was cut"};
}

std::string line_of(const char* type, const json::value& object) {
  return tradewind::to_text(json::value(json::object{{"type", type}, {"object", object}})) + "\n";
}

json::value status_of(int code, const char* message) {
  return json::object{{"kind", "Status"}, {"status", "Failure"}, {"message", message}, {"code", code}};
}

std::uint64_t number_in(const std::map<std::string, std::string>& query, const std::string& name) {
  const auto found = query.find(name);
  return found == query.end() || found->second.empty() ? 0 : std::stoull(found->second);
}

bool lives(const KubePod& pod) {
  return pod.phase == PodPhase::pending || pod.phase == PodPhase::running;
}

std::string mark_of(const KubeJob& job) {
  const int pod = job.pod ? static_cast<int>(job.pod->phase) : -1;
  return job.uid + "|" + job.finish + "|" + std::to_string(job.annotations.size()) + "|" +
         std::to_string(pod) + (job.past_deadline ? "|past" : "");
}

std::string mark_of(const KubePod& pod) {
  return pod.name + "|" + std::to_string(static_cast<int>(pod.phase)) + "|" + pod.unschedulable + "|" +
         pod.image_error + "|" + pod.disruption + "|" + pod.status_reason +
         (pod.deleting_at ? "|ending" : "");
}

}  // namespace

// ---- what changed

void KubernetesModel::look() {
  ++looks_;
  for (const auto& [name, job] : jobs_) {
    look_at({"jobs", name}, *job);
    if (job->pod) look_at({"pods", job->pod->name}, *job);
  }
  // The pod of a Job that was deleted is there until it has ended.
  for (const auto& job : buried_) {
    if (job->pod && lives(*job->pod)) look_at({"pods", job->pod->name}, *job);
  }
  for (auto at = shown_.begin(); at != shown_.end();) {
    if (at->second.look == looks_) {
      ++at;
      continue;
    }
    take_down(at->first, "DELETED", at->second);
    at = shown_.erase(at);
  }
  while (history_.size() > history_max) history_.pop_front();
  for (const auto& [number, watch] : watches_) {
    if (watch.sent < version_) plan_delivery(number);
  }
}

void KubernetesModel::look_at(const KubeKey& key, const KubeJob& job) {
  const bool is_job = key.first == "jobs";
  std::string mark = is_job ? mark_of(job) : mark_of(*job.pod);
  const auto [at, is_new] = shown_.try_emplace(key);
  KubeShown& shown = at->second;
  shown.job = &job;
  shown.look = looks_;
  if (!is_new && shown.mark == mark) return;
  shown.mark = std::move(mark);
  shown.object = is_job ? object_of(job) : pod_of(job);
  take_down(key, is_new ? "ADDED" : "MODIFIED", shown);
}

void KubernetesModel::take_down(const KubeKey& key, const char* type, KubeShown& shown) {
  shown.object.at("metadata").as_object()["resourceVersion"] = std::to_string(++version_);
  history_.push_back({version_, key.first, type, shown.job->labels, shown.job->name, shown.object});
}

bool KubernetesModel::knows_since(std::uint64_t version) const {
  return version >= known_since_ && (history_.empty() || history_.front().version <= version + 1);
}

// ---- watches

void KubernetesModel::at_watch(std::uint64_t number, Duration span,
                               void (KubernetesModel::*happens)(std::uint64_t)) {
  world_.time.after(span, [this, number, happens] {
    if (watches_.contains(number)) (this->*happens)(number);
  });
}

std::uint64_t KubernetesModel::open_watch(const io::HttpRequest& request, Duration patience, KubeSink sink) {
  const std::uint64_t number = next_watch_++;
  const auto query = kube_query(request.target);
  const std::vector<std::string> parts = split(request.target.substr(0, request.target.find('?')), '/');
  KubeWatch& watch = watches_[number];
  watch.kind = parts.back();
  watch.selector = query.contains("labelSelector") ? query.at("labelSelector") : "";
  watch.sent = number_in(query, "resourceVersion");
  watch.sink = std::move(sink);
  watch.patience_ends = now() + patience;
  const auto answered = [&](const Result<io::HttpResponse>& how) {
    world_.time.after(Duration(1), [this, number, how] { end_watch(number, how); });
    return number;
  };
  const Fault fault = world_.call();
  if (!was_made(fault) || is_down()) {
    world_.count("kubernetes: a watch could not begin");
    return answered(cut_off());
  }
  if (const auto refused = refuse_all(request)) return answered(*refused);
  look();
  if (world_.mutant == Mutant::kubernetes_watch_gap) watch.sent = version_;
  if (!knows_since(watch.sent)) {
    world_.count("kubernetes: a watch began from a version too old");
    if (world_.mutant == Mutant::kubernetes_expired_kept) return answered(io::HttpResponse{200, {}, ""});
    if (random_.chance(0.5)) return answered(io::HttpResponse{gone_status, {}, "{}"});
    at_watch(number, Duration(1), &KubernetesModel::expire_watch);
    return number;
  }
  world_.count("kubernetes: a watch began");
  watch.is_mute = fault != Fault::none;
  plan_end_of_watch(number, Duration(static_cast<std::int64_t>(1000 * number_in(query, "timeoutSeconds"))));
  if (watch.sent < version_) plan_delivery(number);
  return number;
}

void KubernetesModel::plan_end_of_watch(std::uint64_t number, Duration lasts) {
  KubeWatch& watch = watches_.at(number);
  if (world_.faults.accident(0.04)) watch.is_mute = true;
  if (watch.is_mute) world_.count("kubernetes: a watch fell silent");
  at_watch(number, watch.patience_ends - now(), &KubernetesModel::cut_watch);
  at_watch(number, lasts, &KubernetesModel::end_in_time);
  if (world_.faults.accident(0.08)) at_watch(number, up_to(random_, lasts), &KubernetesModel::cut_watch);
  if (world_.faults.accident(0.04)) at_watch(number, up_to(random_, lasts), &KubernetesModel::expire_watch);
}

void KubernetesModel::plan_delivery(std::uint64_t number) {
  KubeWatch& watch = watches_.at(number);
  if (watch.is_planned || watch.is_mute) return;
  watch.is_planned = true;
  world_.time.after(up_to(random_, lag_max), [this, number] {
    const auto found = watches_.find(number);
    if (found == watches_.end()) return;
    found->second.is_planned = false;
    deliver(number);
  });
}

// All that it has not told. False: it has ended by that.
bool KubernetesModel::deliver(std::uint64_t number) {
  KubeWatch& watch = watches_.at(number);
  if (watch.is_mute) return true;
  std::string text;
  for (const KubeChange& change : history_) {
    if (change.version <= watch.sent || change.kind != watch.kind) continue;
    if (is_selected(change.labels, change.job, watch.selector)) text += line_of(change.type, change.object);
  }
  watch.sent = version_;
  if (text.empty()) return true;
  world_.count("kubernetes: a watch told of changes");
  const std::size_t half = random_.below(text.size());
  const bool reads = watch.sink.bytes(std::string_view(text).substr(0, half)) &&
                     watch.sink.bytes(std::string_view(text).substr(half));
  if (!reads) end_watch(number, io::HttpResponse{200, {}, ""});
  return reads;
}

// A bookmark before it says that nothing is missing.
void KubernetesModel::end_in_time(std::uint64_t number) {
  if (watches_.at(number).is_mute || !deliver(number)) return;
  if (random_.chance(0.8)) {
    world_.count("kubernetes: a watch had a bookmark");
    const json::object metadata{{"resourceVersion", std::to_string(version_)}};
    (void)watches_.at(number).sink.bytes(line_of("BOOKMARK", json::object{{"metadata", metadata}}));
  }
  end_watch(number, io::HttpResponse{200, {}, ""});
}

// Some in the middle of an event.
void KubernetesModel::cut_watch(std::uint64_t number) {
  world_.count("kubernetes: a watch was cut");
  if (random_.chance(0.3)) forget_history();
  if (random_.chance(0.5)) (void)watches_.at(number).sink.bytes("{\"type\":\"MODIF");
  end_watch(number, cut_off());
}

void KubernetesModel::expire_watch(std::uint64_t number) {
  world_.count("kubernetes: a watch expired");
  forget_history();
  if (world_.mutant == Mutant::kubernetes_expired_kept)
    return end_watch(number, io::HttpResponse{200, {}, ""});
  const bool old = random_.chance(0.7);
  (void)watches_.at(number).sink.bytes(line_of(
      "ERROR", old ? status_of(gone_status, "too old resource version") : status_of(500, "etcd is away")));
  end_watch(number, io::HttpResponse{200, {}, ""});
}

// The API server goes: of half of the connections nobody hears of it.
void KubernetesModel::break_watches() {
  std::vector<std::uint64_t> cut;
  for (auto& [number, watch] : watches_) {
    if (random_.chance(0.5)) {
      cut.push_back(number);
    } else {
      watch.is_mute = true;
    }
  }
  for (const std::uint64_t number : cut) cut_watch(number);
}

void KubernetesModel::end_watch(std::uint64_t number, const Result<io::HttpResponse>& how) {
  const auto found = watches_.find(number);
  if (found == watches_.end()) return;
  const auto end = std::move(found->second.sink.end);
  watches_.erase(found);
  end(how);
}

// ---- the truth

void KubernetesModel::check_list(const OwnerId& owner, const InstancePage& page, Duration age_max) const {
  std::map<std::string, InstanceState> states;
  for (const Instance& instance : page.instances) states[instance.ref.id.text()] = instance.state;
  const Time then = now() - age_max;
  for (const auto& [name, job] : jobs_) {
    if (job->owner != owner || job->created_at > then) continue;
    const auto found = states.find(name);
    if (found == states.end()) {
      world_.violation("list: the Job " + name + " is not in a list, long after it was made");
    } else if (!job->finish.empty() && job->finished_at < then &&
               found->second != InstanceState::terminated) {
      world_.violation("list: the Job " + name + " is listed as one that lives, long after its end");
    } else if (job->finish.empty() && found->second == InstanceState::terminated) {
      world_.violation("list: the Job " + name + " is listed as ended, and it lives");
    }
  }
  for (const auto& job : buried_) {
    if (job->pod && (lives(*job->pod) || job->pod->ended_at > then)) continue;
    const bool over = job->owner == owner && *job->deleted_at < then;
    if (over && states.contains(job->name) && !jobs_.contains(job->name))
      world_.violation("list: the Job " + job->name + " is in a list, long after it was deleted");
  }
}

}  // namespace tradewind::simulator
