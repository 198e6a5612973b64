#include "edge/drivers/kubernetes/kubernetes_check.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "edge/io/http_target.h"

namespace tradewind::kubernetes {
namespace {

using provider::Finding;
using provider::Proof;

constexpr const char* role_file = "packaging/kubernetes/role.yaml";

struct Right {
  const char* verb;
  const char* group;
  const char* resource;
  bool needed;  // false: it works without, and shows less
  bool of_queues = false;
  bool of_gangs = false;
};

// As packaging/kubernetes/role.yaml grants them.
constexpr std::array<Right, 14> rights = {{{"create", "batch", "jobs", true},
                                           {"get", "batch", "jobs", true},
                                           {"list", "batch", "jobs", true},
                                           {"patch", "batch", "jobs", true},
                                           {"delete", "batch", "jobs", true},
                                           {"list", "", "pods", true},
                                           {"create", "", "secrets", true},
                                           {"create", "", "services", true, false, true},
                                           {"watch", "batch", "jobs", false},
                                           {"watch", "", "pods", false},
                                           {"list", "", "events", false},
                                           {"get", "", "namespaces", false},
                                           {"list", "", "resourcequotas", false},
                                           {"list", "kueue.x-k8s.io", "workloads", false, true}}};

std::string plural(const Right& right) {
  return std::string(right.verb) + " " + right.resource +
         (*right.group == '\0' ? std::string() : std::string(".") + right.group);
}

Result<bool> is_allowed(KubeClient& client, const std::string& where, const Right& right) {
  json::object attributes{
      {"namespace", where}, {"verb", right.verb}, {"group", right.group}, {"resource", right.resource}};
  if (std::string_view(right.resource) == "namespaces") attributes["name"] = where;
  const json::object review{{"apiVersion", "authorization.k8s.io/v1"},
                            {"kind", "SelfSubjectAccessReview"},
                            {"spec", json::object{{"resourceAttributes", std::move(attributes)}}}};
  TW_ASSIGN_OR_RETURN(const json::value answer,
                      client.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review));
  return true_at(answer, {"status", "allowed"});
}

Proof rights_of(const std::string& name, KubernetesProvider& cluster, const std::string& where) {
  std::vector<std::string> missing;
  std::vector<std::string> wished;
  int count = 0;
  for (const Right& right : rights) {
    if (right.of_queues && cluster.config().queue.empty()) continue;
    if (right.of_gangs && cluster.config().shared_volume.empty()) continue;
    ++count;
    const Result<bool> allowed = is_allowed(cluster.client(), where, right);
    if (!allowed.ok()) return {name, Finding::broken, allowed.error().message, allowed.error().hint};
    if (!*allowed) (right.needed ? missing : wished).push_back(plural(right));
  }
  const std::string cure = std::string("grant it in the namespace ") + where + ": " + role_file;
  if (!missing.empty()) return {name, Finding::broken, "missing: " + join(missing, ", "), cure};
  if (!wished.empty())
    return {name, Finding::warning, "missing, and done without: " + join(wished, ", "), cure};
  return {name, Finding::ok, "all " + std::to_string(count) + " are granted"};
}

Proof namespace_of(const std::string& name, KubeClient& client, const std::string& where) {
  const Result<json::value> found = client.get("/api/v1/namespaces/" + where);
  if (found.ok() && text_at(*found, {"status", "phase"}) == "Terminating")
    return {name, Finding::broken, where + " is being deleted", "name another in kubernetes.yaml"};
  if (found.ok()) return {name, Finding::ok, where};
  if (found.error().code == Code::unauthorized)
    return {name, Finding::warning, where + ", which we are not allowed to look at"};
  return {name, Finding::broken, found.error().message,
          "make it with " + std::string(role_file) + ", or name another in kubernetes.yaml"};
}

// "compute: pods 3 of 10, requests.cpu 6 of 40"
std::string quota_text(const json::value& quota, bool& full) {
  std::vector<std::string> parts;
  const json::value* hard = find(quota, {"status", "hard"});
  if (hard == nullptr || !hard->is_object()) return {};
  for (const auto& [resource, most] : hard->as_object()) {
    const std::string used = text_at(quota, {"status", "used", resource});
    const std::string limit = most.is_string() ? std::string(most.as_string()) : std::string();
    full = full || (!used.empty() && used == limit);
    parts.push_back(std::string(resource) + " " + (used.empty() ? "0" : used) + " of " + limit);
  }
  return text_at(quota, {"metadata", "name"}) + ": " + join(parts, ", ");
}

Proof quotas_of(const std::string& name, KubeClient& client, const std::string& where) {
  const auto quotas = client.list(core_path(where, "resourcequotas"), "");
  if (!quotas.ok()) return {name, Finding::warning, "not known: " + quotas.error().message};
  if (quotas->empty()) return {name, Finding::ok, "none in " + where};
  bool full = false;
  std::vector<std::string> texts;
  for (const json::value& quota : *quotas) texts.push_back(quota_text(quota, full));
  return {name, full ? Finding::warning : Finding::ok, join(texts, "; "),
          full ? "wait for what runs there, or ask the cluster's administrator for more" : ""};
}

bool is_ready(const json::value& node) {
  return condition(node, "Ready") != nullptr && !true_at(node, {"spec", "unschedulable"});
}

Proof nodes_of(const std::string& name, KubeClient& client, const PoolConfig& pool) {
  std::vector<std::string> labels;
  labels.reserve(pool.node_selector.size());
  for (const auto& [label, value] : pool.node_selector)
    labels.push_back(std::string(label).append("=").append(value));
  const std::string wanted = join(labels, ",");
  const auto nodes =
      client.list("/api/v1/nodes", wanted.empty() ? "" : "labelSelector=" + io::percent_encode(wanted));
  if (!nodes.ok() && nodes.error().code == Code::unauthorized)
    return {name, Finding::ok, "we are not allowed to see nodes: taken as kubernetes.yaml says"};
  if (!nodes.ok()) return {name, Finding::warning, nodes.error().message, nodes.error().hint};
  std::size_t ready = 0;
  std::size_t with_devices = 0;
  for (const json::value& node : *nodes) {
    if (!is_ready(node)) continue;
    ++ready;
    const std::string devices = text_at(node, {"status", "allocatable", pool.gpu_resource});
    with_devices += !devices.empty() && devices != "0" ? 1U : 0U;
  }
  const std::string found = count_text(ready, "ready node") + (wanted.empty() ? "" : " with " + wanted);
  if (ready == 0)
    return {name, Finding::warning, found, "pods wait until there is one; is its node_selector right?"};
  if (pool.accelerator && with_devices == 0)
    return {name, Finding::warning, found + ", none of which offers " + pool.gpu_resource,
            "is the device plugin installed, and gpu_resource its name?"};
  return {name, Finding::ok, found};
}

}  // namespace

std::vector<Proof> prove_cluster(KubernetesProvider& cluster, bool whole) {
  KubeClient& client = cluster.client();
  const std::string& name = client.cluster();
  const Result<std::string> where = cluster.namespace_name();
  if (!where.ok()) return {{name, Finding::broken, where.error().message, where.error().hint}};
  const Result<json::value> version = client.get("/version");
  if (!version.ok()) return {{name, Finding::broken, version.error().message, version.error().hint}};
  std::vector<Proof> proofs = {
      {name, Finding::ok, "Kubernetes " + text_at(*version, {"gitVersion"}) + ", namespace " + *where}};
  if (!whole) return proofs;
  proofs.push_back(namespace_of(name + " namespace", client, *where));
  proofs.push_back(rights_of(name + " rights", cluster, *where));
  proofs.push_back(quotas_of(name + " quotas", client, *where));
  for (const PoolConfig& pool : cluster.config().pools) {
    proofs.push_back(nodes_of(name + " pool " + pool.name, client, pool));
  }
  return proofs;
}

}  // namespace tradewind::kubernetes
