#include "edge/drivers/kubernetes/queue_state.h"

#include "base/text.h"
#include "edge/drivers/kubernetes/json_path.h"

namespace tradewind::kubernetes {
namespace {

std::string words_of(const json::value& condition) {
  const std::string reason = text_at(condition, {"reason"});
  const std::string message = text_at(condition, {"message"});
  return reason + (reason.empty() || message.empty() ? "" : ": ") + message;
}

// Those that hold the Workload up although its quota is reserved.
std::string open_checks(const json::value& workload) {
  std::vector<std::string> open;
  for (const json::value& check : list_at(workload, {"status", "admissionChecks"})) {
    const std::string state = text_at(check, {"state"});
    if (state == "Ready") continue;
    const std::string message = text_at(check, {"message"});
    open.push_back(text_at(check, {"name"}) + " is " + state + (message.empty() ? "" : " (" + message + ")"));
  }
  return join(open, ", ");
}

std::string words_of_workload(const json::value& workload) {
  for (const json::value& each : list_at(workload, {"status", "conditions"})) {
    if (text_at(each, {"type"}) == "QuotaReserved" && text_at(each, {"status"}) == "False")
      return words_of(each);
  }
  if (condition(workload, "QuotaReserved") != nullptr) {
    const std::string open = open_checks(workload);
    return open.empty() ? "" : "its quota is reserved, and the admission check " + open;
  }
  const json::value* evicted = condition(workload, "Evicted");
  return evicted == nullptr ? std::string() : words_of(*evicted);
}

}  // namespace

std::vector<std::string> workloads_paths(const std::string& namespace_name) {
  std::vector<std::string> paths;
  for (const char* version : {"v1beta2", "v1beta1"}) {
    paths.push_back("/apis/kueue.x-k8s.io/" + std::string(version) + "/namespaces/" + namespace_name +
                    "/workloads");
  }
  return paths;
}

std::string why_not_admitted(const std::string& queue, const json::value& workload) {
  const std::string words = words_of_workload(workload);
  const std::string name = queue.empty() ? "its queue" : "the queue " + queue;
  return "waits for " + name + (words.empty() ? " to admit it" : ": " + words);
}

}  // namespace tradewind::kubernetes
