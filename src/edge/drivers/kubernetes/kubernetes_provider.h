// A supplier of one Kubernetes cluster: "kubernetes/<name>". A lease is a Job of one pod, or of as many as it
// has nodes, named after the lease's token, so that a second launch finds the first.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "edge/drivers/kubernetes/cluster.h"
#include "edge/drivers/kubernetes/job_state.h"
#include "edge/drivers/kubernetes/kube_client.h"
#include "edge/drivers/kubernetes/watched_list.h"
#include "edge/provider/provider.h"

namespace tradewind::kubernetes {

// The last part of the URL, such as "/apis/batch/v1/namespaces/runs/jobs".
std::string jobs_path(const std::string& namespace_name);
std::string core_path(const std::string& namespace_name, const std::string& kind);

// What stands in the network's place where the API server is modelled.
struct Network {
  KubeClient::Transport transport = nullptr;
  MakeFollower follow = follow_by_thread;
};

class KubernetesProvider final : public provider::Provider {
 public:
  // `environment` is for the kubeconfig's programs and its own place.
  KubernetesProvider(ClusterConfig config, AccessOptions access, const Clock& clock, WatchTempo tempo = {},
                     Network network = {});

  const provider::Capabilities& capabilities() const override { return capabilities_; }
  // The file's pools: nothing is asked.
  Result<std::vector<Offer>> offers(const provider::OfferQuery& query) override;
  // invalid_argument also where a store of the job is a folder of this machine.
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override;
  // In one page: by watches that are proven to be whole, or by lists (watched_list.h). Whatever we changed
  // ourselves is in it, and that an instance has ended is said after a list of its pods alone. Ends what has
  // been stuck for longer than the cluster's patience. unavailable also where the namespace is gone: that
  // says nothing of what ran in it.
  Result<InstancePage> instances(const OwnerId& owner, const provider::PageToken& page) override;
  Result<provider::TerminateState> terminate(const InstanceRef& instance) override;

  const ClusterConfig& config() const { return config_; }
  KubeClient& client() { return client_; }
  // The file's, else the context's, else "default".
  Result<std::string> namespace_name();

 private:
  // What one owner has in the namespace.
  struct Holdings {
    Holdings(KubernetesProvider& provider, const std::string& where, const OwnerId& owner);
    WatchedList jobs;
    WatchedList pods;
    std::mutex mutex;
    std::set<std::string> ended;  // by uid, of Jobs that a list proved; protected by mutex
  };
  struct Look {
    std::vector<WatchedList::Item> jobs;
    std::vector<WatchedList::Item> pods;
    std::map<std::string, std::vector<const json::value*>> pods_of;  // by the Job's name; they lie in `pods`
  };
  Holdings& holdings_of(const std::string& where, const OwnerId& owner);
  void distrust_holdings();
  Result<Look> look(Holdings& holdings);
  Result<provider::Launched> launch_in(const std::string& where, const PoolConfig& pool,
                                       const provider::LaunchRequest& request);
  Result<const PoolConfig*> pool_of(const Offer& offer) const;
  Status prove_room(const PoolConfig& pool, const std::string& where, int nodes);
  Status bring_parts(const json::value& job, const provider::LaunchRequest& request,
                     const std::string& where);
  Result<provider::Launched> adopt(const json::value& job, const provider::LaunchRequest& request,
                                   const std::string& where);
  Status prove_namespace(const std::string& where);
  void explain_missing_pod(const json::value& job, const std::string& where, Seen& seen);
  void explain_queue(const json::value& job, const std::string& where, Seen& seen);
  bool must_end(const Seen& seen) const;
  Status end(const json::value& job, const std::string& where, const std::string& reason);

  const ClusterConfig config_;
  const Clock& clock_;
  const provider::Capabilities capabilities_;
  const WatchTempo tempo_;
  const MakeFollower follow_;
  KubeClient client_;
  std::mutex launching_;  // counting a pool's pods and adding one are one step
  std::mutex holdings_mutex_;
  std::map<std::string, std::unique_ptr<Holdings>> holdings_;  // protected by holdings_mutex_
};

}  // namespace tradewind::kubernetes
