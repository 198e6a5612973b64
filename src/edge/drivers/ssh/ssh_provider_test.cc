// The supplier of an SSH host on a real sshd. What is brought to the host is this test program: told so by
// its arguments, it is the node, the machine, or an agent that does nothing.
#include "edge/drivers/ssh/ssh_provider.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <iterator>
#include <thread>
#include <unistd.h>

#include "base/text.h"
#include "edge/drivers/local/machine.h"
#include "edge/drivers/node/node.h"
#include "edge/io/files.h"
#include "edge/io/process.h"
#include "edge/io/process_table.h"
#include "edge/io/system_clock.h"
#include "edge/objectstore/memory_store.h"
#include "edge/objectstore/relay/relay_pass.h"
#include "edge/objectstore/relay/relay_server.h"
#include "edge/objectstore/relay/relay_store.h"
#include "edge/objectstore/testing/ssh_server.h"
#include "edge/provider/testing/conformance.h"

namespace tradewind::ssh {

std::string own_program() {
  return std::filesystem::read_symlink("/proc/self/exe").string();
}

[[noreturn]] void idle_agent() {
  while (true) ::pause();
}

namespace {

const OwnerId ours("0123456789abcdef0123456789abcdef");
constexpr const char* secret = "0123456789abcdef";

// One host, and control planes that reach it.
class OneHost {
 public:
  OneHost() : temp_(io::TempDir::make("tw-ssh-").value()) {
    config_.name = "gpu1";
    config_.host = "nas";
    config_.folder = far().string();
    config_.claims = (temp_.path() / "claims").string();
    config_.slots = 3;
    config_.cpus = 3;
    Result<std::unique_ptr<objectstore::RelayServer>> relay = objectstore::RelayServer::start(
        (temp_.path() / "relay.sock").string(), secret,
        [this](const std::string&) -> Result<objectstore::ObjectStore*> { return store_.get(); });
    EXPECT_TRUE(relay.ok());
    relay_ = *std::move(relay);
  }
  ~OneHost() {
    const auto provider = open("z");
    for (const OwnerId& owner : {ours, OwnerId("fedcba9876543210fedcba9876543210")}) {
      for (const Instance& instance : provider::list_all(*provider, owner)) end(*provider, instance.ref);
    }
  }
  OneHost(const OneHost&) = delete;
  OneHost& operator=(const OneHost&) = delete;

