// What administrators and machines do to a Kubernetes cluster.
#include "engine/simulator/backends/kubernetes_model.h"

namespace tradewind::simulator {
namespace {

constexpr Duration accidents_begin_before{2'700'000};
constexpr Duration lost_node_grace{300'000};  // node-monitor and tolerations: until its pods are removed

}  // namespace

void KubernetesModel::plan_accidents() {
  const auto plan = [&](double chance, std::function<void()> happening) {
    if (world_.faults.accident(chance))
      world_.time.after(up_to(random_, accidents_begin_before), std::move(happening));
  };
  const auto gone_for = [this](Duration lasts) {
    down_until_ = std::max(down_until_, now() + lasts);
    world_.log("the API server is gone until " + format_utc(down_until_));
    note_dark();
    break_watches();
    world_.time.after(lasts, [this] {
      note_dark();
      if (is_down()) return;
      if (random_.chance(0.5)) forget_history();
      if (random_.chance(0.5)) begins_until_ = now() + between(random_, Duration(1'000), Duration(20'000));
    });
  };
  plan(0.5, [this, gone_for] { gone_for(between(random_, Duration(10'000), Duration(300'000))); });
  plan(0.2, [this, gone_for] {
    world_.count("kubernetes: the API server was gone for an hour");
    gone_for(Duration(3'600'000));
  });
  plan(0.4, [this] { quota_until_ = now() + between(random_, Duration(60'000), Duration(900'000)); });
  plan(0.15, [this] { delete_namespace(); });
}

void KubernetesModel::note_dark() {
  if (!is_down()) dark_since_.reset();
  if (is_down() && !dark_since_) dark_since_ = now();
}

void KubernetesModel::befall(KubeJob& job) {
  struct Accident {
    double chance;
    const char* what;
    void (*happen)(KubernetesModel&, KubeJob&);
  };
  static const Accident accidents[] = {
      {0.10, "kubernetes: a pod was evicted",
       [](KubernetesModel& model, KubeJob& here) { model.evict(here); }},
      {0.08, "kubernetes: a node was shut down",
       [](KubernetesModel& model, KubeJob& here) { model.shut_node_down(here); }},
      {0.06, "kubernetes: a node was lost",
       [](KubernetesModel& model, KubeJob& here) { model.lose_node(here); }},
      {0.06, "kubernetes: the administrator deleted a Job",
       [](KubernetesModel& model, KubeJob& here) {
         model.end_pod(here, here.grace);
         model.vanish(here.name);
       }},
      {0.04, "kubernetes: a container was killed for its memory",
       [](KubernetesModel& model, KubeJob& here) { model.pod_ended(here, PodPhase::failed, 137); }},
  };
  for (const Accident& accident : accidents) {
    if (!world_.faults.accident(accident.chance)) continue;
    later(up_to(random_, Duration(400'000)), job, [this, &accident](KubeJob& here) {
      if (!world_.faults.has_accidents() || here.pod->deleting_at) return;
      world_.count(accident.what);
      world_.log(here.name + ": " + accident.what);
      accident.happen(*this, here);
    });
    return;
  }
}

void KubernetesModel::disrupt(KubePod& pod, const char* reason) const {
  pod.disruption = reason;
  pod.disrupted_at = now();
}

void KubernetesModel::evict(KubeJob& job) {
  disrupt(*job.pod, "EvictionByEvictionAPI");
  end_pod(job, job.grace);
}

void KubernetesModel::shut_node_down(KubeJob& job) {
  disrupt(*job.pod, "TerminationByKubelet");
  job.pod->status_reason = "Terminated";
  end_pod(job, std::min(job.grace, Duration(30'000)));
}

// Its pod stands as running until the cluster gives the node up.
void KubernetesModel::lose_node(KubeJob& job) {
  if (job.pod->agent) job.pod->agent->stop();
  later(Duration(40'000), job, [this](KubeJob& here) {
    here.pod->deleting_at = now();
    later(lost_node_grace, here, [this](KubeJob& there) {
      disrupt(*there.pod, "DeletionByTaintManager");
      there.pod->status_reason = "NodeLost";
      pod_ended(there, PodPhase::failed, 137);
    });
  });
}

// All that is in it goes, and the namespace with it; somebody makes it anew.
void KubernetesModel::delete_namespace() {
  world_.count("kubernetes: the namespace was deleted");
  world_.log("the namespace is deleted");
  no_namespace_until_ = now() + between(random_, Duration(60'000), Duration(900'000));
  std::vector<std::string> names;
  for (auto& [name, job] : jobs_) {
    if (job->token != "foreign" && job->pod && job->finish.empty()) end_pod(*job, job->grace);
    names.push_back(name);
  }
  for (const std::string& name : names) vanish(name);
}

}  // namespace tradewind::simulator
