// Why Kueue has not let a Job begin, by the Workload that it keeps for it.
// Format: kueue.sigs.k8s.io/docs/reference/kueue.v1beta2 (Workload); v1beta1 says the same.
#pragma once

#include <string>
#include <vector>

#include "core/model/json.h"

namespace tradewind::kubernetes {

// On a Workload, the uid of its Job.
inline constexpr const char* workload_job_label = "kueue.x-k8s.io/job-uid";

// "workloads" of the namespace, in the versions in which Kueue may serve them, the newest first.
std::vector<std::string> workloads_paths(const std::string& namespace_name);

// "waits for the queue research: Pending: insufficient unused quota for cpu in flavor default, 1 more
// needed". `workload`: null where there is none yet.
std::string why_not_admitted(const std::string& queue, const json::value& workload);

}  // namespace tradewind::kubernetes