  // `plane` names the control plane's own folder.
  std::unique_ptr<SshProvider> open(const std::string& plane) const {
    return open(plane, server_.environment());
  }
  std::unique_ptr<SshProvider> open(const std::string& plane, const cloud::Variables& environment) const {
    SshProviderOptions options;
    options.ssh = {config_, environment, temp_.path() / plane, Duration(5'000)};
    options.agent_program = own_program();
    options.relay_socket = relay_->socket();
    options.plane = plane;
    return std::make_unique<SshProvider>(std::move(options), clock_);
  }
  static bool end(provider::Provider& provider, const InstanceRef& ref) {
    for (int i = 0; i < 600; ++i) {
      const Result<provider::TerminateState> state = provider.terminate(ref);
      if (state.ok() && *state == provider::TerminateState::done) return true;
      std::this_thread::sleep_for(Duration(50));
    }
    ADD_FAILURE() << ref.id.text() << " does not end";
    return false;
  }
  static provider::LaunchRequest request(const std::string& token, const Offer& offer) {
    provider::LaunchRequest made;
    made.token = token;
    made.owner = ours;
    made.offer = offer;
    made.job = JobId("j-1");
    made.hard_limit = io::SystemClock().now() + std::chrono::hours(24);
    return made;
  }
  static bool runs(provider::Provider& provider, const InstanceRef& ref) {
    for (int i = 0; i < 600; ++i) {
      for (const Instance& seen : provider::list_all(provider, ours)) {
        if (seen.ref == ref && seen.state == InstanceState::running) return true;
      }
      std::this_thread::sleep_for(Duration(50));
    }
    return false;
  }
  std::filesystem::path far() const { return temp_.path() / "far side"; }
  HostConfig& config() { return config_; }
  objectstore::SshServer& server() { return server_; }

 private:
  io::TempDir temp_;
  io::SystemClock clock_;
  objectstore::SshServer server_;
  std::unique_ptr<objectstore::ObjectStore> store_ = objectstore::make_memory_store();
  std::unique_ptr<objectstore::RelayServer> relay_;
  HostConfig config_;
};

Offer slot(provider::Provider& provider) {
  const Result<std::vector<Offer>> offers = provider.offers({});
  EXPECT_TRUE(offers.ok()) << describe(offers.error());
  return offers.ok() ? offers->front() : Offer();
}

class SshSubject final : public provider::ConformanceSubject {
 public:
  provider::Provider& provider() override { return *first_; }
  provider::Provider& reopened() override { return *second_; }
  Offer offer() override { return slot(*first_); }
  int capacity() override { return 3; }
  void wait(Duration span) override { std::this_thread::sleep_for(span); }

 private:
  OneHost host_;
  std::unique_ptr<SshProvider> first_ = host_.open("a");
  std::unique_ptr<SshProvider> second_ = host_.open("b");
};

const bool registered = provider::register_conformance("Ssh", [] { return std::make_unique<SshSubject>(); });

// A host in namespaces of its own, where tests/doubles/ssh_namespaces.sh has made one.
std::string far_file(const std::string& name) {
  const cloud::Variables environment = io::current_environment();
  return cloud::variable(environment, "TRADEWIND_TEST_SSH") + "/h1/" + name;
}

HostConfig far_host(const std::filesystem::path& folder) {
  HostConfig config;
  config.name = "h1";
  config.host = std::string(trim(io::read_file(far_file("address")).value_or("")));
  config.identity = far_file("own_key");
  config.known_hosts = far_file("known_hosts");
  config.folder = (folder / "far side").string();
  config.claims = (folder / "claims").string();
  config.slots = 3;
  config.cpus = 3;
  return config;
}

class FarSubject final : public provider::ConformanceSubject {
 public:
  ~FarSubject() override {
    for (const OwnerId& owner : {ours, OwnerId("fedcba9876543210fedcba9876543210")}) {
      for (const Instance& instance : provider::list_all(*first_, owner)) OneHost::end(*first_, instance.ref);
    }
  }
  provider::Provider& provider() override { return *first_; }
  provider::Provider& reopened() override { return *second_; }
  Offer offer() override { return slot(*first_); }
  int capacity() override { return 3; }
  void wait(Duration span) override { std::this_thread::sleep_for(span); }

 private:
  std::unique_ptr<SshProvider> open(const std::string& plane) {
    SshProviderOptions options;
    options.ssh = {far_host(temp_.path()), io::current_environment(), temp_.path() / plane, Duration(5'000)};
    options.agent_program = own_program();
    options.plane = plane;
    return std::make_unique<SshProvider>(std::move(options), clock_);
  }
  io::TempDir temp_ = io::TempDir::make("tw-far-").value();
  io::SystemClock clock_;
  std::unique_ptr<SshProvider> first_ = open("a");
  std::unique_ptr<SshProvider> second_ = open("b");
};

const bool far_registered = far_file("").starts_with("/h1") || provider::register_conformance("FarSsh", [] {
                              return std::make_unique<FarSubject>();
                            });

TEST(SshProvider, SellsAHostAsItDescribesItself) {
  OneHost host;
  const auto provider = host.open("a");
  const Result<std::vector<Offer>> offers = provider->offers({});
  ASSERT_TRUE(offers.ok()) << describe(offers.error());
  ASSERT_EQ(offers->size(), 2U);
  EXPECT_EQ(offer_key(offers->at(0)), "ssh/gpu1:slot:on_demand");
  EXPECT_EQ(offers->at(0).vcpus, 1);
  EXPECT_EQ(offer_key(offers->at(1)), "ssh/gpu1:whole:on_demand");
  EXPECT_EQ(offers->at(1).vcpus, 3);
  EXPECT_EQ(provider::supplier_name(provider->capabilities()), "ssh/gpu1");
}

TEST(SshProvider, FindsWhatRunsAgainAfterTheLinkWasCut) {
  OneHost host;
  const auto provider = host.open("a");
  const Result<provider::Launched> launched = provider->launch(OneHost::request("l-one", slot(*provider)));
  ASSERT_TRUE(launched.ok()) << describe(launched.error());
  ASSERT_TRUE(OneHost::runs(*provider, launched->ref));
  EXPECT_GT(host.server().kill_sessions(), 0);
  // The first look may meet the broken connection.
  bool seen = false;
  for (int i = 0; i < 100 && !seen; ++i) {
    const Result<InstancePage> page = provider->instances(ours, "");
    seen = page.ok() && page->instances.size() == 1 && page->instances[0].state == InstanceState::running &&
           page->instances[0].ref == launched->ref;
    if (!seen) std::this_thread::sleep_for(Duration(50));
  }
  EXPECT_TRUE(seen);
  const Result<provider::Launched> again = provider->launch(OneHost::request("l-one", slot(*provider)));
  ASSERT_TRUE(again.ok()) << describe(again.error());
  EXPECT_EQ(again->ref, launched->ref);
}

TEST(SshProvider, AHostOutOfReachIsUnavailableAndNothingIsSaidOfItsInstances) {
  OneHost host;
  const auto provider = host.open("a");
  const Offer offer = slot(*provider);
  cloud::Variables nowhere = host.server().environment_with("  Port 1");
  const auto cut = host.open("b", nowhere);
  EXPECT_FALSE(cut->instances(ours, "").ok());
  EXPECT_FALSE(cut->launch(OneHost::request("l-one", offer)).ok());
  EXPECT_TRUE(provider::list_all(*provider, ours).empty());
}

TEST(SshProvider, RefusesAHostWhoseKeyChangedOrIsUnknown) {
  OneHost host;
  const auto provider = host.open(
      "a", host.server().environment_with("  UserKnownHostsFile /dev/null\n  StrictHostKeyChecking no"));
  const Result<std::vector<Offer>> offers = provider->offers({});
  ASSERT_FALSE(offers.ok()) << "also where the user's own logins would take any key";
  EXPECT_EQ(offers.error().code, Code::unauthorized);
  EXPECT_NE(offers.error().message.find("Host key verification failed"), std::string::npos)
      << offers.error().message;
  EXPECT_FALSE(offers.error().hint.empty());
}

TEST(SshProvider, TwoControlPlanesOnOneHostDoNotCollide) {
  OneHost host;
  const auto first = host.open("a");
  host.config().folder = (host.far().parent_path() / "another user").string();
  const auto second = host.open("b");
  for (int i = 0; i < 3; ++i) {
    const Result<provider::Launched> launched =
        first->launch(OneHost::request("l-" + std::to_string(i), slot(*first)));
    ASSERT_TRUE(launched.ok()) << describe(launched.error());
    ASSERT_TRUE(OneHost::runs(*first, launched->ref));
  }
  const Result<provider::Launched> refused = second->launch(OneHost::request("l-more", slot(*second)));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::insufficient_capacity) << describe(refused.error());
  const Instance one = provider::list_all(*first, ours).front();
  ASSERT_TRUE(OneHost::end(*first, one.ref));
  Result<provider::Launched> taken = second->launch(OneHost::request("l-more", slot(*second)));
  ASSERT_TRUE(taken.ok()) << describe(taken.error());
  EXPECT_TRUE(OneHost::runs(*second, taken->ref));
  EXPECT_TRUE(OneHost::end(*second, taken->ref));
  host.config().folder = host.far().string();
}

TEST(SshProvider, LeadsAgentsBackToOurStoresAlsoOverANewConnection) {
  OneHost host;
  const auto provider = host.open("a");
  const Result<provider::Launched> launched = provider->launch(OneHost::request("l-one", slot(*provider)));
  ASSERT_TRUE(launched.ok()) << describe(launched.error());
  const auto open_there = [&] {
    return *objectstore::open_relay_store(
        "relay://?store=home",
        {{objectstore::relay_socket_variable, node::relay_name(host.far().string(), "a")},
         {objectstore::relay_pass_variable, objectstore::sign_pass({"jobs/j-1/", {"home"}}, secret)}});
  };
  EXPECT_TRUE(open_there()->put("jobs/j-1/a", "ahoy", objectstore::PutCondition::always).ok());
  host.server().kill_sessions();
  bool back = false;
  for (int i = 0; i < 100 && !back; ++i) {
    static_cast<void>(provider->instances(ours, "").ok());
    const Result<std::string> read = open_there()->get("jobs/j-1/a");
    back = read.ok() && *read == "ahoy";
    if (!back) std::this_thread::sleep_for(Duration(50));
  }
  EXPECT_TRUE(back);
}

TEST(SshProvider, NamesTheFolderFromWhichNothingRuns) {
  OneHost host;
  host.config().folder = "/proc/tradewind";
  const auto provider = host.open("a");
  const Result<std::vector<Offer>> offers = provider->offers({});
  ASSERT_FALSE(offers.ok());
  EXPECT_EQ(offers.error().code, Code::invalid_argument);
  EXPECT_NE(offers.error().hint.find("ssh.yaml"), std::string::npos);
  host.config().folder = host.far().string();
}

}  // namespace
}  // namespace tradewind::ssh

int main(int argc, char** argv) {
  using namespace tradewind;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::string verb = arguments.empty() ? "" : arguments[0];
  if (verb == "--version") return 0;
  if (verb == "node") {
    const std::string question{std::istreambuf_iterator<char>(std::cin), {}};
    std::cout << node::answer_call(question, {ssh::own_program(), io::current_environment()}) << std::endl;
    return 0;
  }
  if (verb == "local-machine")
    return local::run_machine(arguments.at(1).substr(std::string("--dir=").size()));
  for (const std::string& each : arguments) {
    if (each.starts_with("--scratch=")) ssh::idle_agent();
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
