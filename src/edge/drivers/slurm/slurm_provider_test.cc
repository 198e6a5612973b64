// The driver against a real Slurm, which tests/doubles/slurm.sh starts: these tests are run by it and by
// nothing else (--gtest_filter=RealSlurm*).
#include "edge/drivers/slurm/slurm_provider.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

#include "base/text.h"
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

// One for each test: Slurm remembers the jobs of those before.
OwnerId fresh_owner() {
  static int count = 0;
  const std::string digits = std::to_string(10'000'000 + count++);
  return OwnerId(digits + digits + digits + digits);
}

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
    made.owner = owner;
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
  // Those of tokens "l-1" to "l-<count>", in one call.
  std::vector<Result<Launched>> launch_many(int count, const std::string& partition) {
    std::vector<LaunchRequest> requests;
    for (int i = 1; i <= count; ++i) requests.push_back(request("l-" + std::to_string(i), partition));
    return provider().launch_many(requests);
  }
  std::optional<Instance> find(const std::string& token) {
    for (const Instance& instance : provider::list_all(provider(), owner)) {
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
    return dir_.path() / "shared" / "instances" / owner.text() / token;
  }
  std::filesystem::path make_folder(const std::string& name) const {
    EXPECT_TRUE(io::make_folders(dir_.path() / name).ok());
    return dir_.path() / name;
  }
  std::string user() const { return environment_.at("USER"); }
  const Clock& clock() const { return clock_; }

  SlurmOptions options;
  const OwnerId owner = fresh_owner();

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
  explicit SlurmSubject(const std::optional<Rest>& rest) : rig_("exec sleep 600", limited(rest)) {
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
  static Cluster limited(const std::optional<Rest>& rest) {
    Cluster cluster;
    cluster.rest = rest;
    cluster.max_jobs = 3;
    return cluster;
  }
  Rig rig_;
  std::unique_ptr<SlurmProvider> first_;
  std::unique_ptr<SlurmProvider> second_;
};

Rest by_socket(const std::string& version) {
  return {"unix:" + (double_folder() / "run" / "restd.sock").string(), version, "", ""};
}

// As a user of a far service has it: his name, and a token in a file.
Rest by_token() {
  const std::map<std::string, std::string> environment = io::current_environment();
  const std::string user = environment.at("USER");
  const std::filesystem::path file = double_folder() / "token";
  const auto token =
      io::run_command({{"scontrol", "token", "lifespan=3600", "username=" + user}, environment}, seconds(30));
  EXPECT_TRUE(token.ok() && io::write_file_atomic(file, token->out, {0600, false}).ok());
  return {environment.at("TRADEWIND_TEST_SLURM_REST"), "", user, file.string()};
}

bool register_subject(const std::string& name, const std::function<std::optional<Rest>()>& rest) {
  return provider::register_conformance(name, [rest] { return std::make_unique<SlurmSubject>(rest()); });
}

// Without a Slurm there is nothing to register against, and the room's own tests are all that there is.
const bool registered = !double_folder().empty() &&
                        register_subject("RealSlurmCommands", [] { return std::nullopt; }) &&
                        register_subject("RealSlurmRest", [] { return by_socket(""); }) &&
                        register_subject("RealSlurmRestV36", [] { return by_socket("v0.0.36"); }) &&
                        register_subject("RealSlurmRestV37", [] { return by_socket("v0.0.37"); }) &&
                        register_subject("RealSlurmRestToken", [] { return by_token(); });

// Beside a Slurm alone; the suite above is registered there alone, too.
class RealSlurm : public testing::Test {
 protected:
  void SetUp() override {
    if (double_folder().empty()) GTEST_SKIP() << "tests/doubles/slurm.sh runs these";
  }
};

TEST_F(RealSlurm, TellsTheAgentWhereItIsAndLeavesNoSecretAndNoScratchBehind) {
  Rig rig("printf '%s\\n' \"$@\" >\"$1/arguments\"; env >\"$1/environment\"; pwd >\"$1/cwd\"; exit 3");
  LaunchRequest request = rig.request("l-1", "spot");
  request.agent_arguments.emplace_back("--hard-limit=2020-01-01T00:00:00Z");
  request.secrets["TRADEWIND_JOB_KEY"] = "it's what only the agent has";
  ASSERT_TRUE(rig.provider().launch(request).ok());
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::terminated));
  EXPECT_NE(rig.find("l-1")->reason.find("the agent ended: exit code 3"), std::string::npos)
      << rig.find("l-1")->reason;
  const std::string arguments = rig.note("arguments");
  const std::string folder = rig.folder("l-1").string();
  EXPECT_NE(arguments.find("--lease=l-1\n--local-store=file://"), std::string::npos) << arguments;
  EXPECT_NE(
      arguments.find("--notice=" + folder + "/notice\n--limit-file=" + folder + "/limit\n--hard-limit="),
      std::string::npos);
  EXPECT_EQ(arguments.find("2020-01-01"), std::string::npos) << "the limit counts from when it begins";
  EXPECT_NE(arguments.find("--purchase=spot\n--notice-lead=5000ms\n"), std::string::npos);
  EXPECT_NE(rig.note("environment").find("TRADEWIND_JOB_KEY=it's what only the agent has\n"),
            std::string::npos);
  EXPECT_FALSE(io::path_exists(std::string(trim(rig.note("cwd")))));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(io::read_file(entry.path())->find("what only"), std::string::npos) << entry.path();
  }
  EXPECT_EQ(rig.run({"scontrol", "show", "job"}).find("what only"), std::string::npos);
}

