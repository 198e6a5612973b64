// The Slurm driver over the modelled cluster.
#include "edge/drivers/slurm/slurm_provider.h"
#include "edge/io/host.h"
#include "engine/simulator/backends/backends.h"
#include "engine/simulator/backends/front_door.h"
#include "engine/simulator/backends/slurm_model.h"

namespace tradewind::simulator {
namespace {

using slurm::Entries;
using slurm::Prepared;
using slurm::Record;

class ModelController final : public slurm::Controller {
 public:
  explicit ModelController(SlurmModel& model) : model_(model) {}
  Result<std::string> submit(const slurm::SubmitRequest& request) override {
    bool reached = false;
    bool accepted = false;
    Result<std::string> answer = model_.ask_controller<std::string>([&]() -> Result<std::string> {
      if (model_.loses_submission())
        return Error{Code::unavailable, "Socket timed out on send/recv operation"};
      reached = true;
      Result<std::string> number = model_.submit(request);
      accepted = number.ok();
      return number;
    });
    if (!reached) model_.submit_late(request);
    if (accepted && !answer.ok() && !request.array.empty())
      model_.world().count("slurm: the answer to an array was lost, and it was accepted");
    return answer;
  }
  Result<std::vector<slurm::Job>> jobs() override {
    return model_.ask_controller<std::vector<slurm::Job>>([&] { return model_.squeue(); });
  }
  Result<int> array_max() override {
    return model_.ask_controller<int>([&] { return model_.array_max(); });
  }
  Status cancel(const std::vector<slurm::Cancellation>& which) override {
    const Result<bool> done = model_.ask_controller<bool>([&]() -> Result<bool> {
      for (const slurm::Cancellation& each : which) model_.scancel(each);
      return true;
    });
    return done.ok() ? Status() : done.error();
  }
  Result<std::vector<slurm::Partition>> partitions() override {
    return model_.ask_controller<std::vector<slurm::Partition>>([&] { return model_.partitions(); });
  }
  Result<std::optional<Time>> expected_start(const slurm::SubmitRequest&) override {
    return model_.ask_controller<std::optional<Time>>([&] { return model_.expected_start(); });
  }

 private:
  SlurmModel& model_;
};

// Nobody asks it: the folder below takes the place of all that would run there.
class NoHost final : public io::Host {
 public:
  std::string name() const override { return "the login node"; }
  Result<io::CommandOutput> run(const io::HostCommand&) override {
    return Error{Code::internal, "there is no login node in a simulation"};
  }
};

class ModelFolder final : public slurm::SharedStore {
 public:
  ModelFolder(SlurmModel& model, io::Host& host)
      : SharedStore(host, "/home/tw", Duration(1000)), model_(model) {}

  Result<std::string> put_program(const std::string&, const std::string& digest) override {
    return model_.ask_folder<std::string>([&] { return "/home/tw/bin/tradewind-agent-" + digest; });
  }
  Result<Prepared> prepare(const Record& record, const std::string&) override {
    return model_.ask_folder<Prepared>([&]() -> Result<Prepared> {
      const auto [at, fresh] = model_.folders().try_emplace(record.token);
      slurm::Entry& entry = at->second.entry;
      if (fresh) entry.record = record;
      if (fresh || model_.world().mutant == Mutant::slurm_no_lookup)
        return Prepared{slurm::Claim::fresh, {entry.record}};
      model_.world().count("slurm: a token was taken a second time");
      return Prepared{slurm::Claim::known, entry};
    });
  }
  Result<std::string> claim(const Record& record, const std::string& job) override {
    return model_.ask_folder<std::string>([&] {
      slurm::Entry& entry = model_.folders().at(record.token).entry;
      if (entry.job.empty()) {
        entry.job = job;
        entry.numbered = model_.world().time.now();
      }
      return entry.job;
    });
  }
  Status withdraw(const Record&) override {
    return without_value([] {});
  }
  Result<std::vector<long>> prepare_array(const std::string& array,
                                          const std::vector<slurm::ArrayLaunch>& launches) override {
    return model_.ask_folder<std::vector<long>>([&] { return take_tokens(array, launches); });
  }
  Status claim_array(const OwnerId&, const std::string& array, const std::string& job) override {
    return without_value([&] { model_.arrays().at(array).job = job; });
  }
  Status withdraw_array(const std::string& array, const std::vector<Record>& records, bool all) override {
    if (records.empty()) return {};
    return without_value([&] {
      for (const Record& record : records) {
        const auto found = model_.folders().find(record.token);
        if (found == model_.folders().end() || !found->second.entry.job.empty()) continue;
        model_.world().count("slurm: an element's token was given back");
        model_.folders().erase(found);
      }
      if (all) model_.arrays().erase(array);
    });
  }
  Result<Entries> list(const OwnerId& owner) override {
    return entries([&](const slurm::Entry& entry) { return entry.record.owner == owner; });
  }
  Result<Entries> find(const std::vector<std::string>& tokens) override {
    return entries([&](const slurm::Entry& entry) {
      return std::find(tokens.begin(), tokens.end(), entry.record.token) != tokens.end();
    });
  }
  Status ask_to_terminate(const std::vector<Record>& records) override {
    return without_value([&] {
      for (const Record& record : records) model_.folders().at(record.token).entry.terminate = true;
    });
  }
  Status conclude(const std::vector<std::pair<Record, slurm::End>>& ended) override {
    if (ended.empty()) return {};
    return without_value([&] {
      for (const auto& [record, end] : ended) {
        std::optional<slurm::End>& known = model_.folders().at(record.token).entry.end;
        if (!known) known = end;
      }
    });
  }

