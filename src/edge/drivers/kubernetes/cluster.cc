#include "edge/drivers/kubernetes/cluster.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "core/model/stored_names.h"
#include "core/task/reading.h"
#include "core/task/yaml_tree.h"
#include "edge/drivers/config/fields.h"
#include "edge/io/files.h"

namespace tradewind::kubernetes {
namespace {

using drivers::fields::accelerator_into;
using drivers::fields::boolean;
using drivers::fields::Field;
using drivers::fields::Fields;
using drivers::fields::integer;
using drivers::fields::money;
using drivers::fields::name_into;
using drivers::fields::positive;
using drivers::fields::read_members;
using drivers::fields::read_named_list;
using drivers::fields::span;
using drivers::fields::text;
using task::Reading;
using task::YamlKind;
using task::YamlMember;
using task::YamlNode;

// A map of texts. Numbers and booleans are taken as they are written.
Field pairs(std::map<std::string, std::string>& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    if (!is_map(reading, node, path)) return;
    for (const YamlMember& member : node.members) {
      if (member.value->kind != YamlKind::scalar) {
        reading.expected(*member.value, path + "." + member.key->text, "a text");
        continue;
      }
      target[member.key->text] = member.value->text;
    }
  };
}

// The name of a Kubernetes object: an RFC 1123 subdomain.
Field object_name(std::string& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    const std::optional<std::string> text = read_text(reading, node, path);
    if (!text) return;
    const bool plain = text->find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string::npos;
    if (text->empty() || text->size() > 253 || !plain || text->front() == '-' || text->back() == '-') {
      reading.expected(node, path, "a name of lower-case letters, digits, '-' and '.'");
      return;
    }
    target = *text;
  };
}

Field own_files(std::string& target, const std::string& home) {
  return [&target, home](Reading& reading, const YamlNode& node, const std::string& path) {
    const std::optional<std::string> text = read_text(reading, node, path);
    if (!text) return;
    std::vector<std::string> files = split(*text, ':');
    for (std::string& file : files) {
      if (file.starts_with("~/")) file.replace(0, 1, home);
      if (*text != "in-cluster" && !file.starts_with('/')) {
        reading.expected(node, path, "an absolute path, one that begins with ~/, or in-cluster");
      }
    }
    target = join(files, ":");
  };
}

Field tolerations(std::vector<Toleration>& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    if (node.kind != YamlKind::list) return reading.expected(node, path, "a list of tolerations");
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string where = path + "[" + std::to_string(i) + "]";
      if (!is_map(reading, *node.items[i], where)) continue;
      Toleration one;
      read_members(reading, *node.items[i], where,
                   {{"key", text(one.key)},
                    {"operator", text(one.op)},
                    {"value", text(one.value)},
                    {"effect", text(one.effect)}});
      if (!one.op.empty() && one.op != "Exists" && one.op != "Equal")
        reading.error(*node.items[i], where + ".operator is '" + one.op + "'", "it is Exists or Equal");
      target.push_back(std::move(one));
    }
  };
}