TEST_F(RealSlurm, OffersGpusAndTheAgentSeesThem) {
  Rig rig("env >\"$1/environment\"");
  LaunchRequest request = rig.request("l-1", "batch");
  request.offer = rig.offer("batch", "gpu-1");
  EXPECT_EQ(request.offer.accelerator->count, 1);
  EXPECT_EQ(request.offer.purchase, Purchase::on_demand);
  ASSERT_TRUE(rig.provider().launch(request).ok());
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::terminated));
  EXPECT_NE(rig.note("environment").find("CUDA_VISIBLE_DEVICES="), std::string::npos);
}

TEST_F(RealSlurm, APartitionThatIsDownIsNotOfferedAndSaysWhy) {
  Rig rig("exit 0");
  LaunchRequest request = rig.request("l-1", "batch");
  request.offer.location.zone = "closed";
  request.offer.purchase = Purchase::spot;
  const Result<Launched> refused = rig.provider().launch(request);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::insufficient_capacity) << describe(refused.error());
  EXPECT_NE(refused.error().message.find("the partition is DOWN"), std::string::npos);
}

TEST_F(RealSlurm, OffersSayHowLongAJobWouldWait) {
  Rig rig("exit 0");
  rig.options.cluster.partitions = {"batch"};
  rig.options.cluster.shapes = {{"node", 4, 1, 0}};
  // All of the cluster for ten minutes.
  rig.run({"sbatch", "--partition=batch", "--nodes=4", "--exclusive", "--output=/dev/null", "--time=10",
           "--wrap=sleep 600"});
  std::this_thread::sleep_for(seconds(2));
  const Offer offer = rig.offer("batch", "node");
  ASSERT_TRUE(offer.queue_wait.has_value());
  EXPECT_GT(*offer.queue_wait, minutes(8));
  EXPECT_LE(*offer.queue_wait, minutes(11));
}

constexpr const char* saving_agent =
    "for word; do case $word in --notice=*) notice=${word#*=} ;; esac; done\n"
    "date +%s >\"$1/began\"\n"
    "until [ -e \"$notice\" ]; do sleep 0.1; done\n"
    "cat \"$notice\" >\"$1/notice\"; sleep 0.5; echo saved >\"$1/saved\"";

TEST_F(RealSlurm, APreemptedAgentIsWarnedSavesAndIsKnownAsPreempted) {
  Rig rig(saving_agent);
  rig.launch("l-1", "spot");
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::running));
  ASSERT_TRUE(rig.noted("began"));
  // All of the cluster, for a job of a higher tier.
  rig.run({"sbatch", "--partition=prod", "--nodes=4", "--exclusive", "--output=/dev/null", "--time=1",
           "--wrap=sleep 5"});
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::terminated));
  EXPECT_EQ(rig.note("saved"), "saved\n");
  EXPECT_NE(rig.note("notice").find("preempted by a job of higher priority"), std::string::npos);
  const Instance seen = *rig.find("l-1");
  EXPECT_TRUE(seen.preempted) << seen.reason;
}

