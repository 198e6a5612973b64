// The driver of SSH hosts over modelled ones.
#include "edge/drivers/ssh/ssh_provider.h"
#include "engine/simulator/backends/backends.h"
#include "engine/simulator/backends/front_door.h"
#include "engine/simulator/backends/ssh_model.h"

namespace tradewind::simulator {
namespace {

// One process's connection to a host.
class ModelLink final : public ssh::LinkedHost {
 public:
  explicit ModelLink(HostModel& host) : host_(host) {}
  ~ModelLink() override { drop(); }
  ModelLink(const ModelLink&) = delete;
  ModelLink& operator=(const ModelLink&) = delete;

  std::string name() const override { return host_.kind().name; }
  Result<io::CommandOutput> run(const io::HostCommand& command) override {
    const Error no_answer{Code::unavailable, name() + " did not answer in time"};
    const Fault fault = host_.world().call();
    if (!was_made(fault)) return no_answer;
    TW_RETURN_IF_ERROR(keep_connection());
    io::CommandOutput output = host_.run(command);
    if (host_.world().faults.accident(0.02)) {
      host_.world().count("ssh: a link broke under a call");
      drop();
      return no_answer;
    }
    if (fault != Fault::none) return no_answer;
    return output;
  }
  Status forward(const std::string& far_socket, const std::string&) override {
    TW_RETURN_IF_ERROR(keep_connection());
    host_.forward(number_, far_socket);
    return {};
  }
  void stop_forward(const std::string&, const std::string&) override {}
  std::uint64_t connection() const override { return count_; }
  void drop() {
    if (number_ != 0) host_.disconnect(number_);
  }

 private:
  Status keep_connection() {
    if (number_ != 0 && host_.is_connected(number_)) return {};
    TW_ASSIGN_OR_RETURN(number_, host_.connect());
    ++count_;
    return {};
  }
  HostModel& host_;
  std::uint64_t number_ = 0;
  std::uint64_t count_ = 0;
};

class SshBackend final : public ModelBackend {
 public:
  SshBackend(const ModelWorld& world, BackendSetup setup, HostKind kind)
      : world_(world),
        setup_(std::move(setup)),
        clock_(world.time),
        model_(world, std::move(kind), setup_.seed) {
    restart();
    model_.begin();
  }
  provider::Provider& provider() override { return *door_; }
  void stop() override { link_->drop(); }
  void restart() override {
    ssh::SshProviderOptions options;
    options.ssh.config.name = options.ssh.config.host = model_.kind().name;
    options.ssh.config.price_per_hour = *Money::parse(model_.kind().gpus > 0 ? "0.80" : "0.30");
    options.ssh.config.slots = 2;
    options.agent_program = "/dev/null";
    options.relay_socket = "/run/relay";
    options.plane = "own";
    auto link = std::make_unique<ModelLink>(model_);
    link_ = link.get();
    door_ = std::make_unique<FrontDoor>(
        world_, clock_, std::make_unique<ssh::SshProvider>(std::move(options), std::move(link), clock_),
        setup_);
  }
  const ModelAgent* agent_of(const std::string& token) const override { return model_.agent_of(token); }
  std::optional<Time> dark_since() const override { return model_.dark_since(); }
  Duration heard_since(Time since, Time now) const override { return model_.heard_since(since, now); }
  void check_end(const OwnerId& owner, const Found& found) const override { model_.check_end(owner, found); }

 private:
  const ModelWorld& world_;
  BackendSetup setup_;
  CallClock clock_;
  HostModel model_;
  ModelLink* link_ = nullptr;
  std::unique_ptr<FrontDoor> door_;
};

}  // namespace

std::vector<std::unique_ptr<ModelBackend>> make_hosts(const ModelWorld& world, const BackendSetup& setup) {
  std::vector<std::unique_ptr<ModelBackend>> made;
  Random random(setup.seed);
  for (const HostKind& kind : {HostKind{"gpu1", 8, 3}, HostKind{"gpu2", 8, 2}, HostKind{"cpu1", 6, 0}}) {
    BackendSetup own = setup;
    own.seed = random.next();
    made.push_back(std::make_unique<SshBackend>(world, own, kind));
  }
  return made;
}

}  // namespace tradewind::simulator
