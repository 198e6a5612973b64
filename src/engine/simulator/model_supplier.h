// A supplier that is modelled: capacity, cold starts, preemptions with and without notice, lists that lag,
// lost replies.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "edge/provider/provider.h"
#include "engine/simulator/faults.h"
#include "engine/simulator/model_agent.h"
#include "engine/simulator/timeline.h"

namespace tradewind::simulator {

struct SupplierModel {
  std::string name;
  std::vector<Offer> offers;
  int capacity = 4;  // instances of each offer
  Duration boot{20'000};
  Duration list_delay{20'000};  // at most
  Duration lifetime_mean{};     // of spot instances; zero: never preempted
  Duration notice_lead{};
  Duration ending{15'000};    // from a request to terminate to the end, at most
  std::size_t page_size = 4;  // of lists
};

struct ModelInstance {
  Instance facts;
  Offer offer;
  JobId job;
  Time visible_at;  // in lists, from then on
  Time end_visible_at = Time::max();
  std::unique_ptr<ModelAgent> agent;
  bool agent_exit_ends_it = false;
  Time cut_off_from = Time::max();  // its agent does not reach the object store
  Time cut_off_until = Time::max();
};

class ModelSupplier final : public provider::Provider {
 public:
  struct World {
    Timeline& time;
    Faults& faults;
    objectstore::ObjectStore& store;  // as agents reach it
    // At each call of the control plane's process: what goes wrong.
    std::function<Fault()> call;
    std::function<void(const std::string&)> violation;
    std::function<void(const std::string&)> log;
  };
  ModelSupplier(SupplierModel model, World world, std::uint64_t seed);

  const provider::Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<Offer>> offers(const provider::OfferQuery& query) override;
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override;
  Result<InstancePage> instances(const OwnerId& owner, const provider::PageToken& page) override;
  Result<provider::TerminateState> terminate(const InstanceRef& instance) override;

  // Somebody else's instance, which must be left alone.
  void add_foreign(const OwnerId& owner, const std::string& token);
  // Ground truth.
  const std::map<InstanceId, ModelInstance>& truth() const { return instances_; }
  const ModelInstance* find_token(const std::string& token) const;
  int launch_calls(const std::string& token) const;
  std::function<void(const provider::LaunchRequest&)> on_launch = [](const provider::LaunchRequest&) {};

 private:
  Result<provider::Launched> launch_now(const provider::LaunchRequest& request);
  void boot(const InstanceId& id, const provider::LaunchRequest& request);
  void run_agent(const InstanceId& id);
  void plan_preemption(const InstanceId& id);
  void end(const InstanceId& id, bool preempted, const std::string& reason);

  SupplierModel model_;
  World world_;
  provider::Capabilities capabilities_;
  Random random_;
  std::map<InstanceId, ModelInstance> instances_;
  std::map<std::string, InstanceId> by_token_;
  std::map<std::string, int> launch_calls_;
  std::map<std::string, int> running_;  // instances that have not ended, by offer_key
};

}  // namespace tradewind::simulator