TEST_F(RealSlurm, APreemptedAgentThatDoesNotEndIsKnownAsPreempted) {
  Rig rig("echo >\"$1/began\"; trap '' TERM; while :; do sleep 1; done");
  rig.launch("l-1", "spot");
  ASSERT_TRUE(rig.noted("began"));
  rig.run({"sbatch", "--partition=prod", "--nodes=4", "--exclusive", "--output=/dev/null", "--time=1",
           "--wrap=sleep 5"});
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::terminated));
  EXPECT_TRUE(rig.find("l-1")->preempted) << rig.find("l-1")->reason;
}

TEST_F(RealSlurm, TheAgentIsToldBeforeItsTimeLimit) {
  Cluster cluster;
  cluster.time_limit = minutes(1);
  cluster.notice_lead = seconds(50);
  Rig rig(saving_agent, cluster);
  rig.launch("l-1", "batch");
  ASSERT_TRUE(rig.noted("began"));
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::terminated));
  EXPECT_EQ(rig.note("saved"), "saved\n");
  EXPECT_NE(rig.note("notice").find("the time limit of Slurm job"), std::string::npos);
  EXPECT_FALSE(rig.find("l-1")->preempted);
  EXPECT_NE(rig.find("l-1")->reason.find("time limit"), std::string::npos);
}

TEST_F(RealSlurm, SaysThatSomebodyCancelledIt) {
  Rig rig("exec sleep 600");
  rig.launch("l-1", "batch");
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::running));
  rig.run({"scancel", "--user=" + rig.user()});
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::terminated));
  // By the script where it had the time to say so, else by Slurm's list.
  const std::string reason = rig.find("l-1")->reason;
  EXPECT_TRUE(reason.find("is ended by Slurm") != std::string::npos ||
              reason.find("was cancelled by its user or an administrator") != std::string::npos)
      << reason;
  EXPECT_FALSE(rig.find("l-1")->preempted);
}

TEST_F(RealSlurm, AScriptThatIsEndedWhileItBeginsLeavesNothingOnItsNode) {
  Rig rig("exec sleep 600");
  const std::filesystem::path scratch = rig.make_folder("tmp");
  ASSERT_TRUE(rig.provider().capabilities().spot);
  for (int i = 0; i < 6; ++i) {
    const std::string token = "l-" + std::to_string(i);
    rig.options.cluster.options = {"--export=TMPDIR=" + scratch.string()};
    ASSERT_TRUE(rig.open_another()->launch(rig.request(token, "batch")).ok());
    for (int wait = 0; wait < 500 && !io::path_exists(rig.folder(token) / "beat"); ++wait)
      std::this_thread::sleep_for(milliseconds(10));
    std::this_thread::sleep_for(milliseconds(5 * i));
    rig.run({"scancel", "--quiet", "--user=" + rig.user()});
    ASSERT_TRUE(rig.reaches(token, InstanceState::terminated));
  }
  for (int i = 0; i < 100 && !rig.run({"squeue", "--me", "--noheader"}).empty(); ++i)
    std::this_thread::sleep_for(milliseconds(100));
  EXPECT_TRUE(std::filesystem::is_empty(scratch)) << rig.run({"ls", "-RA", scratch.string()});
}

TEST_F(RealSlurm, AWaitingJobSaysWhyAndIsCancelledWithoutARun) {
  Rig rig("echo >\"$1/began\"; exec sleep 600");
  rig.options.cluster.options = {"--begin=now+3600"};
  const InstanceRef ref = rig.launch("l-1", "batch");
  std::this_thread::sleep_for(seconds(1));
  EXPECT_EQ(rig.find("l-1")->state, InstanceState::pending);
  EXPECT_NE(rig.find("l-1")->reason.find("BeginTime"), std::string::npos) << rig.find("l-1")->reason;
  for (int i = 0; i < 100 && rig.provider().terminate(ref).value() != TerminateState::done; ++i)
    std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(rig.find("l-1")->state, InstanceState::terminated);
  EXPECT_EQ(rig.find("l-1")->reason, "terminated on request");
  EXPECT_EQ(rig.note("began"), "");
}

