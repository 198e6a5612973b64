// The Kubernetes clusters that jobs may run on, as kubernetes.yaml lists them (docs/suppliers/kubernetes.md).
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/offer.h"
#include "core/task/task_error.h"

namespace tradewind::kubernetes {

// As in a pod's spec.tolerations.
struct Toleration {
  std::string key = {};  // empty: every key
  std::string op = {};   // Exists or Equal; empty: the server's own choice
  std::string value = {};
  std::string effect = {};  // empty: every effect
  bool operator==(const Toleration&) const = default;
};

// Nodes of one kind, sold as one instance type.
struct PoolConfig {
  std::string name;  // [a-z0-9._-]+; the instance type
  std::map<std::string, std::string> node_selector = {};
  std::vector<Toleration> tolerations = {};
  std::string gpu_resource = "nvidia.com/gpu";  // what the vendor's device plugin calls one accelerator
  std::optional<Accelerator> accelerator = std::nullopt;  // of one pod; a whole number of them
  double cpus = 1;                                        // of one pod
  double memory_gib = 2;                                  // of one pod
  bool spot = false;     // nodes that their owner may take away with a short warning
  Money price_per_hour;  // of one pod: what a node costs, by its share, or nothing
  int max = 16;          // pods at once
  bool operator==(const PoolConfig&) const = default;
};

// Where a pod gets the agent program from: exactly one of image, url and path.
struct AgentSource {
  std::string image = {};  // holds it at `image_path`, with a shell and cp beside it
  std::string image_path = "/usr/bin/tradewind-agent";
  std::string url = {};  // https; fetched by curl in `fetch_image`
  std::string sha256 = {};
  std::string fetch_image = "curlimages/curl:8.10.1";
  std::string path = {};  // it lies there in the user's own image
  bool operator==(const AgentSource&) const = default;
};

struct ClusterConfig {
  std::string name;  // [a-z0-9._-]+; the second part of its location, "kubernetes/<name>"
  // Files with ':' between, "in-cluster" (the pod's own service account), or empty: $KUBECONFIG, else
  // ~/.kube/config.
  std::string kubeconfig = {};
  std::string context = {};         // empty: the kubeconfig's current one
  std::string namespace_name = {};  // empty: the context's, else "default"
  std::string image = "debian:12-slim";
  AgentSource agent;
  std::vector<PoolConfig> pools;
  std::string queue = {};            // a LocalQueue of Kueue
  std::string queue_priority = {};   // a WorkloadPriorityClass of Kueue; empty: as its pods' priority
  std::string priority_class = {};   // empty: the cluster's default
  std::string service_account = {};  // empty: the namespace's default, without its token
  std::string store_secret = {};     // a Secret whose entries are the agent's environment
  std::string shared_volume = {};    // a PersistentVolumeClaim that many pods may write; empty: no gangs
  std::map<std::string, std::string> labels = {};
  std::map<std::string, std::string> annotations = {};
  std::map<std::string, std::string> environment = {};
  int run_as_user = 0;  // 0: as the image says; else pods keep to the "restricted" Pod Security Standard
  // From SIGTERM to SIGKILL: what an eviction leaves for the last save.
  Duration grace = std::chrono::seconds(60);
  // How long a pod may fail to be created or its image to be pulled before its lease is given up.
  Duration patience = std::chrono::minutes(5);
  // How long an ended Job stays in the namespace; then the cluster removes it.
  Duration forget_after = std::chrono::minutes(10);
  bool operator==(const ClusterConfig&) const = default;
};

struct ClustersOutcome {
  std::vector<ClusterConfig> clusters;
  std::vector<task::TaskError> errors;  // in the order of the file
};
ClustersOutcome parse_clusters(std::string_view yaml, const std::string& home);
// All that is wrong with the file in one error, with its lines. `home`: what "~/" stands for.
Result<std::vector<ClusterConfig>> read_clusters_file(const std::filesystem::path& file,
                                                      const std::string& home);

}  // namespace tradewind::kubernetes
