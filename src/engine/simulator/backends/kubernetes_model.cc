#include "engine/simulator/backends/kubernetes_model.h"

#include "edge/drivers/kubernetes/job_object.h"

namespace tradewind::simulator {

namespace {

constexpr Duration pass_gap{5'000};

}  // namespace

KubernetesModel::KubernetesModel(const ModelWorld& world, int nodes, std::uint64_t seed)
    : world_(world), nodes_(nodes), random_(seed) {}

void KubernetesModel::begin() {
  // Another control plane's Job in the same namespace.
  auto job = std::make_unique<KubeJob>();
  job->name = "tw-foreign";
  job->uid = "uid-foreign";
  job->owner = OwnerId("ffffffffffffffffffffffffffffffff");
  job->token = "foreign";
  job->labels = {{kubernetes::owner_label, job->owner.text()}};
  job->created_at = now();
  job->pod = std::make_unique<KubePod>();
  job->pod->name = "tw-foreign-0";
  job->pod->phase = PodPhase::running;
  job->pod->made_at = now();
  jobs_[job->name] = std::move(job);
  if (world_.faults.has_accidents()) plan_accidents();
  pass();
}

void KubernetesModel::later(Duration span, const KubeJob& job, std::function<void(KubeJob&)> happening) {
  world_.time.after(
      span, [this, name = job.name, uid = job.uid, pods = job.pods_made, happening = std::move(happening)] {
        const auto found = jobs_.find(name);
        if (found == jobs_.end() || found->second->uid != uid) return;
        KubeJob& here = *found->second;
        const bool ended =
            here.pod && here.pod->phase != PodPhase::pending && here.pod->phase != PodPhase::running;
        if (here.pods_made == pods && here.pod && !ended) happening(here);
        look();
      });
}

// What the controllers and the scheduler do of themselves.
void KubernetesModel::pass() {
  world_.time.after(pass_gap, [this] { pass(); });
  std::vector<std::string> expired;
  for (auto& [name, job] : jobs_) {
    if (!job->finish.empty()) {
      if (now() - job->finished_at > job->ttl) expired.push_back(name);
      continue;
    }
    if (!job->pod && !job->pod_refused.empty()) make_pod(*job);
    if (job->pod && job->pod->phase == PodPhase::pending && !job->pod->on_node) try_to_place(*job);
  }
  for (const std::string& name : expired) {
    world_.count("kubernetes: an ended Job was removed by the cluster");
    vanish(name);
  }
  look();
}

void KubernetesModel::make_pod(KubeJob& job) {
  if (job.pod || !job.finish.empty() || job.past_deadline) return;
  if (world_.faults.accident(job.pod_refused.empty() ? 0.08 : 0.7)) {
    world_.count("kubernetes: a pod could not be made");
    job.pod_refused = "pods \"" + job.name + "\" is forbidden: exceeded quota: pods";
    return;
  }
  job.pod_refused.clear();
  job.pod = std::make_unique<KubePod>();
  KubePod& pod = *job.pod;
  ++job.pods_made;
  pod.name = job.name + "-" + std::to_string(next_pod_++);
  pod.made_at = std::chrono::floor<std::chrono::seconds>(now());
  pod.may_run = now();
  if (world_.faults.accident(0.2)) {
    world_.count("kubernetes: a pod fitted nowhere");
    pod.may_run += between(random_, Duration(30'000), Duration(random_.chance(0.2) ? 3'600'000 : 300'000));
  } else if (world_.faults.accident(0.12)) {
    world_.count("kubernetes: an image could not be pulled");
    pod.image_error = "ImagePullBackOff";
    const bool for_ever = random_.chance(0.5);
    if (!for_ever) {
      later(between(random_, Duration(60'000), Duration(240'000)), job,
            [](KubeJob& here) { here.pod->image_error.clear(); });
    }
  }
  try_to_place(job);
}

void KubernetesModel::try_to_place(KubeJob& job) {
  KubePod& pod = *job.pod;
  if (pod.deleting_at || !pod.image_error.empty()) return;
  const auto on_nodes = std::count_if(jobs_.begin(), jobs_.end(), [](const auto& item) {
    const auto& other = item.second->pod;
    return other && other->on_node &&
           (other->phase == PodPhase::pending || other->phase == PodPhase::running);
  });
  if (now() < pod.may_run || on_nodes >= nodes_) {
    pod.unschedulable = "0/" + std::to_string(nodes_) + " nodes are available";
    return;
  }
  pod.unschedulable.clear();
  pod.on_node = true;
  later(between(random_, Duration(2'000), Duration(20'000)), job, [this](KubeJob& here) {
    if (here.pod->deleting_at) return pod_ended(here, PodPhase::failed, 137);
    begin_agent(here);
  });
}

void KubernetesModel::begin_agent(KubeJob& job) {
  job.pod->phase = PodPhase::running;
  befall(job);
  if (world_.faults.boot_fails()) {
    later(std::max(job.hard_limit - now(), Duration(0)), job,
          [this](KubeJob& here) { pod_ended(here, PodPhase::failed, 137); });
    return;
  }
  ProcessSetup setup{job.owner, job.job, job.token, job.standby, job.hard_limit};
  // The job object outlives its name in the cluster: its pod may still be ending.
  setup.ended = [this, &job] { pod_ended(job, PodPhase::succeeded, job.pod->deleting_at ? 143 : 0); };
  job.pod->agent = std::make_unique<AgentProcess>(world_, std::move(setup), random_);
}

// SIGTERM, and SIGKILL after the grace.
void KubernetesModel::end_pod(KubeJob& job, Duration grace) {
  KubePod& pod = *job.pod;
  if (pod.deleting_at) return;
  pod.deleting_at = now();
  if (!pod.agent) return pod_ended(job, PodPhase::failed, 137);
  pod.agent->notice(now() + grace);
  world_.time.after(grace, [this, &job, &pod] {
    if (job.pod.get() == &pod && pod.phase == PodPhase::running) pod_ended(job, PodPhase::failed, 137);
  });
}

void KubernetesModel::pod_ended(KubeJob& job, PodPhase phase, int exit_code) {
  KubePod& pod = *job.pod;
  if (pod.phase == PodPhase::succeeded || pod.phase == PodPhase::failed) return;
  pod.phase = exit_code == 0 ? phase : PodPhase::failed;
  pod.exit_code = exit_code;
  pod.ended_at = now();
  pod.on_node = false;
  if (pod.agent) pod.agent->stop();
  world_.log("the pod " + pod.name + " ends: " + std::to_string(exit_code));
  world_.time.after(up_to(random_, Duration(4'000)), [this, name = job.name, uid = job.uid] {
    const auto found = jobs_.find(name);
    if (found != jobs_.end() && found->second->uid == uid) conclude(*found->second);
    look();
  });
}

// The Job's controller.
void KubernetesModel::conclude(KubeJob& job) {
  if (!job.finish.empty()) return;
  if (!job.pod) {
    if (job.past_deadline) finish(job, "Failed", "DeadlineExceeded");
    return;
  }
  const PodPhase phase = job.pod->phase;
  if (phase == PodPhase::pending || phase == PodPhase::running) {
    if (job.past_deadline) end_pod(job, job.grace);
    return;
  }
  if (phase == PodPhase::succeeded) return finish(job, "Complete", "");
  const bool again = world_.mutant == Mutant::kubernetes_second_pod && !job.past_deadline;
  if (again) {
    buried_pods_.push_back(std::move(job.pod));
    return make_pod(job);
  }
  finish(job, "Failed",
         job.past_deadline             ? "DeadlineExceeded"
         : job.pod->disruption.empty() ? "BackoffLimitExceeded"
                                       : "PodFailurePolicy");
}

void KubernetesModel::finish(KubeJob& job, const std::string& type, const std::string& reason) {
  job.finish = type;
  job.finish_reason = reason;
  job.finished_at = now();
  world_.log("the Job " + job.name + " ends: " + type + " " + reason);
}

void KubernetesModel::vanish(const std::string& name) {
  KubeJob& job = *jobs_.at(name);
  job.deleted_at = now();
  // A pod on a lost node has nobody who could end it before the cluster gives the node up.
  if (job.pod) world_.time.after(Duration(300'000), [this, &job] { pod_ended(job, PodPhase::failed, 137); });
  buried_.push_back(std::move(jobs_.at(name)));
  jobs_.erase(name);
}

const ModelAgent* KubernetesModel::agent_of(const std::string& token) const {
  const auto look = [&](const KubeJob& job) -> const ModelAgent* {
    const bool lives = job.token == token && job.pod && job.pod->phase == PodPhase::running && job.pod->agent;
    return lives ? job.pod->agent->agent() : nullptr;
  };
  for (const auto& [name, job] : jobs_) {
    if (const ModelAgent* agent = look(*job)) return agent;
  }
  for (const auto& job : buried_) {
    if (const ModelAgent* agent = look(*job)) return agent;
  }
  return nullptr;
}

void KubernetesModel::check_end(const OwnerId& owner,
                                const std::function<void(const std::string&)>& found) const {
  const auto runs = [](const KubeJob& job) {
    return job.pod && (job.pod->phase == PodPhase::pending || job.pod->phase == PodPhase::running);
  };
  for (const auto& [name, job] : jobs_) {
    if (job->owner != owner) continue;
    if (runs(*job)) found("leak: the pod of " + name + " lives on");
    if (job->finish.empty()) found("leak: the Job " + name + " never ended");
  }
  for (const auto& job : buried_) {
    if (job->owner == owner && runs(*job)) found("leak: a pod of the deleted Job " + job->name + " lives on");
  }
}

}  // namespace tradewind::simulator