TEST_F(RealSlurm, ALostReplyOfSbatchMakesNoSecondJob) {
  // It submits, and its answer is cut off.
  Rig rig("echo >>\"$1/began\"; exec sleep 600", {},
          {{"sbatch",
            "\"$real\" \"$@\" >/dev/null; echo 'sbatch: error: Unable to contact slurm controller' >&2; exit "
            "1"}});
  const Result<Launched> lost = rig.provider().launch(rig.request("l-1", "batch"));
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().code, Code::unavailable);
  const Result<Launched> again = rig.open_another()->launch(rig.request("l-1", "batch"));
  ASSERT_TRUE(again.ok()) << describe(again.error());
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::running));
  ASSERT_TRUE(rig.noted("began"));
  const std::string listed = rig.run({"squeue", "--me", "--noheader", "-o", "%j"});
  EXPECT_EQ(listed, "tw-l-1-" + rig.owner.text().substr(0, 8) + "\n");
  EXPECT_EQ(rig.find("l-1")->ref, again->ref);
}

TEST_F(RealSlurm, AWaitingJobOfALostReplyIsCancelledByItsToken) {
  Cluster cluster;
  cluster.options = {"--begin=now+3600"};
  Rig rig("exec sleep 600", cluster,
          {{"sbatch", "\"$real\" \"$@\" >/dev/null; echo 'Socket timed out' >&2; exit 1"}});
  ASSERT_FALSE(rig.provider().launch(rig.request("l-1", "batch")).ok());
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::pending));
  const InstanceRef waiting = rig.find("l-1")->ref;
  const Result<TerminateState> asked = rig.provider().terminate(waiting);
  ASSERT_TRUE(asked.ok()) << describe(asked.error());
  EXPECT_EQ(*asked, TerminateState::in_progress);
  EXPECT_TRUE(rig.reaches("l-1", InstanceState::terminated));
  EXPECT_EQ(rig.run({"squeue", "--me", "--noheader"}), "");
}

TEST_F(RealSlurm, OfTwoJobsOfOneTokenOneAloneRunsTheAgent) {
  // As when a first submission was on its way still while the second was made.
  Rig rig("echo $SLURM_JOB_ID >>\"$1/began\"; exec sleep 600", {},
          {{"sbatch",
            "script=$(cat); echo \"$script\" | \"$real\" \"$@\" >/dev/null\n"
            "echo \"$script\" | \"$real\" \"$@\""}});
  const Result<Launched> launched = rig.provider().launch(rig.request("l-1", "batch"));
  ASSERT_TRUE(launched.ok()) << describe(launched.error());
  ASSERT_TRUE(rig.noted("began"));
  for (int i = 0; i < 100 && rig.run({"squeue", "--me", "--noheader", "-o", "%A"}).size() > 5; ++i)
    std::this_thread::sleep_for(milliseconds(100));
  const std::string runs = rig.note("began");
  EXPECT_EQ(std::count(runs.begin(), runs.end(), '\n'), 1) << runs;
  const Instance seen = *rig.find("l-1");
  EXPECT_EQ(seen.state, InstanceState::running);
  EXPECT_EQ(seen.ref.id.text(), std::string(trim(runs)) + ".l-1");
}

TEST_F(RealSlurm, ARequeuedJobDoesNotRunAgain) {
  Rig rig("echo >>\"$1/began\"; exec sleep 600");
  rig.options.cluster.options = {"--requeue"};  // as an administrator can
  rig.launch("l-1", "batch");
  ASSERT_TRUE(rig.noted("began"));
  const std::string job = rig.run({"squeue", "--me", "--noheader", "-o", "%A"});
  rig.run({"scontrol", "requeue", std::string(trim(job))});
  std::this_thread::sleep_for(seconds(5));
  rig.run({"scontrol", "update", "jobid=" + std::string(trim(job)), "StartTime=now"});
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::terminated));
  for (int i = 0; i < 200 && !rig.run({"squeue", "--me", "--noheader"}).empty(); ++i)
    std::this_thread::sleep_for(milliseconds(100));
  EXPECT_EQ(rig.note("began"), "\n") << "one run";
}

// Counts the calls of a program in the file of that name, but for mere questions.
Fault counted(const std::string& program, const std::string& then = "exec \"$real\" \"$@\"") {
  return {program, "[ \"$1\" = --test-only ] || echo \"$*\" >>\"$(dirname \"$0\")/../" + program +
                       ".calls\"\n" + then};
}

