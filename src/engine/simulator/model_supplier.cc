#include "engine/simulator/model_supplier.h"

#include <algorithm>

namespace tradewind::simulator {
namespace {

constexpr Duration shown_after_end{3'600'000};
constexpr Duration idle_node_ends_after{600'000};

Error no_answer() {
  return {Code::unavailable, "the supplier did not answer"};
}

}  // namespace

ModelSupplier::ModelSupplier(SupplierModel model, const ModelWorld& world, std::uint64_t seed)
    : model_(std::move(model)), world_(world), random_(seed) {
  capabilities_.provider = model_.name;
  capabilities_.spot = true;
  capabilities_.notice_lead = model_.notice_lead;
  capabilities_.list_delay = model_.list_delay;
}

Result<std::vector<Offer>> ModelSupplier::offers(const provider::OfferQuery&) {
  return model_.offers;
}

const ModelAgent* ModelSupplier::agent_of(const std::string& token) const {
  const auto found = by_token_.find(token);
  if (found == by_token_.end()) return nullptr;
  const ModelInstance& instance = instances_.at(found->second);
  const bool runs = instance.facts.state == InstanceState::running && instance.agent;
  return runs ? instance.agent->agent() : nullptr;
}

void ModelSupplier::check_end(const OwnerId& owner, const Found& found) const {
  for (const auto& [id, instance] : instances_) {
    if (instance.facts.owner == owner && instance.facts.state != InstanceState::terminated)
      found("leak: " + id.text() + " of lease " + instance.facts.token +
            " runs on, long after everything ended");
    if (instance.facts.owner != owner && instance.facts.state != InstanceState::running)
      found("foreign: somebody else's instance " + id.text() + " was ended");
  }
}

Result<provider::Launched> ModelSupplier::launch(const provider::LaunchRequest& request) {
  const Fault fault = world_.call();
  if (fault == Fault::crash_before || fault == Fault::lost_request) {
    // A request that nobody answered may lie in a queue somewhere and be carried out after all.
    if (random_.chance(0.3)) {
      world_.time.after(up_to(random_, Duration(150'000)), [this, request] { (void)launch_now(request); });
    }
    return no_answer();
  }
  Result<provider::Launched> launched = launch_now(request);
  if (fault != Fault::none) return no_answer();
  return launched;
}

Result<provider::Launched> ModelSupplier::launch_now(const provider::LaunchRequest& request) {
  on_launch(request);
  if (const auto known = by_token_.find(request.token); known != by_token_.end()) {
    const Instance& facts = instances_.at(known->second).facts;
    return provider::Launched{facts.ref, facts.launched_at};
  }
  int& running = running_[offer_key(request.offer)];
  if (running >= model_.capacity || world_.faults.launch_refused()) {
    return Error{Code::insufficient_capacity,
                 model_.name + " has no " + request.offer.instance_type + " left"};
  }
  const Time now = world_.time.now();
  ModelInstance instance;
  instance.facts.ref = {request.offer.location, InstanceId(random_name(random_, "i-", 8))};
  instance.facts.owner = request.owner;
  instance.facts.token = request.token;
  instance.facts.launched_at = now;
  instance.offer = request.offer;
  instance.job = request.job;
  instance.visible_at = now + up_to(random_, model_.list_delay);
  instance.agent_exit_ends_it = random_.chance(0.5);
  const InstanceId id = instance.facts.ref.id;
  const provider::Launched launched{instance.facts.ref, now};
  instances_.emplace(id, std::move(instance));
  ++running;
  by_token_[request.token] = id;
  world_.time.after(model_.boot + up_to(random_, model_.boot), [this, id, request] { boot(id, request); });
  if (request.offer.purchase == Purchase::spot && model_.lifetime_mean.count() > 0) plan_preemption(id);
  return launched;
}

void ModelSupplier::plan_preemption(const InstanceId& id) {
  const Duration life = duration_of_seconds(random_.exponential(seconds_of(model_.lifetime_mean)));
  const bool noticed = model_.notice_lead.count() > 0 && random_.chance(0.7);
  if (noticed) {
    world_.time.after(std::max(Duration(0), life - model_.notice_lead), [this, id] {
      ModelInstance& instance = instances_.at(id);
      if (instance.agent) instance.agent->notice(world_.time.now() + model_.notice_lead);
    });
  }
  world_.time.after(life, [this, id] { end(id, true, "preempted"); });
}

void ModelSupplier::boot(const InstanceId& id, const provider::LaunchRequest& request) {
  ModelInstance& instance = instances_.at(id);
  if (instance.facts.state != InstanceState::pending) return;
  instance.facts.state = InstanceState::running;
  if (world_.faults.boot_fails()) return;  // it runs, costs, and does nothing
  // A node with nothing left to do ends itself: at once where its supplier ends it with its process, else in
  // time.
  const auto ended = [this, id] {
    world_.time.after(instances_.at(id).agent_exit_ends_it ? Duration(0) : idle_node_ends_after,
                      [this, id] { end(id, false, "the node ended itself"); });
  };
  ProcessSetup setup{request.owner, request.job, request.token, is_standby(request.agent_arguments)};
  setup.ended = ended;
  instance.agent = std::make_unique<AgentProcess>(world_, std::move(setup), random_);
}

void ModelSupplier::end(const InstanceId& id, bool preempted, const std::string& reason) {
  ModelInstance& instance = instances_.at(id);
  if (instance.facts.state == InstanceState::terminated) return;
  instance.facts.state = InstanceState::terminated;
  --running_[offer_key(instance.offer)];
  instance.facts.terminated_at = world_.time.now();
  instance.facts.preempted = preempted;
  instance.facts.reason = reason;
  instance.end_visible_at = world_.time.now() + up_to(random_, model_.list_delay);
  if (instance.agent) instance.agent->stop();
  world_.log(id.text() + " ends: " + reason);
}

Result<InstancePage> ModelSupplier::instances(const OwnerId& owner, const provider::PageToken& page) {
  const Fault fault = world_.call();
  if (fault != Fault::none) return no_answer();
  const Time now = world_.time.now();
  const bool stale = world_.faults.list_is_stale();
  const bool leaky = world_.faults.random().chance(0.02);  // a supplier's filter that lets others through
  InstancePage answer;
  auto at = instances_.upper_bound(InstanceId(page));
  for (; at != instances_.end() && answer.instances.size() < model_.page_size; ++at) {
    const ModelInstance& instance = at->second;
    if (instance.facts.owner != owner && !leaky) continue;
    const Time visible = stale ? instance.facts.launched_at + model_.list_delay : instance.visible_at;
    if (visible > now) continue;
    if (instance.facts.terminated_at && *instance.facts.terminated_at + shown_after_end < now) continue;
    answer.instances.push_back(instance.facts);
    if (instance.facts.state == InstanceState::terminated && instance.end_visible_at > now) {
      Instance& shown = answer.instances.back();
      shown.state = InstanceState::running;
      shown.terminated_at.reset();
      shown.preempted = false;
      shown.reason.clear();
    }
  }
  if (at != instances_.end()) answer.next_page = std::prev(at)->first.text();
  return answer;
}

Result<provider::TerminateState> ModelSupplier::terminate(const InstanceRef& ref) {
  const Fault fault = world_.call();
  if (fault == Fault::crash_before || fault == Fault::lost_request) return no_answer();
  const auto found = instances_.find(ref.id);
  if (found == instances_.end()) return provider::TerminateState::done;
  ModelInstance& instance = found->second;
  if (instance.facts.token == "foreign")
    world_.violation("somebody else's instance " + ref.id.text() + " was terminated");
  const bool ended = instance.facts.state == InstanceState::terminated;
  if (!ended) {
    instance.facts.state = InstanceState::stopping;
    world_.time.after(up_to(random_, model_.ending),
                      [this, id = ref.id] { end(id, false, "terminated on request"); });
  }
  if (fault != Fault::none) return no_answer();
  return ended ? provider::TerminateState::done : provider::TerminateState::in_progress;
}

void ModelSupplier::add_foreign(const OwnerId& owner, const std::string& token) {
  ModelInstance instance;
  instance.facts.ref = {model_.offers.front().location, InstanceId(random_name(random_, "i-", 8))};
  instance.facts.owner = owner;
  instance.facts.token = token;
  instance.facts.state = InstanceState::running;
  instance.facts.launched_at = world_.time.now() - Duration(3'600'000);
  instance.visible_at = world_.time.now();
  instance.offer = model_.offers.front();
  instance.offer.instance_type = "foreign";
  instances_.emplace(instance.facts.ref.id, std::move(instance));
}

}  // namespace tradewind::simulator
