// A cloud that is modelled: capacity, cold starts, preemptions with and without notice, lists that lag,
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
#include "engine/simulator/agent_process.h"
#include "engine/simulator/model_backend.h"
#include "engine/simulator/model_world.h"

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
  std::unique_ptr<AgentProcess> agent;
  bool agent_exit_ends_it = false;
};

class ModelSupplier final : public provider::Provider, public ModelBackend {
 public:
  // REQUIRES: `world` outlives this.
  ModelSupplier(SupplierModel model, const ModelWorld& world, std::uint64_t seed);

  const provider::Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<Offer>> offers(const provider::OfferQuery& query) override;
  Result<provider::Launched> launch(const provider::LaunchRequest& request) override;
  Result<InstancePage> instances(const OwnerId& owner, const provider::PageToken& page) override;
  Result<provider::TerminateState> terminate(const InstanceRef& instance) override;

  // Somebody else's instance, which must be left alone.
  void add_foreign(const OwnerId& owner, const std::string& token);

  provider::Provider& provider() override { return *this; }
  scheduler::SupplierFacts facts() override {
    return {model_.list_delay, model_.boot * 2, model_.notice_lead};
  }
  const ModelAgent* agent_of(const std::string& token) const override;
  void check_end(const OwnerId& owner, const Found& found) const override;
  std::function<void(const provider::LaunchRequest&)> on_launch = [](const provider::LaunchRequest&) {};

 private:
  Result<provider::Launched> launch_now(const provider::LaunchRequest& request);
  void boot(const InstanceId& id, const provider::LaunchRequest& request);
  void plan_preemption(const InstanceId& id);
  void end(const InstanceId& id, bool preempted, const std::string& reason);

  SupplierModel model_;
  const ModelWorld& world_;
  provider::Capabilities capabilities_;
  Random random_;
  std::map<InstanceId, ModelInstance> instances_;
  std::map<std::string, InstanceId> by_token_;
  std::map<std::string, int> running_;  // instances that have not ended, by offer_key
};

}  // namespace tradewind::simulator
