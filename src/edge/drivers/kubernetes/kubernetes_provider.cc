#include "edge/drivers/kubernetes/kubernetes_provider.h"

#include <algorithm>

#include "edge/drivers/kubernetes/job_object.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "edge/io/http_target.h"

namespace tradewind::kubernetes {
namespace {

using provider::Launched;
using provider::LaunchRequest;
using provider::TerminateState;

constexpr Duration list_gap = std::chrono::seconds(1);
constexpr Duration controller_patience = std::chrono::seconds(5);  // until a Job should have its pod
constexpr int explanations_max = 8;                                // of one list: each is a request

provider::Capabilities capabilities_of(const ClusterConfig& config) {
  provider::Capabilities facts;
  facts.provider = "kubernetes";
  facts.only_region = config.name;
  facts.regions = {config.name};
  facts.spot = std::ranges::any_of(config.pools, &PoolConfig::spot);
  facts.notice_lead = config.grace;
  facts.list_gap = list_gap;
  facts.far = true;
  facts.token_kind = provider::TokenKind::idempotent;
  return facts;
}

std::string selector(const std::string& label, const std::string& value) {
  return "labelSelector=" + io::percent_encode(label + "=" + label_value(value));
}

// A pod sees none of this machine's folders.
Status prove_stores(const LaunchRequest& request) {
  for (const std::string& argument : request.agent_arguments) {
    const std::size_t value = argument.find('=') + 1;
    if (!argument.substr(0, value).ends_with("store=") || argument.compare(value, 5, "file:") != 0) continue;
    return Error{Code::invalid_argument, "pods cannot reach the store " + argument.substr(value),
                 "name one of the network in the task: checkpoint.stores: [s3://BUCKET/PREFIX]"};
  }
  return {};
}

Launched launched_of(const ClusterConfig& config, const json::value& job) {
  return {{{"kubernetes", config.name}, InstanceId(text_at(job, {"metadata", "name"}))},
          time_at(job, {"metadata", "creationTimestamp"}).value_or(Time())};
}

}  // namespace

std::string jobs_path(const std::string& namespace_name) {
  return "/apis/batch/v1/namespaces/" + namespace_name + "/jobs";
}

std::string core_path(const std::string& namespace_name, const std::string& kind) {
  return "/api/v1/namespaces/" + namespace_name + "/" + kind;
}

KubernetesProvider::KubernetesProvider(ClusterConfig config, AccessOptions access, const Clock& clock)
    : config_(std::move(config)),
      clock_(clock),
      capabilities_(capabilities_of(config_)),
      client_("kubernetes/" + config_.name, std::move(access), clock) {}

Result<std::string> KubernetesProvider::namespace_name() {
  if (!config_.namespace_name.empty()) return config_.namespace_name;
  TW_ASSIGN_OR_RETURN(std::string named, client_.context_namespace());
  return named.empty() ? std::string("default") : named;
}

Result<std::vector<Offer>> KubernetesProvider::offers(const provider::OfferQuery& query) {
  std::vector<Offer> sold;
  if (!query.region.empty() && query.region != config_.name) return sold;
  for (const PoolConfig& pool : config_.pools) {
    Offer offer;
    offer.location = {"kubernetes", config_.name};
    offer.instance_type = pool.name;
    offer.accelerator = pool.accelerator;
    offer.vcpus = pool.cpus;
    offer.memory_gib = pool.memory_gib;
    offer.purchase = pool.spot ? Purchase::spot : Purchase::on_demand;
    offer.price_per_hour = pool.price_per_hour;
    offer.observed_on = format_utc(clock_.now()).substr(0, 10);
    offer.source = "kubernetes.yaml";
    if (pool.spot) offer.notice_lead = config_.grace;
    sold.push_back(std::move(offer));
  }
  return sold;
}

Result<const PoolConfig*> KubernetesProvider::pool_of(const Offer& offer) const {
  for (const PoolConfig& pool : config_.pools) {
    const bool same = pool.name == offer.instance_type && offer.location.region == config_.name &&
                      pool.spot == (offer.purchase == Purchase::spot);
    if (same) return &pool;
  }
  return Error{Code::invalid_argument, offer_key(offer) + " is not on offer in " + client_.cluster(),
               "see the pools of kubernetes.yaml"};
}

// All owners' pods count: the pool is one.
Status KubernetesProvider::prove_room(const PoolConfig& pool, const std::string& where) {
  TW_ASSIGN_OR_RETURN(const std::vector<json::value> jobs,
                      client_.list(jobs_path(where), selector(pool_label, pool.name)));
  const auto taken = std::ranges::count_if(jobs, [](const json::value& job) { return !has_ended(job, {}); });
  if (taken < pool.max) return {};
  return Error{Code::insufficient_capacity, client_.cluster() + ": all " + std::to_string(pool.max) +
                                                " places of the pool " + pool.name + " are taken"};
}

// The Job comes first, so that the Secret has an owner with whom it goes; the pod waits for it.
Status KubernetesProvider::bring_secret(const json::value& job, const LaunchRequest& request,
                                        const std::string& where) {
  if (request.secrets.empty()) return {};
  const auto made = client_.create(core_path(where, "secrets"), secret_object(job, request.secrets));
  if (made.ok() || made.error().code == Code::conflict) return {};
  return made.error();
}

// A launch whose answer was lost, or one before us.
Result<Launched> KubernetesProvider::adopt(const json::value& job, const LaunchRequest& request,
                                           const std::string& where) {
  const bool ours = text_at(job, {"metadata", "annotations", token_annotation}) == request.token &&
                    text_at(job, {"metadata", "labels", owner_label}) == label_value(request.owner.text());
  if (!ours)
    return Error{Code::conflict, client_.cluster() + ": the Job " + text_at(job, {"metadata", "name"}) +
                                     " is there and is not this lease's"};
  if (!has_ended(job, {})) TW_RETURN_IF_ERROR(bring_secret(job, request, where));
  return launched_of(config_, job);
}

Result<Launched> KubernetesProvider::launch(const LaunchRequest& request) {
  TW_ASSIGN_OR_RETURN(const PoolConfig* pool, pool_of(request.offer));
  TW_RETURN_IF_ERROR(prove_stores(request));
  TW_ASSIGN_OR_RETURN(const std::string where, namespace_name());
  const std::string own = jobs_path(where) + "/" + object_name(request.owner, request.token);
  const std::lock_guard lock(launching_);
  const Result<json::value> before = client_.get(own);
  if (before.ok()) return adopt(*before, request, where);
  if (before.error().code != Code::not_found) return before.error();
  TW_RETURN_IF_ERROR(prove_room(*pool, where));
  const Result<json::value> made = client_.create(jobs_path(where), job_object(config_, *pool, request));
  if (!made.ok() && made.error().code == Code::conflict) {
    TW_ASSIGN_OR_RETURN(const json::value other, client_.get(own));
    return adopt(other, request, where);
  }
  if (!made.ok() && made.error().code == Code::not_found) return prove_namespace(where).error();
  if (!made.ok()) return made.error();
  TW_RETURN_IF_ERROR(bring_secret(*made, request, where));
  return launched_of(config_, *made);
}

// A list of a namespace that is not there is empty, as if all had ended.
Status KubernetesProvider::prove_namespace(const std::string& where) {
  const Result<json::value> found = client_.get("/api/v1/namespaces/" + where);
  if (found.ok() || found.error().code == Code::unauthorized) return {};
  if (found.error().code != Code::not_found) return found.error();
  return Error{Code::unavailable, client_.cluster() + ": the namespace " + where + " is not there",
               "was it deleted? Make it again with packaging/kubernetes/role.yaml, or name another in "
               "kubernetes.yaml"};
}

// Quotas and admission rules refuse the pod, not the Job: the controller tells it in an event.
void KubernetesProvider::explain_missing_pod(const json::value& job, const std::string& where, Seen& seen) {
  if (clock_.now() - seen.instance.launched_at < controller_patience) return;
  const std::string query =
      "fieldSelector=" +
      io::percent_encode("involvedObject.uid=" + text_at(job, {"metadata", "uid"}) + ",reason=FailedCreate");
  const auto events = client_.list(core_path(where, "events"), query);
  if (!events.ok() || events->empty()) return;
  seen.stuck = "FailedCreate: " + text_at(events->back(), {"message"});
  seen.stuck_since = seen.instance.launched_at;
  seen.instance.reason = seen.stuck;
}

Status KubernetesProvider::end(const json::value& job, const std::string& where, const std::string& reason) {
  const std::string name = text_at(job, {"metadata", "name"});
  const std::string path = jobs_path(where) + "/" + name;
  Result<json::value> answer = Error{};
  if (true_at(job, {"spec", "suspend"})) {
    // Its queue may let it go at any moment, and a deadline does not hold for what waits.
    answer = client_.remove(
        path, json::object{{"propagationPolicy", "Background"},
                           {"preconditions", json::object{{"uid", text_at(job, {"metadata", "uid"})}}}});
  } else {
    answer = client_.merge(path, ending_patch(clock_.now(), reason));
  }
  if (answer.ok() || answer.error().code == Code::not_found) return {};
  return answer.error();
}

Result<InstancePage> KubernetesProvider::instances(const OwnerId& owner, const provider::PageToken& page) {
  if (!page.empty()) return Error{Code::invalid_argument, client_.cluster() + " lists in one page alone"};
  TW_ASSIGN_OR_RETURN(const std::string where, namespace_name());
  const std::string query = selector(owner_label, owner.text());
  // Jobs first: a pod that is listed after them was made before its Job was looked at, or is of a later one.
  TW_ASSIGN_OR_RETURN(const std::vector<json::value> jobs, client_.list(jobs_path(where), query));
  if (jobs.empty()) TW_RETURN_IF_ERROR(prove_namespace(where));
  InstancePage listed;
  if (jobs.empty()) return listed;
  TW_ASSIGN_OR_RETURN(const std::vector<json::value> pods, client_.list(core_path(where, "pods"), query));
  std::map<std::string, std::vector<const json::value*>> by_job = pods_by_job(pods);
  int explained = 0;
  for (const json::value& job : jobs) {
    Seen seen = instance_of(config_.name, owner, job, by_job[text_at(job, {"metadata", "name"})]);
    if (seen.without_pod && explained++ < explanations_max) explain_missing_pod(job, where, seen);
    if (!seen.stuck.empty() && clock_.now() - seen.stuck_since > config_.patience) {
      TW_RETURN_IF_ERROR(end(job, where, seen.stuck));
      seen.instance.state = InstanceState::stopping;
    }
    listed.instances.push_back(std::move(seen.instance));
  }
  return listed;
}

Result<TerminateState> KubernetesProvider::terminate(const InstanceRef& instance) {
  if (instance.location.region != config_.name) return TerminateState::done;
  TW_ASSIGN_OR_RETURN(const std::string where, namespace_name());
  const std::string& name = instance.id.text();
  const Result<json::value> job = client_.get(jobs_path(where) + "/" + io::percent_encode(name));
  if (!job.ok() && job.error().code == Code::not_found) {
    TW_RETURN_IF_ERROR(prove_namespace(where));
    return TerminateState::done;
  }
  if (!job.ok()) return job.error();
  if (text_at(*job, {"metadata", "labels", owner_label}).empty())
    return Error{Code::invalid_argument, client_.cluster() + ": the Job " + name + " is none of Tradewind's"};
  TW_ASSIGN_OR_RETURN(
      const std::vector<json::value> pods,
      client_.list(core_path(where, "pods"), "labelSelector=" + io::percent_encode("job-name=" + name)));
  std::map<std::string, std::vector<const json::value*>> by_job = pods_by_job(pods);
  if (has_ended(*job, by_job[name])) return TerminateState::done;
  const bool asked = find(*job, {"metadata", "annotations", ended_annotation}) != nullptr;
  if (!asked) TW_RETURN_IF_ERROR(end(*job, where, "terminated on request"));
  return TerminateState::in_progress;
}

}  // namespace tradewind::kubernetes
