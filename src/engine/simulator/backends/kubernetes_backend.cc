// The Kubernetes driver over the modelled cluster.
#include "edge/drivers/kubernetes/kubernetes_provider.h"
#include "engine/simulator/backends/backends.h"
#include "engine/simulator/backends/front_door.h"
#include "engine/simulator/backends/kubernetes_model.h"

namespace tradewind::simulator {
namespace {

kubernetes::PoolConfig pool_of(const char* name, bool spot, const char* price, int capacity) {
  kubernetes::PoolConfig pool;
  pool.name = name;
  pool.spot = spot;
  pool.price_per_hour = *Money::parse(price);
  pool.max = capacity;
  return pool;
}

// As the driver's own is to its users' pace, so is this to the simulation's.
kubernetes::WatchTempo watch_tempo() {
  kubernetes::WatchTempo tempo;
  tempo.watch_lasts = Duration(16'000);
  tempo.trusted_for = Duration(20'000);
  tempo.asked_within = Duration(24'000);
  return tempo;
}
// Trusted, and a change that was not told yet.
constexpr Duration list_age_max{30'000};
constexpr Duration watch_delay{5'000};  // of the end that the server was asked for

// Carries a list's watches in virtual time.
class ModelFollower final : public kubernetes::Follower {
 public:
  ModelFollower(const ModelWorld& world, KubernetesModel& model, kubernetes::WatchedList& list)
      : world_(world), model_(model), list_(list) {}
  ~ModelFollower() override { close(); }
  ModelFollower(const ModelFollower&) = delete;
  ModelFollower& operator=(const ModelFollower&) = delete;

  void wake() override { plan(Duration(0)); }

 private:
  // The last plan holds. After our end, none does.
  void plan(Duration pause) {
    planned_ = std::make_shared<bool>(true);
    world_.time.after(pause, [this, plan = std::weak_ptr(planned_)] {
      if (!plan.expired()) step();
    });
  }
  void step() {
    planned_.reset();
    if (watch_ && list_.is_current(*watch_)) return;
    close();
    const kubernetes::WatchedList::Turn turn = list_.turn();
    if (turn.watch) open(*turn.watch);
    if (turn.pause) plan(*turn.pause);
  }
  void open(const kubernetes::WatchedList::Watch& watch) {
    watch_ = watch;
    const auto answer = std::make_shared<kubernetes::WatchAnswer>(
        "kubernetes/lab",
        [this, watch](const kubernetes::WatchEvent& event) { return list_.take(watch, event); });
    number_ =
        model_.open_watch(kubernetes::watch_request({}, watch.request), watch.request.lasts + watch_delay,
                          {[answer](std::string_view bytes) { return answer->read(bytes); },
                           [this, watch, answer](const Result<io::HttpResponse>& response) {
                             watch_.reset();
                             list_.end(watch, list_.client().watch_end(response, *answer));
                             wake();
                           }});
  }
  void close() {
    if (watch_) model_.close_watch(number_);
    watch_.reset();
  }

  const ModelWorld& world_;
  KubernetesModel& model_;
  kubernetes::WatchedList& list_;
  std::shared_ptr<bool> planned_;
  std::optional<kubernetes::WatchedList::Watch> watch_;
  std::uint64_t number_ = 0;
};

class KubernetesBackend final : public ModelBackend {
 public:
  KubernetesBackend(const ModelWorld& world, BackendSetup setup)
      : world_(world),
        setup_(std::move(setup)),
        clock_(world.time),
        model_(world, setup_.capacity + 1, setup_.seed) {
    restart();
    model_.begin();
  }
  provider::Provider& provider() override { return *door_; }
  void restart() override {
    kubernetes::ClusterConfig config;
    config.name = "lab";
    config.namespace_name = "runs";
    config.agent.path = "/usr/bin/tradewind-agent";
    config.pools = {pool_of("spare", true, "0.25", setup_.capacity),
                    pool_of("steady", false, "0.90", setup_.capacity)};
    door_ = std::make_unique<FrontDoor>(
        world_, clock_,
        std::make_unique<kubernetes::KubernetesProvider>(std::move(config), kubernetes::AccessOptions{},
                                                         clock_, watch_tempo(), network()),
        setup_, [this](const OwnerId& owner, const InstancePage& page) {
          model_.check_list(owner, page, list_age_max);
        });
  }
  const ModelAgent* agent_of(const std::string& token) const override { return model_.agent_of(token); }
  std::optional<Time> dark_since() const override { return model_.dark_since(); }
  void check_end(const OwnerId& owner, const Found& found) const override { model_.check_end(owner, found); }

 private:
  kubernetes::Network network() {
    return {[this](const io::HttpRequest& request) { return model_.answer(request); },
            [this](kubernetes::WatchedList& list) {
              return std::make_unique<ModelFollower>(world_, model_, list);
            }};
  }

  const ModelWorld& world_;
  BackendSetup setup_;
  CallClock clock_;
  KubernetesModel model_;
  std::unique_ptr<FrontDoor> door_;
};

}  // namespace

std::vector<std::unique_ptr<ModelBackend>> make_kubernetes(const ModelWorld& world,
                                                           const BackendSetup& setup) {
  std::vector<std::unique_ptr<ModelBackend>> made;
  made.push_back(std::make_unique<KubernetesBackend>(world, setup));
  return made;
}

}  // namespace tradewind::simulator
