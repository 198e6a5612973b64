#include "edge/drivers/kubernetes/job_object.h"

#include <algorithm>
#include <cstdio>

#include "edge/drivers/kubernetes/json_path.h"
#include "edge/drivers/kubernetes/pod_script.h"
#include "edge/io/hash.h"

namespace tradewind::kubernetes {
namespace {

constexpr std::size_t label_letters_max = 63;
constexpr std::size_t token_letters_max = 40;
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

std::string digest(const std::string& text) {
  return io::hex(io::sha256(text));
}

json::object texts(const std::map<std::string, std::string>& from) {
  json::object made;
  for (const auto& [name, value] : from) made[name] = value;
  return made;
}

json::object labels_of(const ClusterConfig& cluster, const PoolConfig& pool,
                       const provider::LaunchRequest& request) {
  json::object labels = texts(cluster.labels);
  labels["app.kubernetes.io/managed-by"] = "tradewind";
  labels[owner_label] = label_value(request.owner.text());
  labels[lease_label] = label_value(request.token);
  labels[job_label] = label_value(request.job.text());
  labels[pool_label] = label_value(pool.name);
  return labels;
}

json::array environment_of(const ClusterConfig& cluster) {
  json::array made;
  for (const auto& [name, value] : cluster.environment) {
    made.push_back(json::object{{"name", name}, {"value", value}});
  }
  return made;
}

json::object mount(const char* name, const char* path) {
  return {{"name", name}, {"mountPath", path}};
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f", value);
  return text;
}

json::object resources_of(const PoolConfig& pool) {
  json::object amounts{{"cpu", number(pool.cpus * 1000) + "m"},
                       {"memory", number(pool.memory_gib * 1024) + "Mi"}};
  if (pool.accelerator) amounts[pool.gpu_resource] = number(pool.accelerator->count);
  // Limits of memory and devices alone: idle cores may be used.
  json::object limits = amounts;
  limits.erase("cpu");
  return {{"requests", amounts}, {"limits", limits}};
}

// What the "restricted" Pod Security Standard asks of a container.
void restrict(const ClusterConfig& cluster, json::object& container) {
  if (cluster.run_as_user == 0) return;
  container["securityContext"] = json::object{{"allowPrivilegeEscalation", false},
                                              {"capabilities", json::object{{"drop", json::array{"ALL"}}}}};
}

const std::string& prepare_image(const ClusterConfig& cluster) {
  if (!cluster.agent.image.empty()) return cluster.agent.image;
  return cluster.agent.url.empty() ? cluster.image : cluster.agent.fetch_image;
}

json::object prepare_container(const ClusterConfig& cluster, bool secrets) {
  json::object container{
      {"name", "prepare"},
      {"image", prepare_image(cluster)},
      {"command", json::array{"/bin/sh", "-c", prepare_script(cluster.agent)}},
      {"volumeMounts",
       json::array{mount("tradewind", work_folder), mount("tradewind-private", private_folder)}},
      {"resources", json::object{{"requests", json::object{{"cpu", "100m"}, {"memory", "64Mi"}}},
                                 {"limits", json::object{{"memory", "256Mi"}}}}}};
  if (secrets) {
    json::object mounted = mount("tradewind-secrets", secrets_folder);
    mounted["readOnly"] = true;
    container["volumeMounts"].as_array().push_back(std::move(mounted));
  }
  restrict(cluster, container);
  return container;
}

bool is_gang(const provider::LaunchRequest& request) {
  return request.nodes > 1;
}

// On the volume that all pods of the gang see.
std::string gang_folder(const provider::LaunchRequest& request) {
  return std::string(shared_folder) + "/" + object_name(request.owner, request.token);
}

void add_gang(json::array& command, const provider::LaunchRequest& request) {
  const std::string name = object_name(request.owner, request.token);
  std::string hosts;
  for (int rank = 0; rank < request.nodes; ++rank)
    hosts += (rank > 0 ? "," : "") + name + "-" + std::to_string(rank) + "." + name;
  command.emplace_back("--launcher=" + std::string(work_folder) + "/launcher");
  command.emplace_back("--node-ips=" + hosts);
}

json::array agent_command(const ClusterConfig& cluster, const PoolConfig& pool,
                          const provider::LaunchRequest& request) {
  const std::string folder = work_folder;
  const std::string meeting = is_gang(request) ? gang_folder(request) : folder;
  json::array command{"/bin/sh",
                      "-c",
                      is_gang(request) ? pod_script(meeting, request.nodes) : pod_script(),
                      "tradewind",
                      folder,
                      private_folder,
                      format_utc(request.hard_limit),
                      std::to_string(std::chrono::ceil<std::chrono::seconds>(cluster.grace).count()),
                      cluster.agent.path.empty() ? folder + "/bin/tradewind-agent" : cluster.agent.path};
  for (const std::string& argument : request.agent_arguments) command.emplace_back(argument);
  command.emplace_back("--scratch=" + meeting + "/scratch");
  command.emplace_back("--limit-file=" + meeting + "/limit");
  // An eviction may befall any pod.
  command.emplace_back("--notice=" + meeting + "/notice");
  command.emplace_back("--notice-lead=" + std::to_string(cluster.grace.count()) + "ms");
  command.emplace_back("--purchase=" + std::string(to_text(request.offer.purchase)));
  if (pool.accelerator)
    command.emplace_back("--accelerator=" + pool.accelerator->model + ":" + number(pool.accelerator->count));
  if (is_gang(request)) add_gang(command, request);
  return command;
}

json::object work_container(const ClusterConfig& cluster, const PoolConfig& pool,
                            const provider::LaunchRequest& request) {
  json::object container{
      {"name", "agent"},
      {"image", cluster.image},
      {"command", agent_command(cluster, pool, request)},
      {"env", environment_of(cluster)},
      {"workingDir", work_folder},
      {"volumeMounts", json::array{mount("tradewind", work_folder),
                                   mount("tradewind-private", private_folder), mount("shm", "/dev/shm")}},
      {"resources", resources_of(pool)}};
  if (is_gang(request))
    container["volumeMounts"].as_array().push_back(mount("tradewind-shared", shared_folder));
  restrict(cluster, container);
  return container;
}

json::array volumes_of(const ClusterConfig& cluster, const std::string& name, bool own_secrets) {
  const json::object in_memory{{"emptyDir", json::object{{"medium", "Memory"}}}};
  json::object own{{"name", "tradewind"}, {"emptyDir", json::object{}}};
  json::object hidden = in_memory;
  hidden["name"] = "tradewind-private";
  json::object shared = in_memory;  // 64 MiB, the usual /dev/shm, starve data loaders
  shared["name"] = "shm";
  json::array volumes{own, hidden, shared};
  json::array sources;
  if (!cluster.store_secret.empty())
    sources.push_back(json::object{{"secret", json::object{{"name", cluster.store_secret}}}});
  if (own_secrets) sources.push_back(json::object{{"secret", json::object{{"name", name}}}});
  if (!sources.empty()) {
    volumes.push_back(json::object{{"name", "tradewind-secrets"},
                                   {"projected", json::object{{"sources", std::move(sources)}}}});
  }
  return volumes;
}

json::array tolerations_of(const PoolConfig& pool) {
  json::array made;
  for (const Toleration& each : pool.tolerations) {
    json::object one;
    if (!each.key.empty()) one["key"] = each.key;
    if (!each.op.empty()) one["operator"] = each.op;
    if (!each.value.empty()) one["value"] = each.value;
    if (!each.effect.empty()) one["effect"] = each.effect;
    made.push_back(std::move(one));
  }
  return made;
}

json::object pod_spec(const ClusterConfig& cluster, const PoolConfig& pool,
                      const provider::LaunchRequest& request, const std::string& name) {
  const bool own_secrets = !request.secrets.empty();
  json::object spec{
      {"restartPolicy", "Never"},
      {"terminationGracePeriodSeconds", std::chrono::ceil<std::chrono::seconds>(cluster.grace).count()},
      {"automountServiceAccountToken", !cluster.service_account.empty()},
      {"enableServiceLinks", false},
      {"initContainers",
       json::array{prepare_container(cluster, own_secrets || !cluster.store_secret.empty())}},
      {"containers", json::array{work_container(cluster, pool, request)}},
      {"volumes", volumes_of(cluster, name, own_secrets)}};
  if (is_gang(request)) {
    spec["subdomain"] = name;
    spec["volumes"].as_array().push_back(
        json::object{{"name", "tradewind-shared"},
                     {"persistentVolumeClaim", json::object{{"claimName", cluster.shared_volume}}}});
  }
  if (!pool.node_selector.empty()) spec["nodeSelector"] = texts(pool.node_selector);
  if (!pool.tolerations.empty()) spec["tolerations"] = tolerations_of(pool);
  if (!cluster.priority_class.empty()) spec["priorityClassName"] = cluster.priority_class;
  if (!cluster.service_account.empty()) spec["serviceAccountName"] = cluster.service_account;
  if (cluster.run_as_user > 0) {
    spec["securityContext"] = json::object{{"runAsNonRoot", true},
                                           {"runAsUser", cluster.run_as_user},
                                           {"fsGroup", cluster.run_as_user},
                                           {"seccompProfile", json::object{{"type", "RuntimeDefault"}}}};
  }
  return spec;
}

// Of what goes when its Job goes.
json::object metadata_of_part(const json::value& job) {
  const std::string name = text_at(job, {"metadata", "name"});
  const json::object owner{{"apiVersion", "batch/v1"},
                           {"kind", "Job"},
                           {"name", name},
                           {"uid", text_at(job, {"metadata", "uid"})}};
  json::object metadata{{"name", name}, {"ownerReferences", json::array{owner}}};
  if (const json::value* labels = find(job, {"metadata", "labels"})) metadata["labels"] = *labels;
  return metadata;
}

}  // namespace

std::string label_value(const std::string& text) {
  const bool plain = !text.empty() && text.size() <= label_letters_max &&
                     text.find_first_not_of(std::string(letters) + "-_.") == std::string::npos &&
                     letters.find(text.front()) != std::string_view::npos &&
                     letters.find(text.back()) != std::string_view::npos;
  return plain ? text : "h-" + digest(text).substr(0, token_letters_max);
}

std::string object_name(const OwnerId& owner, const std::string& token) {
  std::string plain;
  for (const char each : token.substr(0, token_letters_max)) {
    const bool kept = (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9');
    plain += kept ? each : '-';
  }
  return "tw-" + plain + "-" + digest(owner.text() + "\n" + token).substr(0, 12);
}

json::value job_object(const ClusterConfig& cluster, const PoolConfig& pool,
                       const provider::LaunchRequest& request) {
  const std::string name = object_name(request.owner, request.token);
  const json::object labels = labels_of(cluster, pool, request);
  json::object on_job = labels;
  if (!cluster.queue.empty()) on_job[queue_label] = cluster.queue;
  if (!cluster.queue_priority.empty()) on_job["kueue.x-k8s.io/priority-class"] = cluster.queue_priority;
  json::object annotations = texts(cluster.annotations);
  annotations[token_annotation] = request.token;
  const json::array ended_by_disruption{json::object{
      {"action", "FailJob"},
      {"onPodConditions", json::array{json::object{{"type", "DisruptionTarget"}, {"status", "True"}}}}}};
  json::object spec{
      {"backoffLimit", 0},
      {"completions", std::max(request.nodes, 1)},
      {"parallelism", std::max(request.nodes, 1)},
      {"podReplacementPolicy", "Failed"},
      {"podFailurePolicy", json::object{{"rules", ended_by_disruption}}},
      {"ttlSecondsAfterFinished", std::chrono::ceil<std::chrono::seconds>(cluster.forget_after).count()},
      {"template", json::object{{"metadata", json::object{{"labels", labels}, {"annotations", annotations}}},
                                {"spec", pod_spec(cluster, pool, request, name)}}}};
  if (is_gang(request)) spec["completionMode"] = "Indexed";
  if (!cluster.queue.empty()) spec["suspend"] = true;  // until the queue admits it
  return json::object{
      {"apiVersion", "batch/v1"},
      {"kind", "Job"},
      {"metadata", json::object{{"name", name}, {"labels", on_job}, {"annotations", annotations}}},
      {"spec", std::move(spec)}};
}

json::value secret_object(const json::value& job, const std::map<std::string, std::string>& secrets) {
  return json::object{{"apiVersion", "v1"},
                      {"kind", "Secret"},
                      {"type", "Opaque"},
                      {"metadata", metadata_of_part(job)},
                      {"stringData", texts(secrets)}};
}

json::value service_object(const json::value& job) {
  json::object pods;
  for (const char* label : {owner_label, lease_label})
    pods[label] = text_at(job, {"metadata", "labels", label});
  return json::object{{"apiVersion", "v1"},
                      {"kind", "Service"},
                      {"metadata", metadata_of_part(job)},
                      // Ranks look for each other before all are ready.
                      {"spec", json::object{{"clusterIP", "None"},
                                            {"publishNotReadyAddresses", true},
                                            {"selector", std::move(pods)}}}};
}

json::value ending_patch(Time now, const std::string& reason) {
  return json::object{
      {"metadata", json::object{{"annotations", json::object{{ended_annotation, format_utc(now)},
                                                             {reason_annotation, reason}}}}},
      {"spec", json::object{{"activeDeadlineSeconds", 1}}}};
}

}  // namespace tradewind::kubernetes
