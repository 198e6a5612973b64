#include "edge/drivers/kubernetes/kubernetes_provider.h"

#include <algorithm>

#include "edge/drivers/kubernetes/job_object.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "edge/drivers/kubernetes/queue_state.h"
#include "edge/io/http_target.h"
#include "edge/provider/agent_arguments.h"

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
  facts.network_stores_only = true;
  facts.token_kind = provider::TokenKind::idempotent;
  return facts;
}

std::string selector(const std::string& label, const std::string& value) {
  return "labelSelector=" + io::percent_encode(label + "=" + label_value(value));
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

KubernetesProvider::Holdings::Holdings(KubernetesProvider& provider, const std::string& where,
                                       const OwnerId& owner)
    : jobs(provider.client_, jobs_path(where), selector(owner_label, owner.text()), provider.clock_,
           provider.tempo_, provider.follow_),
      pods(provider.client_, core_path(where, "pods"), selector(owner_label, owner.text()), provider.clock_,
           provider.tempo_, provider.follow_) {}

KubernetesProvider::KubernetesProvider(ClusterConfig config, AccessOptions access, const Clock& clock,
                                       WatchTempo tempo, Network network)
    : config_(std::move(config)),
      clock_(clock),
      capabilities_(capabilities_of(config_)),
      tempo_(tempo),
      follow_(std::move(network.follow)),
      client_("kubernetes/" + config_.name, std::move(access), clock, std::move(network.transport)) {}

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
    offer.nodes_max = config_.shared_volume.empty() ? 1 : pool.max;
    if (pool.spot) offer.notice_lead = config_.grace;
    // A cluster that is full keeps pods waiting, and says of none for how long: what was seen corrects this.
    offer.queue_wait = Duration(0);
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
Status KubernetesProvider::prove_room(const PoolConfig& pool, const std::string& where, int nodes) {
  TW_ASSIGN_OR_RETURN(const std::vector<json::value> jobs,
                      client_.list(jobs_path(where), selector(pool_label, pool.name)));
  std::int64_t taken = 0;
  for (const json::value& job : jobs) {
    if (!has_ended(job, {})) taken += std::max<std::int64_t>(number_at(job, {"spec", "parallelism"}), 1);
  }
  if (taken + nodes <= pool.max) return {};
  const std::string all = nodes == 1 ? "all " : std::to_string(taken) + " of ";
  return Error{Code::insufficient_capacity, client_.cluster() + ": " + all + std::to_string(pool.max) +
                                                " places of the pool " + pool.name + " are taken"};
}

// The Job comes first, so that its parts have an owner with whom they go; the pod waits for the Secret, and a
// gang's pods for each other.
Status KubernetesProvider::bring_parts(const json::value& job, const LaunchRequest& request,
                                       const std::string& where) {
  const auto bring = [&](const char* kind, const json::value& part) -> Status {
    const auto made = client_.create(core_path(where, kind), part);
    if (made.ok() || made.error().code == Code::conflict) return {};
    return made.error();
  };
  if (request.nodes > 1) TW_RETURN_IF_ERROR(bring("services", service_object(job)));
  if (request.secrets.empty()) return {};
  return bring("secrets", secret_object(job, request.secrets));
}

// A launch whose answer was lost, or one before us.
Result<Launched> KubernetesProvider::adopt(const json::value& job, const LaunchRequest& request,
                                           const std::string& where) {
  const bool ours = text_at(job, {"metadata", "annotations", token_annotation}) == request.token &&
                    text_at(job, {"metadata", "labels", owner_label}) == label_value(request.owner.text());
  if (!ours)
    return Error{Code::conflict, client_.cluster() + ": the Job " + text_at(job, {"metadata", "name"}) +
                                     " is there and is not this lease's"};
  if (!has_ended(job, {})) TW_RETURN_IF_ERROR(bring_parts(job, request, where));
  return launched_of(config_, job);
}

Result<Launched> KubernetesProvider::launch(const LaunchRequest& request) {
  TW_ASSIGN_OR_RETURN(const PoolConfig* pool, pool_of(request.offer));
  TW_RETURN_IF_ERROR(provider::prove_network_stores(request, "pods"));
  if (request.nodes > 1 && config_.shared_volume.empty())
    return Error{Code::invalid_argument, client_.cluster() + ": pods of a gang need a volume that all see",
                 "name a PersistentVolumeClaim in kubernetes.yaml: shared_volume: NAME"};
  TW_ASSIGN_OR_RETURN(const std::string where, namespace_name());
  Result<Launched> launched = launch_in(where, *pool, request);
  distrust_holdings();  // whatever came of it, the next list is to show it
  return launched;
}

Result<Launched> KubernetesProvider::launch_in(const std::string& where, const PoolConfig& pool,
                                               const LaunchRequest& request) {
  const std::string own = jobs_path(where) + "/" + object_name(request.owner, request.token);
  const std::lock_guard lock(launching_);
  const Result<json::value> before = client_.get(own);
  if (before.ok()) return adopt(*before, request, where);
  if (before.error().code != Code::not_found) return before.error();
  TW_RETURN_IF_ERROR(prove_room(pool, where, request.nodes));
  const Result<json::value> made = client_.create(jobs_path(where), job_object(config_, pool, request));
  if (!made.ok() && made.error().code == Code::conflict) {
    TW_ASSIGN_OR_RETURN(const json::value other, client_.get(own));
    return adopt(other, request, where);
  }
  if (!made.ok() && made.error().code == Code::not_found) return prove_namespace(where).error();
  if (!made.ok()) return made.error();
  TW_RETURN_IF_ERROR(bring_parts(*made, request, where));
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

// Without Kueue, nobody would ever admit what begins suspended.
void KubernetesProvider::explain_queue(const json::value& job, const std::string& where, Seen& seen) {
  const std::string query = selector(workload_job_label, text_at(job, {"metadata", "uid"}));
  const std::string queue = text_at(job, {"metadata", "labels", queue_label});
  bool served = false;
  for (const std::string& path : workloads_paths(where)) {
    const auto workloads = client_.list(path, query);
    if (!workloads.ok() && workloads.error().code == Code::not_found) continue;
    served = true;
    if (workloads.ok() && !workloads->empty())
      seen.instance.reason = why_not_admitted(queue, workloads->front());
    break;
  }
  if (served) return;
  seen.stuck = "nobody admits it to the queue " + queue +
               ": Kueue is not installed in the cluster; install it, or take queue: out of kubernetes.yaml";
  seen.stuck_since = seen.instance.launched_at;
  seen.instance.reason = seen.stuck;
}

bool KubernetesProvider::must_end(const Seen& seen) const {
  if (seen.taken_back) return true;
  return !seen.stuck.empty() && clock_.now() - seen.stuck_since > config_.patience;
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
  distrust_holdings();
  if (answer.ok() || answer.error().code == Code::not_found) return {};
  return answer.error();
}

KubernetesProvider::Holdings& KubernetesProvider::holdings_of(const std::string& where,
                                                              const OwnerId& owner) {
  const std::lock_guard lock(holdings_mutex_);
  std::unique_ptr<Holdings>& holdings = holdings_[where + "\n" + owner.text()];
  if (!holdings) holdings = std::make_unique<Holdings>(*this, where, owner);
  return *holdings;
}

void KubernetesProvider::distrust_holdings() {
  const std::lock_guard lock(holdings_mutex_);
  for (const auto& [name, holdings] : holdings_) holdings->jobs.distrust();
}

// Jobs first: a pod that is listed after them was made before its Job was looked at, or is of a later one.
// Two watches have no such order, and the end of a Job may be told before that of its pod: so a new end is
// believed after a list.
Result<KubernetesProvider::Look> KubernetesProvider::look(Holdings& holdings) {
  Look seen;
  TW_ASSIGN_OR_RETURN(seen.jobs, holdings.jobs.items());
  const auto look_at_pods = [&]() -> Status {
    TW_ASSIGN_OR_RETURN(seen.pods, holdings.pods.items());
    std::vector<const json::value*> pods;
    for (const WatchedList::Item& pod : seen.pods) pods.push_back(pod.get());
    seen.pods_of = pods_by_job(pods);
    return {};
  };
  const auto ended = [&] {
    std::set<std::string> uids;
    for (const WatchedList::Item& job : seen.jobs) {
      if (has_ended(*job, seen.pods_of[text_at(*job, {"metadata", "name"})]))
        uids.insert(text_at(*job, {"metadata", "uid"}));
    }
    return uids;
  };
  TW_RETURN_IF_ERROR(look_at_pods());
  const std::lock_guard lock(holdings.mutex);
  std::set<std::string> now = ended();
  if (!std::ranges::includes(holdings.ended, now)) {
    holdings.pods.distrust();
    TW_RETURN_IF_ERROR(look_at_pods());
    now = ended();
  }
  holdings.ended = std::move(now);
  return seen;
}

Result<InstancePage> KubernetesProvider::instances(const OwnerId& owner, const provider::PageToken& page) {
  if (!page.empty()) return Error{Code::invalid_argument, client_.cluster() + " lists in one page alone"};
  TW_ASSIGN_OR_RETURN(const std::string where, namespace_name());
  TW_ASSIGN_OR_RETURN(Look seen, look(holdings_of(where, owner)));
  if (seen.jobs.empty() && seen.pods.empty()) TW_RETURN_IF_ERROR(prove_namespace(where));
  InstancePage listed;
  int explained = 0;
  for (const WatchedList::Item& item : seen.jobs) {
    const json::value& job = *item;
    Seen one = instance_of(config_.name, owner, job, seen.pods_of[text_at(job, {"metadata", "name"})]);
    if (one.without_pod && explained++ < explanations_max) explain_missing_pod(job, where, one);
    if (one.queued && explained++ < explanations_max) explain_queue(job, where, one);
    if (must_end(one)) {
      TW_RETURN_IF_ERROR(end(job, where, one.instance.reason));
      one.instance.state = InstanceState::stopping;
    }
    listed.instances.push_back(std::move(one.instance));
    seen.pods_of.erase(text_at(job, {"metadata", "name"}));
  }
  for (const auto& [name, pods] : seen.pods_of) {
    const auto ending =
        std::ranges::find_if(pods, [](const json::value* pod) { return pod_is_ending(*pod); });
    if (ending != pods.end())
      listed.instances.push_back(instance_without_job(config_.name, owner, name, **ending));
  }
  return listed;
}

Result<TerminateState> KubernetesProvider::terminate(const InstanceRef& instance) {
  if (instance.location.region != config_.name) return TerminateState::done;
  TW_ASSIGN_OR_RETURN(const std::string where, namespace_name());
  const std::string& name = instance.id.text();
  const Result<json::value> job = client_.get(jobs_path(where) + "/" + io::percent_encode(name));
  if (!job.ok() && job.error().code != Code::not_found) return job.error();
  if (!job.ok()) TW_RETURN_IF_ERROR(prove_namespace(where));
  if (job.ok() && text_at(*job, {"metadata", "labels", owner_label}).empty())
    return Error{Code::invalid_argument, client_.cluster() + ": the Job " + name + " is none of Tradewind's"};
  TW_ASSIGN_OR_RETURN(
      const std::vector<json::value> pods,
      client_.list(core_path(where, "pods"), "labelSelector=" + io::percent_encode("job-name=" + name)));
  std::vector<const json::value*> own;
  for (const json::value& pod : pods) own.push_back(&pod);
  if (!job.ok()) {  // deleted: the cluster ends its pod, which takes its grace
    const bool lives = std::ranges::any_of(own, [](const json::value* pod) { return pod_lives(*pod); });
    return lives ? TerminateState::in_progress : TerminateState::done;
  }
  if (has_ended(*job, pods_by_job(own)[name])) return TerminateState::done;
  const bool asked = find(*job, {"metadata", "annotations", ended_annotation}) != nullptr;
  if (!asked) TW_RETURN_IF_ERROR(end(*job, where, "terminated on request"));
  return TerminateState::in_progress;
}

}  // namespace tradewind::kubernetes
