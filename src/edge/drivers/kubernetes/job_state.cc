#include "edge/drivers/kubernetes/job_state.h"

#include <algorithm>
#include <array>

#include "edge/drivers/kubernetes/job_object.h"
#include "edge/drivers/kubernetes/json_path.h"
#include "edge/drivers/kubernetes/queue_state.h"

namespace tradewind::kubernetes {
namespace {

using Pods = std::vector<const json::value*>;

// The end of a Job, once all its pods have ended: Complete, Failed. nullptr: none yet.
const json::value* finish_of(const json::value& job) {
  const json::value* complete = condition(job, "Complete");
  return complete != nullptr ? complete : condition(job, "Failed");
}

std::string joined(const std::string& first, const std::string& second) {
  if (first.empty() || second.empty()) return first + second;
  return first + ": " + second;
}

bool was_disrupted(const json::value& job, const Pods& pods) {
  constexpr std::array<std::string_view, 6> taken = {"Evicted",  "Preempting",   "Preempted",
                                                     "NodeLost", "NodeShutdown", "Terminated"};
  for (const json::value* pod : pods) {
    if (condition(*pod, "DisruptionTarget") != nullptr) return true;
    if (std::ranges::find(taken, text_at(*pod, {"status", "reason"})) != taken.end()) return true;
  }
  for (const char* type : {"Failed", "FailureTarget"}) {
    const json::value* failed = condition(job, type);
    if (failed != nullptr && text_at(*failed, {"reason"}) == "PodFailurePolicy") return true;
  }
  return false;
}

// "the container ended with code 3", "OOMKilled".
std::string end_of_container(const json::value& pod) {
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    for (const json::value& status : list_at(pod, {"status", list})) {
      const json::value* ended = find(status, {"state", "terminated"});
      if (ended == nullptr) continue;
      const std::int64_t code = number_at(*ended, {"exitCode"});
      const std::string reason = text_at(*ended, {"reason"});
      if (code == 0 && std::string_view(list) == "initContainerStatuses") continue;
      const std::string text =
          "container " + text_at(status, {"name"}) + " ended with code " + std::to_string(code) +
          (reason.empty() || reason == "Error" || reason == "Completed" ? std::string()
                                                                        : " (" + reason + ")");
      return joined(text, text_at(*ended, {"message"}));
    }
  }
  return {};
}

std::string why_ended(const json::value& job, const Pods& pods) {
  std::string ours = text_at(job, {"metadata", "annotations", reason_annotation});
  if (!ours.empty()) return ours;
  for (const json::value* pod : pods) {
    if (const json::value* disrupted = condition(*pod, "DisruptionTarget"))
      return joined(text_at(*disrupted, {"reason"}), text_at(*disrupted, {"message"}));
    const std::string reason = text_at(*pod, {"status", "reason"});
    if (!reason.empty()) return joined(reason, text_at(*pod, {"status", "message"}));
  }
  for (const json::value* pod : pods) {
    if (std::string container = end_of_container(*pod); !container.empty()) return container;
  }
  const json::value* finish = finish_of(job);
  if (finish == nullptr) return "the Job is gone";
  const std::string reason = text_at(*finish, {"reason"});
  return joined(reason.empty() ? text_at(*finish, {"type"}) : reason, text_at(*finish, {"message"}));
}

// A container that waits for what will not come by itself.
void note_stuck(const json::value& pod, Seen& seen) {
  constexpr std::array<std::string_view, 7> hopeless = {
      "ImagePullBackOff",    "ErrImagePull",         "InvalidImageName",          "ErrImageNeverPull",
      "RegistryUnavailable", "CreateContainerError", "CreateContainerConfigError"};
  for (const char* list : {"initContainerStatuses", "containerStatuses"}) {
    for (const json::value& status : list_at(pod, {"status", list})) {
      const std::string reason = text_at(status, {"state", "waiting", "reason"});
      if (std::ranges::find(hopeless, reason) == hopeless.end()) continue;
      const bool image = reason.find("Image") != std::string::npos || reason == "RegistryUnavailable";
      seen.stuck = joined(reason, text_at(status, {"state", "waiting", "message"}));
      if (image)
        seen.stuck += "; see that image " + text_at(status, {"image"}) +
                      " exists and that the namespace may pull it (imagePullSecrets)";
      const std::optional<Time> since = time_at(pod, {"status", "startTime"});
      seen.stuck_since = since.value_or(seen.instance.launched_at);
      return;
    }
  }
}

std::string why_waiting(const json::value& pod) {
  for (const json::value& each : list_at(pod, {"status", "conditions"})) {
    if (text_at(each, {"type"}) == "PodScheduled" && text_at(each, {"status"}) == "False")
      return joined(text_at(each, {"reason"}), text_at(each, {"message"}));
  }
  return {};
}

void look_at_pod(const json::value& pod, Seen& seen) {
  Instance& instance = seen.instance;
  // A node has taken it: until then it waits in the scheduler's queue, or Kueue's. The node's clock may be
  // behind.
  if (const std::optional<Time> taken = time_at(pod, {"status", "startTime"})) {
    instance.started_at = std::max({*taken, instance.launched_at, instance.started_at.value_or(Time())});
  }
  if (find(pod, {"metadata", "deletionTimestamp"}) != nullptr) {
    instance.state = InstanceState::stopping;
    return;
  }
  if (text_at(pod, {"status", "phase"}) == "Running") {
    instance.state = InstanceState::running;
    return;
  }
  instance.reason = why_waiting(pod);
  note_stuck(pod, seen);
  if (!seen.stuck.empty()) instance.reason = seen.stuck;
}

Time end_time(const json::value& job, const Instance& instance) {
  std::optional<Time> ended;
  if (const json::value* finish = finish_of(job)) ended = time_at(*finish, {"lastTransitionTime"});
  if (!ended) ended = time_at(job, {"metadata", "annotations", ended_annotation});
  if (!ended) ended = time_at(job, {"metadata", "deletionTimestamp"});
  return std::max(ended.value_or(instance.launched_at), instance.launched_at);
}

bool had_a_pod(const json::value& job) {
  return number_at(job, {"status", "failed"}) > 0 || number_at(job, {"status", "succeeded"}) > 0 ||
         number_at(job, {"status", "terminating"}) > 0;
}

bool is_being_ended(const json::value& job) {
  return find(job, {"metadata", "annotations", ended_annotation}) != nullptr ||
         find(job, {"metadata", "deletionTimestamp"}) != nullptr ||
         condition(job, "FailureTarget") != nullptr;
}

}  // namespace