int lines_in(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

TEST_F(RealSlurm, ManyLaunchesAreOneArrayAndEachIsAnInstance) {
  Rig rig("env >\"$1/environment.$TRADEWIND_INSTANCE\"; echo $2 $SLURM_JOB_ID >>\"$1/began\"; exec sleep 600",
          {}, {counted("sbatch"), counted("scancel")});
  const std::vector<Result<Launched>> launched = rig.launch_many(12, "batch");
  std::vector<InstanceRef> even;
  for (std::size_t i = 0; i < launched.size(); ++i) {
    ASSERT_TRUE(launched[i].ok()) << describe(launched[i].error());
    EXPECT_TRUE(launched[i]->ref.id.text().ends_with("_" + std::to_string(i) + ".l-" + std::to_string(i + 1)))
        << launched[i]->ref.id.text();
    if (i % 2 == 1) even.push_back(launched[i]->ref);
  }
  EXPECT_EQ(lines_in(rig.note("sbatch.calls")), 1) << rig.note("sbatch.calls");
  for (int i = 1; i <= 12; ++i)
    ASSERT_TRUE(rig.reaches("l-" + std::to_string(i), InstanceState::running)) << i;
  for (int i = 0; i < 1200 && lines_in(rig.note("began")) < 12; ++i)
    std::this_thread::sleep_for(milliseconds(100));
  for (int i = 1; i <= 12; ++i) {
    const std::string token = "l-" + std::to_string(i);
    EXPECT_NE(rig.note("began").find("--lease=" + token + " "), std::string::npos) << rig.note("began");
    EXPECT_EQ(rig.note("environment." + token).find("SLURM_ARRAY"), std::string::npos);
  }
  EXPECT_EQ(rig.provider().launch(rig.request("l-5", "batch"))->ref, launched[4]->ref)
      << "one token, one instance";

  for (const auto& state : rig.provider().terminate_many(even)) EXPECT_TRUE(state.ok());
  EXPECT_EQ(lines_in(rig.note("scancel.calls")), 1) << rig.note("scancel.calls");
  for (int i = 2; i <= 12; i += 2)
    EXPECT_TRUE(rig.reaches("l-" + std::to_string(i), InstanceState::terminated)) << i;
  EXPECT_EQ(rig.find("l-2")->reason, "terminated on request");
  for (int i = 1; i <= 12; i += 2)
    EXPECT_EQ(rig.find("l-" + std::to_string(i))->state, InstanceState::running) << i;
}

TEST_F(RealSlurm, ALostReplyOfAnArrayMakesNoSecondJobOfAnyToken) {
  Rig rig(
      "echo $2 >>\"$1/began\"; exec sleep 600", {},
      {counted("sbatch", "\"$real\" \"$@\" >/dev/null; echo 'sbatch: error: Socket timed out' >&2; exit 1")});
  for (const Result<Launched>& lost : rig.launch_many(4, "batch")) {
    ASSERT_FALSE(lost.ok());
    EXPECT_EQ(lost.error().code, Code::unavailable);
  }
  const std::unique_ptr<SlurmProvider> another = rig.open_another();
  std::vector<LaunchRequest> requests;
  for (int i = 1; i <= 4; ++i) requests.push_back(rig.request("l-" + std::to_string(i), "batch"));
  for (const Result<Launched>& again : another->launch_many(requests)) {
    ASSERT_TRUE(again.ok()) << describe(again.error());
    EXPECT_NE(again->ref.id.text().find('_'), std::string::npos) << "the element that was submitted first";
  }
  for (int i = 1; i <= 4; ++i) EXPECT_TRUE(rig.reaches("l-" + std::to_string(i), InstanceState::running));
  EXPECT_EQ(lines_in(rig.note("sbatch.calls")), 1) << rig.note("sbatch.calls");
}

TEST_F(RealSlurm, ArraysAreNoLongerThanTheClusterAllows) {
  Rig rig(
      "exec sleep 600", {},
      {counted("sbatch"),
       {"scontrol", "case \"$*\" in *config*) echo 'MaxArraySize = 5' ;; *) exec \"$real\" \"$@\" ;; esac"}});
  for (const Result<Launched>& launched : rig.launch_many(12, "batch"))
    EXPECT_TRUE(launched.ok()) << describe(launched.error());
  EXPECT_EQ(lines_in(rig.note("sbatch.calls")), 3) << rig.note("sbatch.calls");
}

TEST_F(RealSlurm, WhereALimitAllowsFewerAPartIsSubmitted) {
  Rig rig("exec sleep 600", {},
          {counted("sbatch",
                   "case \"$*\" in *--array=0-1[0-9]*|*--array=0-[4-9]*) echo 'sbatch: error: Job violates "
                   "accounting/QOS policy (job submit limit)' >&2; exit 1 ;; esac\nexec \"$real\" \"$@\"")});
  const std::vector<Result<Launched>> launched = rig.launch_many(12, "batch");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(launched[i].ok()) << i;
  for (std::size_t i = 3; i < 12; ++i) {
    ASSERT_FALSE(launched[i].ok()) << i;
    EXPECT_EQ(launched[i].error().code, Code::quota_exceeded);
    EXPECT_FALSE(io::path_exists(rig.folder("l-" + std::to_string(i + 1))))
        << "no secret lies there for nothing";
  }
  EXPECT_EQ(lines_in(rig.note("sbatch.calls")), 3) << rig.note("sbatch.calls");
}

TEST_F(RealSlurm, ARequeuedElementDoesNotRunAgain) {
  Rig rig("echo $2 >>\"$1/began\"; exec sleep 600");
  rig.options.cluster.options = {"--requeue"};
  const std::vector<Result<Launched>> launched = rig.launch_many(3, "batch");
  for (int i = 0; i < 300 && lines_in(rig.note("began")) < 3; ++i)
    std::this_thread::sleep_for(milliseconds(100));
  const std::string id = launched[1]->ref.id.text();
  const std::string job = id.substr(0, id.find('.'));
  rig.run({"scontrol", "requeue", job});
  std::this_thread::sleep_for(seconds(5));
  rig.run({"scontrol", "update", "jobid=" + job, "StartTime=now"});
  ASSERT_TRUE(rig.reaches("l-2", InstanceState::terminated));
  EXPECT_EQ(rig.find("l-1")->state, InstanceState::running);
  std::this_thread::sleep_for(seconds(2));
  EXPECT_EQ(lines_in(rig.note("began")), 3) << rig.note("began");
}

TEST_F(RealSlurm, ANewControllerFindsWhatTheOldOneStarted) {
  Rig rig("echo >\"$1/began\"; exec sleep 600");
  const InstanceRef ref = rig.launch("l-1", "batch");
  ASSERT_TRUE(rig.noted("began"));
  const std::string pid_file = (double_folder() / "run" / "slurmctld.pid").string();
  rig.run({"sh", "-c", "kill -9 $(cat \"$1\")", "kill", pid_file});
  std::this_thread::sleep_for(seconds(1));
  const Result<InstancePage> blind = rig.provider().instances(rig.owner, "");
  ASSERT_FALSE(blind.ok()) << "no answer is no evidence";
  EXPECT_EQ(blind.error().code, Code::unavailable);
  const Result<Launched> refused = rig.provider().launch(rig.request("l-2", "batch"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::unavailable);
  rig.run({(double_folder() / "bin" / "slurmctld").string()});
  for (int i = 0; i < 200 && !rig.provider().instances(rig.owner, "").ok(); ++i)
    std::this_thread::sleep_for(milliseconds(100));
  ASSERT_TRUE(rig.reaches("l-1", InstanceState::running));
  EXPECT_EQ(rig.find("l-1")->ref, ref);
}

TEST_F(RealSlurm, AnsweredSlowlyItStillLaunchesOnce) {
  Rig rig("echo >>\"$1/began\"; exec sleep 600", {},
          {{"sbatch", "sleep 3; exec \"$real\" \"$@\""}, {"squeue", "sleep 3; exec \"$real\" \"$@\""}});
  rig.options.patience = seconds(1);
  const Result<Launched> late = rig.provider().launch(rig.request("l-1", "batch"));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Code::unavailable);
  rig.options.patience = seconds(30);
  const Result<Launched> again = rig.open_another()->launch(rig.request("l-1", "batch"));
  ASSERT_TRUE(again.ok()) << describe(again.error());
  ASSERT_TRUE(rig.noted("began"));
  EXPECT_EQ(rig.note("began"), "\n");
}

}  // namespace
}  // namespace tradewind::slurm