PoolConfig read_pool(Reading& reading, const YamlNode& node, const std::string& path) {
  PoolConfig pool;
  if (!is_map(reading, node, path)) return pool;
  Accelerator gpus;
  read_members(reading, node, path,
               {{"name", name_into(pool.name)},
                {"node_selector", pairs(pool.node_selector)},
                {"tolerations", tolerations(pool.tolerations)},
                {"gpu_resource", text(pool.gpu_resource)},
                {"cpus", positive(pool.cpus, 4096)},
                {"memory_gib", positive(pool.memory_gib, 1e6)},
                {"spot", boolean(pool.spot)},
                {"price_per_hour", money(pool.price_per_hour)},
                {"max", integer(pool.max, 1, 100'000)},
                {"accelerator", [&](Reading& inner, const YamlNode& value, const std::string& where) {
                   accelerator_into(gpus)(inner, value, where);
                   if (gpus.count != std::floor(gpus.count))
                     inner.error(value, where + ".count is not whole", "pods get whole devices");
                   pool.accelerator = gpus;
                 }}});
  if (pool.name.empty()) reading.error(node, path + " has no name");
  if (pool.gpu_resource.find('/') == std::string::npos)
    reading.error(node, path + ".gpu_resource is '" + pool.gpu_resource + "'",
                  "write it as the node lists it, such as nvidia.com/gpu");
  return pool;
}

void read_agent(Reading& reading, const YamlNode& node, const std::string& path, AgentSource& agent) {
  if (!is_map(reading, node, path)) return;
  read_members(reading, node, path,
               {{"image", text(agent.image)},
                {"image_path", text(agent.image_path)},
                {"url", text(agent.url)},
                {"sha256", text(agent.sha256)},
                {"fetch_image", text(agent.fetch_image)},
                {"path", text(agent.path)}});
  const int ways = (agent.image.empty() ? 0 : 1) + (agent.url.empty() ? 0 : 1) + (agent.path.empty() ? 0 : 1);
  if (ways != 1)
    reading.error(node, path + " names " + std::to_string(ways) + " of image, url and path",
                  "name one of them");
  if (agent.url.empty()) return;
  if (!is_digest(agent.sha256))
    reading.error(node, path + ".url needs a sha256", "write its 64 hex digits: sha256sum FILE");
  if (!agent.url.starts_with("https://"))
    reading.error(node, path + ".url is " + agent.url, "write one that begins with https://");
}

// The targets outlive the fields; `home` too.
Fields fields_of(ClusterConfig& cluster, const std::string& home) {
  return {{"name", name_into(cluster.name)},
          {"kubeconfig", own_files(cluster.kubeconfig, home)},
          {"context", text(cluster.context)},
          {"namespace", object_name(cluster.namespace_name)},
          {"image", text(cluster.image)},
          {"queue", object_name(cluster.queue)},
          {"queue_priority", object_name(cluster.queue_priority)},
          {"priority_class", object_name(cluster.priority_class)},
          {"service_account", object_name(cluster.service_account)},
          {"store_secret", object_name(cluster.store_secret)},
          {"shared_volume", object_name(cluster.shared_volume)},
          {"labels", pairs(cluster.labels)},
          {"annotations", pairs(cluster.annotations)},
          {"env", pairs(cluster.environment)},
          {"run_as_user", integer(cluster.run_as_user, 1, 2'000'000'000)},
          {"grace", span(cluster.grace, false)},
          {"patience", span(cluster.patience, false)},
          {"forget_after", span(cluster.forget_after, false)}};
}

ClusterConfig read_cluster(Reading& reading, const YamlNode& node, const std::string& path,
                           const std::string& home) {
  ClusterConfig cluster;
  if (!is_map(reading, node, path)) return cluster;
  bool has_agent = false;
  Fields fields = fields_of(cluster, home);
  fields["agent"] = [&](Reading& inner, const YamlNode& value, const std::string& where) {
    has_agent = true;
    read_agent(inner, value, where, cluster.agent);
  };
  fields["pools"] = [&](Reading& inner, const YamlNode& value, const std::string& where) {
    read_named_list(inner, value, where, "pool",
                    [&](Reading& each, const YamlNode& item, const std::string& at) {
                      cluster.pools.push_back(read_pool(each, item, at));
                      return cluster.pools.back().name;
                    });
  };
  read_members(reading, node, path, fields);
  if (cluster.name.empty()) reading.error(node, path + " has no name");
  if (!has_agent)
    reading.error(node, path + " does not say where pods get the agent from",
                  "agent: {image: …}, {url: …, sha256: …} or {path: …}");
  if (!cluster.queue_priority.empty() && cluster.queue.empty())
    reading.error(node, path + " has a queue_priority and no queue", "name the LocalQueue: queue: NAME");
  if (cluster.pools.empty()) reading.error(node, path + " has no pools", "name at least one");
  return cluster;
}

}  // namespace

ClustersOutcome parse_clusters(std::string_view yaml, const std::string& home) {
  ClustersOutcome outcome;
  outcome.errors = drivers::fields::parse_list_file(
      yaml, {"kubernetes.yaml", "clusters", "cluster", "docs/suppliers/kubernetes.md"},
      [&](Reading& reading, const YamlNode& node, const std::string& path) {
        outcome.clusters.push_back(read_cluster(reading, node, path, home));
        return outcome.clusters.back().name;
      });
  return outcome;
}

Result<std::vector<ClusterConfig>> read_clusters_file(const std::filesystem::path& file,
                                                      const std::string& home) {
  TW_ASSIGN_OR_RETURN(const std::string yaml, io::read_file(file, task::max_file_bytes));
  ClustersOutcome outcome = parse_clusters(yaml, home);
  if (!outcome.errors.empty()) return as_error(outcome.errors, file.string());
  return std::move(outcome.clusters);
}

}  // namespace tradewind::kubernetes
