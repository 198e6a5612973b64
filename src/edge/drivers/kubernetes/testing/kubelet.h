// The one node of a cluster in tests: it runs nothing, and says of each pod what a test wants it to.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "edge/drivers/kubernetes/kube_client.h"

namespace tradewind::kubernetes {

class Kubelet {
 public:
  // Of the cluster of that kubeconfig, whose user may do everything. Plays all pods of the namespace.
  Kubelet(const std::string& kubeconfig, std::string namespace_name);
  ~Kubelet();
  Kubelet(const Kubelet&) = delete;
  Kubelet& operator=(const Kubelet&) = delete;

  // The status of the pods of that Job from now on, instead of running: {"phase": "Failed", …}.
  void say(const std::string& job, json::value status);
  // Pods that are told to end do not, as long as this is so.
  void take_time(bool so) { takes_time_ = so; }
  // Takes the pod of that Job away, as a drained node does.
  Status evict(const std::string& job);
  KubeClient& admin() { return admin_; }
  const std::string& namespace_name() const { return namespace_; }

 private:
  void make_node();
  void play();
  void play_once();
  void play_pod(const json::value& pod);
  json::value status_of(const json::value& pod);

  const std::string namespace_;
  KubeClient admin_;
  std::mutex mutex_;
  std::map<std::string, json::value> said_;  // protected by mutex_; by Job
  std::atomic<bool> takes_time_{false};
  std::atomic<bool> stopping_{false};
  std::thread player_;
};

}  // namespace tradewind::kubernetes
