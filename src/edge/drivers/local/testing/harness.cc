#include "edge/drivers/local/testing/harness.h"

#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

#include "edge/drivers/local/salvage.h"
#include "edge/io/process.h"
#include "edge/provider/testing/conformance.h"

namespace tradewind::local {
namespace {

std::string own_program() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

// A machine that was started a second time may come up after the instance has ended, and ends what bears its
// token: in the next test, whose instance has the same one, too.
bool is_machine_of(const io::ProcessInfo& process, const std::filesystem::path& root) {
  const Result<std::string> arguments =
      io::read_file("/proc/" + std::to_string(process.identity.pid) + "/cmdline");
  return arguments.ok() && arguments->find("--dir=" + root.string()) != std::string::npos;
}

}  // namespace

Harness::Harness(std::vector<Zone> zones, const std::string& agent_script)
    : dir_(io::TempDir::make("tw local ").value()) {
  const std::filesystem::path script = dir_.path() / "agent.sh";
  EXPECT_TRUE(io::write_file_atomic(script, agent_script).ok());
  EXPECT_TRUE(io::make_folders(notes()).ok());
  options.zones = std::move(zones);
  options.root = root();
  options.stores = dir_.path() / "stores";
  options.machine_program = {own_program(), "local-machine"};
  options.agent_program = {"/bin/sh", script.string(), notes().string()};
  options.environment = io::current_environment();
  provider_ = open_another();
}

std::unique_ptr<LocalProvider> Harness::open_another() const {
  Result<std::unique_ptr<LocalProvider>> opened = LocalProvider::open(options, clock_);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return std::move(opened).value();
}

Harness::~Harness() {
  std::error_code error;
  std::vector<std::string> tokens;
  for (const auto& entry : std::filesystem::directory_iterator(root() / "instances", error)) {
    const std::string token = entry.path().filename().string();
    if (is_token(token)) tokens.push_back(token);
  }
  for (const std::string& token : tokens) {
    const Result<LaunchRecord> launch = folder(token).launch();
    if (!launch) continue;
    const InstanceRef ref{launch->offer.location, InstanceId(token)};
    EXPECT_TRUE(eventually([&] {
      const Result<provider::TerminateState> state = provider_->terminate(ref);
      return state.ok() && *state == provider::TerminateState::done;
    })) << token
        << " does not end";
    EXPECT_TRUE(eventually([&] { return !io::FileLock::is_held(folder(token).alive_lock()); }));
    EXPECT_TRUE(kill_leftovers(folder(token), token, Cgroup(), std::chrono::seconds(60)).ok());
  }
  EXPECT_TRUE(eventually([&] {
    return std::ranges::none_of(io::list_processes(), [&](const io::ProcessInfo& process) {
      return !process.ended() && is_machine_of(process, root());
    });
  })) << "a machine outlives its test";
}

provider::LaunchRequest Harness::request(const std::string& token, const std::string& zone,
                                         Purchase purchase) const {
  provider::LaunchRequest made;
  made.token = token;
  made.owner = test_owner;
  made.offer.location = {"local", zone};
  made.offer.instance_type = instance_type;
  made.offer.purchase = purchase;
  for (const Zone& known : options.zones) {
    for (const Offer& offer : offers_of(known, "2026-07-20")) {
      if (offer_key(offer) == offer_key(made.offer)) made.offer = offer;
    }
  }
  made.job = JobId("j-test");
  made.agent_arguments = {"--lease=" + token};
  made.hard_limit = clock_.now() + std::chrono::hours(1);
  return made;
}

InstanceRef Harness::launch(const std::string& token, const std::string& zone, Purchase purchase) {
  const Result<provider::Launched> launched = provider_->launch(request(token, zone, purchase));
  EXPECT_TRUE(launched.ok()) << (launched ? "" : describe(launched.error()));
  return launched ? launched->ref : InstanceRef{};
}

std::optional<Instance> Harness::find(const std::string& token) {
  for (const Instance& instance : provider::list_all(*provider_, test_owner)) {
    if (instance.token == token) return instance;
  }
  return std::nullopt;
}

bool Harness::reaches(const std::string& token, InstanceState state) {
  return eventually([&] {
    const std::optional<Instance> seen = find(token);
    return seen && seen->state == state;
  });
}

std::vector<io::ProcessInfo> Harness::processes(const std::string& token) const {
  return io::find_by_environment(io::list_processes(), marker_of(token));
}

pid_t Harness::machine_pid(const std::string& token) const {
  const Result<MachineRecord> machine = folder(token).machine();
  EXPECT_TRUE(machine.ok());
  return machine ? machine->identity.pid : -1;
}

bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (std::chrono::steady_clock::now() < deadline) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return condition();
}

Zone plain_zone(const std::string& name, int capacity) {
  Zone zone;
  zone.name = name;
  zone.price_per_hour = Money(400'000'000);
  zone.on_demand_price_per_hour = Money(1'200'000'000);
  zone.capacity = capacity;
  return zone;
}

}  // namespace tradewind::local