 private:
  template <class F>
  Status without_value(F act) {
    const Result<bool> done = model_.ask_folder<bool>([&]() -> Result<bool> {
      act();
      return true;
    });
    return done.ok() ? Status() : done.error();
  }
  // Who makes the array's folder first has it; an array that is there already takes nothing.
  std::vector<long> take_tokens(const std::string& array, const std::vector<slurm::ArrayLaunch>& launches) {
    const bool again = model_.world().mutant == Mutant::slurm_array_again;
    const auto [made, is_new] = model_.arrays().try_emplace(array);
    std::vector<long> fresh;
    if (!is_new) model_.world().count("slurm: an array was asked for again");
    if (!is_new && !again) return fresh;
    made->second.tokens.clear();
    for (const slurm::ArrayLaunch& launch : launches) {
      const auto index = static_cast<long>(made->second.tokens.size());
      made->second.tokens.push_back(launch.record.token);
      const auto [folder, is_fresh] = model_.folders().try_emplace(launch.record.token);
      if (!is_fresh) model_.world().count("slurm: a token was taken a second time, by an array");
      if (!is_fresh && !again) continue;
      folder->second.entry.record = launch.record;
      folder->second.entry.element = slurm::Element{array, index};
      folder->second.agent = launch.agent;
      fresh.push_back(index);
    }
    return fresh;
  }
  template <class F>
  Result<Entries> entries(F wanted) {
    return model_.ask_folder<Entries>([&]() -> Result<Entries> {
      Entries found;
      found.now = std::chrono::floor<std::chrono::seconds>(model_.now());
      for (const auto& [token, folder] : model_.folders()) {
        if (wanted(folder.entry)) found.entries.push_back(model_.entry_of(folder));
      }
      return found;
    });
  }
  SlurmModel& model_;
};

class SlurmBackend final : public ModelBackend {
 public:
  SlurmBackend(const ModelWorld& world, BackendSetup setup)
      : world_(world),
        setup_(std::move(setup)),
        clock_(world.time),
        model_(world, setup_.capacity, setup_.seed) {
    restart();
    model_.begin();
  }
  provider::Provider& provider() override { return *door_; }
  void restart() override {
    slurm::SlurmOptions options;
    options.cluster.name = "hpc";
    options.cluster.store = "/home/tw";
    options.cluster.shapes = {{"cpu", 4}};
    options.cluster.price_per_hour = *Money::parse("1.00");
    options.cluster.partition_prices = {{"scavenge", *Money::parse("0.20")},
                                        {"spare", *Money::parse("0.30")}};
    options.agent_program = "/dev/null";
    options.page_size = 3;
    auto host = std::make_unique<NoHost>();
    auto folder = std::make_unique<ModelFolder>(model_, *host);
    door_ = std::make_unique<FrontDoor>(
        world_, clock_,
        std::make_unique<slurm::SlurmProvider>(std::move(options), std::move(host), std::move(folder),
                                               std::make_unique<ModelController>(model_), clock_),
        setup_);
  }
  const ModelAgent* agent_of(const std::string& token) const override { return model_.agent_of(token); }
  std::optional<Time> dark_since() const override { return model_.dark_since(); }
  void check_end(const OwnerId& owner, const Found& found) const override { model_.check_end(owner, found); }

 private:
  const ModelWorld& world_;
  BackendSetup setup_;
  CallClock clock_;
  SlurmModel model_;
  std::unique_ptr<FrontDoor> door_;
};

}  // namespace

std::vector<std::unique_ptr<ModelBackend>> make_slurm(const ModelWorld& world, const BackendSetup& setup) {
  std::vector<std::unique_ptr<ModelBackend>> made;
  made.push_back(std::make_unique<SlurmBackend>(world, setup));
  return made;
}

std::vector<std::unique_ptr<ModelBackend>> make_backends(Backend kind, const ModelWorld& world,
                                                         const BackendSetup& setup) {
  switch (kind) {
    case Backend::slurm:
      return make_slurm(world, setup);
    case Backend::ssh:
      return make_hosts(world, setup);
    case Backend::kubernetes:
      return make_kubernetes(world, setup);
  }
  return {};
}

}  // namespace tradewind::simulator
