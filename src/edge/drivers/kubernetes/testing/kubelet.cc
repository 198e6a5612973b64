#include "edge/drivers/kubernetes/testing/kubelet.h"

#include "edge/drivers/kubernetes/json_path.h"
#include "edge/drivers/kubernetes/kubernetes_provider.h"
#include "edge/io/process.h"
#include "edge/io/system_clock.h"

namespace tradewind::kubernetes {
namespace {

const io::SystemClock& wall_clock() {
  static const io::SystemClock made;
  return made;
}

AccessOptions access_of(const std::string& kubeconfig) {
  return {kubeconfig, "", io::current_environment()};
}

std::string now_text() {
  return format_utc(wall_clock().now()).substr(0, 19) + "Z";
}

json::value container_ended(int code) {
  return json::array{json::object{
      {"name", "agent"},
      {"image", "debian:12-slim"},
      {"imageID", ""},
      {"ready", false},
      {"restartCount", 0},
      {"state", json::object{{"terminated", json::object{{"exitCode", code},
                                                         {"reason", code == 0 ? "Completed" : "Error"},
                                                         {"startedAt", now_text()},
                                                         {"finishedAt", now_text()}}}}}}};
}

}  // namespace

Kubelet::Kubelet(const std::string& kubeconfig, std::string namespace_name)
    : namespace_(std::move(namespace_name)), admin_("kubelet", access_of(kubeconfig), wall_clock()) {
  make_node();
  player_ = std::thread([this] { play(); });
}

Kubelet::~Kubelet() {
  stopping_ = true;
  player_.join();
}

void Kubelet::make_node() {
  const json::object amounts{{"cpu", "64"}, {"memory", "256Gi"}, {"pods", "500"}, {"nvidia.com/gpu", "8"}};
  static_cast<void>(admin_.create(
      "/api/v1/nodes",
      json::object{{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", json::object{{"name", "node-1"}}}}));
  const json::array ready{json::object{{"type", "Ready"},
                                       {"status", "True"},
                                       {"reason", "KubeletReady"},
                                       {"lastHeartbeatTime", now_text()},
                                       {"lastTransitionTime", now_text()}}};
  static_cast<void>(admin_.merge(
      "/api/v1/nodes/node-1/status",
      json::object{
          {"status", json::object{{"capacity", amounts}, {"allocatable", amounts}, {"conditions", ready}}}}));
  // A node begins as one that is not ready.
  static_cast<void>(
      admin_.merge("/api/v1/nodes/node-1", json::object{{"spec", json::object{{"taints", nullptr}}}}));
}

void Kubelet::say(const std::string& job, json::value status) {
  const std::lock_guard lock(mutex_);
  said_[job] = std::move(status);
}

Status Kubelet::evict(const std::string& job) {
  TW_ASSIGN_OR_RETURN(const std::vector<json::value> pods,
                      admin_.list(core_path(namespace_, "pods"), "labelSelector=job-name%3D" + job));
  for (const json::value& pod : pods) {
    const std::string name = text_at(pod, {"metadata", "name"});
    const json::object eviction{{"apiVersion", "policy/v1"},
                                {"kind", "Eviction"},
                                {"metadata", json::object{{"name", name}, {"namespace", namespace_}}}};
    const auto answer = admin_.create(core_path(namespace_, "pods/" + name + "/eviction"), eviction);
    if (!answer.ok()) return answer.error();
  }
  return {};
}

void Kubelet::play() {
  while (!stopping_) {
    play_once();
    std::this_thread::sleep_for(Duration(30));
  }
}

void Kubelet::play_once() {
  const auto pods = admin_.list(core_path(namespace_, "pods"), "");
  if (!pods.ok()) return;
  for (const json::value& pod : *pods) {
    if (!text_at(pod, {"spec", "nodeName"}).empty()) play_pod(pod);
  }
}

json::value Kubelet::status_of(const json::value& pod) {
  const std::lock_guard lock(mutex_);
  const auto said = said_.find(text_at(pod, {"metadata", "labels", "job-name"}));
  if (said != said_.end()) return said->second;
  return json::object{{"phase", "Running"},
                      {"startTime", now_text()},
                      {"conditions", json::array{json::object{{"type", "Ready"}, {"status", "True"}}}},
                      {"containerStatuses",
                       json::array{json::object{
                           {"name", "agent"},
                           {"image", "debian:12-slim"},
                           {"imageID", ""},
                           {"ready", true},
                           {"restartCount", 0},
                           {"state", json::object{{"running", json::object{{"startedAt", now_text()}}}}}}}}};
}

void Kubelet::play_pod(const json::value& pod) {
  const std::string path = core_path(namespace_, "pods/" + text_at(pod, {"metadata", "name"}));
  const std::string phase = text_at(pod, {"status", "phase"});
  const bool ended = phase == "Failed" || phase == "Succeeded";
  if (find(pod, {"metadata", "deletionTimestamp"}) != nullptr) {
    if (takes_time_) return;
    if (!ended) {
      const json::object status{{"phase", "Failed"}, {"containerStatuses", container_ended(143)}};
      static_cast<void>(admin_.merge(path + "/status", json::object{{"status", status}}));
    }
    static_cast<void>(admin_.remove(path, json::object{{"gracePeriodSeconds", 0}}));
    return;
  }
  json::value status = status_of(pod);
  if (ended || text_at(status, {"phase"}) == phase) {
    if (phase != "Pending") return;  // a pod that waits may do so for another reason
  }
  static_cast<void>(admin_.merge(path + "/status", json::object{{"status", std::move(status)}}));
}

}  // namespace tradewind::kubernetes