bool has_ended(const json::value& job, const Pods& pods) {
  if (std::ranges::any_of(pods, [](const json::value* pod) { return pod_lives(*pod); })) return false;
  return finish_of(job) != nullptr;
}

Seen instance_of(const std::string& cluster, const OwnerId& owner, const json::value& job, const Pods& pods) {
  Seen seen;
  Instance& instance = seen.instance;
  instance.ref = {{"kubernetes", cluster}, InstanceId(text_at(job, {"metadata", "name"}))};
  instance.owner = owner;
  instance.token = text_at(job, {"metadata", "annotations", token_annotation});
  instance.launched_at = time_at(job, {"metadata", "creationTimestamp"}).value_or(Time());
  if (has_ended(job, pods)) {
    instance.state = InstanceState::terminated;
    instance.terminated_at = end_time(job, instance);
    instance.preempted = was_disrupted(job, pods);
    instance.reason = why_ended(job, pods);
    return seen;
  }
  bool any = false;
  for (const json::value* pod : pods) {
    if (!pod_lives(*pod)) continue;
    any = true;
    look_at_pod(*pod, seen);
  }
  const bool suspended = true_at(job, {"spec", "suspend"});
  seen.taken_back = suspended && !pods.empty() && !is_being_ended(job);
  seen.queued = suspended && pods.empty() && !is_being_ended(job);
  seen.without_pod = !suspended && pods.empty() && !had_a_pod(job) && !is_being_ended(job);
  if (seen.queued) instance.reason = why_not_admitted(text_at(job, {"metadata", "labels", queue_label}), {});
  if (seen.taken_back) {
    instance.state = InstanceState::stopping;
    instance.reason = "its queue took the place back";
  }
  // The pod has ended, and the Job's controller has not said so yet.
  if (!any && (!pods.empty() || had_a_pod(job))) instance.state = InstanceState::stopping;
  if (is_being_ended(job)) {
    instance.state = InstanceState::stopping;
    seen.stuck.clear();
  }
  return seen;
}

bool pod_lives(const json::value& pod) {
  const std::string phase = text_at(pod, {"status", "phase"});
  return phase != "Succeeded" && phase != "Failed";
}

bool pod_is_ending(const json::value& pod) {
  return pod_lives(pod) && find(pod, {"metadata", "deletionTimestamp"}) != nullptr;
}

Instance instance_without_job(const std::string& cluster, const OwnerId& owner, const std::string& name,
                              const json::value& pod) {
  Instance instance;
  instance.ref = {{"kubernetes", cluster}, InstanceId(name)};
  instance.owner = owner;
  instance.token = text_at(pod, {"metadata", "annotations", token_annotation});
  instance.state = InstanceState::stopping;
  instance.launched_at = time_at(pod, {"metadata", "creationTimestamp"}).value_or(Time());
  instance.reason = "its Job was deleted, and its pod ends";
  return instance;
}

std::map<std::string, Pods> pods_by_job(const Pods& pods) {
  std::map<std::string, Pods> sorted;
  for (const json::value* pod : pods) {
    for (const json::value& owner : list_at(*pod, {"metadata", "ownerReferences"})) {
      if (text_at(owner, {"kind"}) == "Job") sorted[text_at(owner, {"name"})].push_back(pod);
    }
  }
  return sorted;
}

}  // namespace tradewind::kubernetes
