// What Tradewind needs of a cluster, tried on the cluster itself.
#pragma once

#include <vector>

#include "edge/drivers/kubernetes/kubernetes_provider.h"
#include "edge/provider/proof.h"

namespace tradewind::kubernetes {

// The server, the namespace, each right (by SelfSubjectAccessReview), the quotas, and the nodes of each pool.
// Makes nothing. `whole`: false asks the server alone.
std::vector<provider::Proof> prove_cluster(KubernetesProvider& cluster, bool whole);

}  // namespace tradewind::kubernetes
