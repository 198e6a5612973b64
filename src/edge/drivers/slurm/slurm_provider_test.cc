// The driver against a real Slurm, which tests/doubles/slurm.sh starts: these tests are run by it and by
// nothing else (--gtest_filter=RealSlurm*).
#include "edge/drivers/slurm/slurm_provider.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

#include "edge/drivers/slurm/command_controller.h"
#include "edge/io/files.h"
#include "edge/io/process.h"
#include "edge/io/system_clock.h"
#include "edge/provider/testing/conformance.h"

namespace tradewind::slurm {
namespace {

using provider::Launched;
using provider::LaunchRequest;
using provider::TerminateState;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const OwnerId test_owner("0123456789abcdef0123456789abcdef");

std::filesystem::path double_folder() {
  const char* folder = std::getenv("TRADEWIND_TEST_SLURM");
  return folder == nullptr ? "" : folder;
}

// Puts `program` before Slurm's own of that name.
struct Fault {
  std::string program;
  std::string script;  // run by sh; "$real" is the true one
};

// A supplier over the double with folders of its own, whose agents are shell scripts.
class Rig {
 public:
  explicit Rig(const std::string& agent_script, Cluster cluster = {}, const std::vector<Fault>& faults = {})
      : dir_(io::TempDir::make("tw-", double_folder() / "store").value()) {
    const std::filesystem::path agent = dir_.path() / "agent";
    std::ofstream(agent) << "#!/bin/bash\n" << agent_script << "\n";
    std::filesystem::permissions(agent, std::filesystem::perms::owner_all);
    environment_ = io::current_environment();
    for (const Fault& fault : faults) add(fault);
    options.cluster = std::move(cluster);
    options.cluster.name = "tw";
    options.cluster.store = (dir_.path() / "shared").string();
    if (options.cluster.partitions.empty()) options.cluster.partitions = {"batch", "spot", "prod", "closed"};
    if (options.cluster.time_limit == Duration(0)) options.cluster.time_limit = minutes(30);
    // Small, so that many run at once.
    options.cluster.shapes = {{"small", 1, 0.25, 0}, {"gpu-1", 1, 0.25, 1}};
    options.agent_program = agent.string();
    options.query_gap = milliseconds(200);
    options.heartbeat = seconds(1);
  }
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;
  ~Rig() {
    run({"scancel", "--quiet", "--user=" + user()});
    for (int i = 0; i < 300 && !run({"squeue", "--me", "--noheader"}).empty(); ++i)
      std::this_thread::sleep_for(milliseconds(100));
  }

  std::unique_ptr<SlurmProvider> open_another() const {
    return SlurmProvider::open(options, std::make_unique<io::LocalHost>(environment_), clock_).value();
  }
  SlurmProvider& provider() {
    if (!provider_) provider_ = open_another();
    return *provider_;
  }

  Offer offer(const std::string& partition, const std::string& type = "small") {
    const Result<std::vector<Offer>> offers = provider().offers({});
    EXPECT_TRUE(offers.ok()) << describe(offers.ok() ? Error{} : offers.error());
    for (const Offer& offer : offers.value_or({})) {
      if (offer.location.zone == partition && offer.instance_type == type) return offer;
    }
    ADD_FAILURE() << "no offer in " << partition;
    return {};
  }
  LaunchRequest request(const std::string& token, const std::string& partition) {
    LaunchRequest made;
    made.token = token;
    made.owner = test_owner;
    made.offer = offer(partition);
    made.job = JobId("j-1");
    made.agent_arguments = {dir_.path().string(), "--lease=" + token};
    made.hard_limit = clock_.now() + std::chrono::hours(5);
    return made;
  }
  InstanceRef launch(const std::string& token, const std::string& partition) {
    const Result<Launched> launched = provider().launch(request(token, partition));
    EXPECT_TRUE(launched.ok()) << describe(launched.ok() ? Error{} : launched.error());
    return launched ? launched->ref : InstanceRef{};
  }
  std::optional<Instance> find(const std::string& token) {
    for (const Instance& instance : provider::list_all(provider(), test_owner)) {
      if (instance.token == token) return instance;
    }
    return std::nullopt;
  }
  bool reaches(const std::string& token, InstanceState state, Duration patience = seconds(60)) {
    const Duration until = clock_.monotonic() + patience;
    while (clock_.monotonic() < until) {
      const std::optional<Instance> seen = find(token);
      if (seen && seen->state == state) return true;
      std::this_thread::sleep_for(milliseconds(100));
    }
    return false;
  }
  // What a command of the cluster prints.
  std::string run(const std::vector<std::string>& argv) const {
    return io::run_command({argv, io::current_environment()}, seconds(30)).value_or({}).out;
  }
  std::string note(const std::string& name) const { return io::read_file(dir_.path() / name).value_or(""); }
  bool noted(const std::string& name) const {
    for (int i = 0; i < 300; ++i) {
      if (!note(name).empty()) return true;
      std::this_thread::sleep_for(milliseconds(100));
    }
    return false;
  }
  std::filesystem::path folder(const std::string& token) const {
    return dir_.path() / "shared" / "instances" / test_owner.text() / token;
  }
  std::string user() const { return environment_.at("USER"); }
  const Clock& clock() const { return clock_; }

  SlurmOptions options;

 private:
  void add(const Fault& fault) {
    const std::filesystem::path bin = dir_.path() / "bin";
    EXPECT_TRUE(io::make_folders(bin).ok());
    std::ofstream(bin / fault.program) << "#!/bin/sh\nreal=/usr/bin/" << fault.program << "\n"
                                       << fault.script << "\n";
    std::filesystem::permissions(bin / fault.program, std::filesystem::perms::owner_all);
    const std::string path = environment_["PATH"];
    if (!path.starts_with(bin.string())) environment_["PATH"] = bin.string() + ":" + path;
  }

  io::TempDir dir_;
  io::SystemClock clock_;
  std::map<std::string, std::string> environment_;
  std::unique_ptr<SlurmProvider> provider_;
};

class SlurmSubject final : public provider::ConformanceSubject {
 public:
  SlurmSubject() : rig_("exec sleep 600", limited()) {
    rig_.options.page_size = 2;
    first_ = rig_.open_another();
    second_ = rig_.open_another();
  }
  provider::Provider& provider() override { return *first_; }
  provider::Provider& reopened() override { return *second_; }
  Offer offer() override { return rig_.offer("batch"); }
  int capacity() override { return 3; }
  void wait(Duration span) override { std::this_thread::sleep_for(span); }

 private:
  static Cluster limited() {
    Cluster cluster;
    cluster.max_jobs = 3;
    return cluster;
  }
  Rig rig_;
  std::unique_ptr<SlurmProvider> first_;
  std::unique_ptr<SlurmProvider> second_;
};

// Without a Slurm there is nothing to register against, and the room's own tests are all that there is.
const bool registered = !double_folder().empty() && provider::register_conformance("RealSlurmCommands", [] {
  return std::make_unique<SlurmSubject>();
});

}  // namespace
}  // namespace tradewind::slurm
