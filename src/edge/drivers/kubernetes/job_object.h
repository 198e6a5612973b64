// What is sent to a cluster for one lease: a Job of one pod, or of one for each node of a gang, and a Secret
// and a Service that go with it. Format: kubernetes.io/docs/reference/kubernetes-api (batch/v1 Job, v1
// Secret, v1 Service).
#pragma once

#include <string>

#include "core/model/json.h"
#include "edge/drivers/kubernetes/cluster.h"
#include "edge/provider/provider.h"

namespace tradewind::kubernetes {

inline constexpr const char* owner_label = "tradewind.dev/owner";
inline constexpr const char* lease_label = "tradewind.dev/lease";
inline constexpr const char* job_label = "tradewind.dev/job";
inline constexpr const char* pool_label = "tradewind.dev/pool";
// Kueue's: to which LocalQueue a Job belongs.
inline constexpr const char* queue_label = "kueue.x-k8s.io/queue-name";
inline constexpr const char* token_annotation = "tradewind.dev/token";
// Set when we end a Job: since when, and why.
inline constexpr const char* ended_annotation = "tradewind.dev/ended-at";
inline constexpr const char* reason_annotation = "tradewind.dev/end-reason";

// The text where a label may hold it, else the beginning of its hash.
std::string label_value(const std::string& text);

// One name for one owner's token, for ever; at most 57 characters, so that pods' names hold it whole.
std::string object_name(const OwnerId& owner, const std::string& token);

// The Job: never a second pod, of a gang never a second of one rank; ended by what evicts one, removed by the
// cluster after `forget_after`.
json::value job_object(const ClusterConfig& cluster, const PoolConfig& pool,
                       const provider::LaunchRequest& request);

// Its Secret, owned by the Job as the server returned it.
json::value secret_object(const json::value& job, const std::map<std::string, std::string>& secrets);

// The Service of a gang by which its pods find each other: NAME-0.NAME is the first. Owned by the Job, too.
json::value service_object(const json::value& job);

// JSON merge patch that ends a Job that has begun: its deadline has passed, so its pod gets SIGTERM and then
// `grace`.
json::value ending_patch(Time now, const std::string& reason);

}  // namespace tradewind::kubernetes
