#include "edge/drivers/local/local_provider.h"

#include <chrono>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

#include "edge/drivers/local/machine.h"
#include "edge/drivers/local/testing/harness.h"
#include "edge/objectstore/file_url.h"
#include "edge/provider/testing/conformance.h"

namespace tradewind::local {
namespace {

using provider::Launched;
using std::chrono::seconds;

constexpr const char* idle_agent = "exec sleep 600";

class LocalSubject final : public provider::ConformanceSubject {
 public:
  LocalSubject() : harness_({plain_zone("harbour", 3), plain_zone("reef", 3)}, idle_agent) {
    harness_.options.page_size = 2;
    first_ = harness_.open_another();
    second_ = harness_.open_another();
  }
  provider::Provider& provider() override { return *first_; }
  provider::Provider& reopened() override { return *second_; }
  Offer offer() override { return harness_.request("t", "harbour", Purchase::spot).offer; }
  int capacity() override { return 3; }
  void wait(Duration span) override { std::this_thread::sleep_for(span); }

 private:
  Harness harness_;
  std::unique_ptr<LocalProvider> first_;
  std::unique_ptr<LocalProvider> second_;
};

const bool registered =
    provider::register_conformance("Local", [] { return std::make_unique<LocalSubject>(); });

TEST(LocalProvider, SellsEachZoneOnDemandAndSpot) {
  Harness harness({plain_zone("harbour"), plain_zone("reef")}, idle_agent);
  const Result<std::vector<Offer>> offers = harness.provider().offers({});
  ASSERT_TRUE(offers.ok());
  std::vector<std::string> keys;
  for (const Offer& offer : *offers) keys.push_back(offer_key(offer));
  EXPECT_EQ(keys, (std::vector<std::string>{"local/harbour:machine:on_demand", "local/harbour:machine:spot",
                                            "local/reef:machine:on_demand", "local/reef:machine:spot"}));
  EXPECT_EQ(harness.provider().capabilities().regions, (std::vector<std::string>{"harbour", "reef"}));
  EXPECT_TRUE(harness.provider().capabilities().spot);
  EXPECT_EQ(harness.provider().capabilities().notice_lead, seconds(5));
}

TEST(LocalProvider, GivesEachZoneAStoreOfItsOwn) {
  Zone own = plain_zone("own");
  own.store = "file:///tmp";
  Harness harness({plain_zone("harbour"), own}, idle_agent);
  EXPECT_EQ(harness.provider().zone_store_url({"local", "harbour"}).value(),
            objectstore::file_url((harness.options.stores / "harbour").string()));
  EXPECT_TRUE(std::filesystem::is_directory(harness.options.stores / "harbour"));
  EXPECT_EQ(harness.provider().zone_store_url({"local", "own"}).value(), "file:///tmp");
  EXPECT_EQ(harness.provider().zone_store_url({"local", "none"}).error().code, Code::not_found);
}

TEST(LocalProvider, RefusesZonesOfOneNameAndRelativeFolders) {
  Harness harness({plain_zone("harbour")}, idle_agent);
  LocalOptions twice = harness.options;
  twice.zones.push_back(plain_zone("harbour"));
  EXPECT_EQ(LocalProvider::open(twice, harness.clock()).error().code, Code::invalid_argument);
  LocalOptions relative = harness.options;
  relative.root = "local";
  EXPECT_EQ(LocalProvider::open(relative, harness.clock()).error().code, Code::invalid_argument);
}

TEST(LocalProvider, TellsTheAgentWhereItIsAndWhatItHas) {
  Zone zone = plain_zone("harbour");
  zone.accelerator = Accelerator{"A100", 1, 40};
  Harness harness({zone},
                  "printf '%s\\n' \"$@\" > \"$1/arguments\"; env > \"$1/environment\"; pwd > \"$1/cwd\"");
  harness.options.environment["TRADEWIND_TOKEN"] = "secret";
  harness.options.environment["AWS_SECRET_ACCESS_KEY"] = "secret";
  harness.options.environment["KEPT"] = "yes";
  const Result<Launched> launched =
      harness.open_another()->launch(harness.request("l-1", "harbour", Purchase::spot));
  ASSERT_TRUE(launched.ok());
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  const std::string scratch = harness.folder("l-1").scratch().string();
  EXPECT_EQ(io::read_file(harness.notes() / "arguments").value(),
            harness.notes().string() + "\n--lease=l-1\n--scratch=" + scratch +
                "\n--local-store=" + harness.provider().zone_store_url({"local", "harbour"}).value() +
                "\n--limit-file=" + harness.folder("l-1").limit().string() +
                "\n--purchase=spot\n--accelerator=A100:1\n--notice=" +
                harness.folder("l-1").notice().string() + "\n--notice-lead=5000ms\n");
  const std::string environment = io::read_file(harness.notes() / "environment").value();
  EXPECT_NE(environment.find("TRADEWIND_INSTANCE=l-1\n"), std::string::npos);
  EXPECT_NE(environment.find("TMPDIR=" + scratch + "/tmp\n"), std::string::npos);
  EXPECT_NE(environment.find("KEPT=yes\n"), std::string::npos);
  EXPECT_EQ(environment.find("secret"), std::string::npos) << "no credentials reach a machine";
  EXPECT_EQ(io::read_file(harness.notes() / "cwd").value(), scratch + "\n");
  EXPECT_EQ(harness.find("l-1")->reason, "the agent ended: exit code 0");
}

TEST(LocalProvider, SecretsReachTheAgentAndAreWrittenNowhere) {
  // $PPID is the machine: what its own environment still shows.
  Harness harness({plain_zone("harbour")},
                  "env > \"$1/environment\"; cat /proc/$PPID/environ > \"$1/machine\"; exec sleep 60");
  provider::LaunchRequest request = harness.request("l-1", "harbour", Purchase::on_demand);
  request.secrets["TRADEWIND_JOB_KEY"] = "what only the agent has";
  ASSERT_TRUE(harness.provider().launch(request).ok());
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::running));
  ASSERT_TRUE(eventually([&] {
    return io::path_exists(harness.notes() / "machine") &&
           !io::read_file(harness.notes() / "machine")->empty();
  }));
  const std::string environment = io::read_file(harness.notes() / "environment").value();
  EXPECT_NE(environment.find("TRADEWIND_JOB_KEY=what only the agent has\n"), std::string::npos);
  EXPECT_EQ(io::read_file(harness.notes() / "machine")->find("what only"), std::string::npos);
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(harness.folder("l-1").path())) {
    if (!entry.is_regular_file()) continue;
    ++files;
    EXPECT_EQ(io::read_file(entry.path())->find("what only"), std::string::npos) << entry.path();
  }
  EXPECT_GT(files, 2);
}

TEST(LocalProvider, AnAgentWhoseStoreIsAtACloudHasWhatOpensItAndNothingElse) {
  Zone far = plain_zone("far");
  far.store = "s3://bucket/far?region=eu-west-1";
  Harness harness({far}, "env > \"$1/environment\"");
  harness.options.environment["AWS_SECRET_ACCESS_KEY"] = "what opens it";
  harness.options.environment["GITHUB_TOKEN"] = "secret";
  ASSERT_TRUE(harness.open_another()->launch(harness.request("l-1", "far", Purchase::on_demand)).ok());
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  const std::string environment = io::read_file(harness.notes() / "environment").value();
  EXPECT_NE(environment.find("AWS_SECRET_ACCESS_KEY=what opens it\n"), std::string::npos);
  EXPECT_EQ(environment.find("secret"), std::string::npos);
}

TEST(LocalProvider, SaysWhyAnAgentThatCannotBeStartedIsNotRunning) {
  Harness harness({plain_zone("harbour")}, idle_agent);
  harness.options.agent_program = {"/no/such/agent"};
  ASSERT_TRUE(harness.open_another()->launch(harness.request("l-1", "harbour", Purchase::on_demand)).ok());
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  EXPECT_NE(harness.find("l-1")->reason.find("/no/such/agent"), std::string::npos);
}

TEST(LocalProvider, MakesNothingWhenTheMachineProgramIsMissing) {
  Harness harness({plain_zone("harbour")}, idle_agent);
  LocalOptions broken = harness.options;
  broken.machine_program = {"/no/such/machine"};
  const auto provider = LocalProvider::open(broken, harness.clock()).value();
  const Result<Launched> refused = provider->launch(harness.request("l-1", "harbour", Purchase::on_demand));
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("/no/such/machine"), std::string::npos);
  EXPECT_FALSE(io::path_exists(harness.folder("l-1").path()));
  broken.machine_program = {"/bin/false"};
  const auto failing = LocalProvider::open(broken, harness.clock()).value();
  EXPECT_FALSE(failing->launch(harness.request("l-1", "harbour", Purchase::on_demand)).ok());
  harness.launch("l-1", "harbour");
  EXPECT_TRUE(harness.reaches("l-1", InstanceState::running)) << "the token is unused";
}

TEST(LocalProvider, RefusesTokensThatCannotBeFolders) {
  Harness harness({plain_zone("harbour")}, idle_agent);
  for (const std::string& token :
       std::vector<std::string>{"", "../x", "a/b", ".hidden", "a b", std::string(65, 'a')}) {
    const Result<Launched> refused =
        harness.provider().launch(harness.request(token, "harbour", Purchase::spot));
    ASSERT_FALSE(refused.ok()) << token;
    EXPECT_EQ(refused.error().code, Code::invalid_argument) << token;
  }
  EXPECT_EQ(harness.provider().terminate({{"local", "harbour"}, InstanceId("../../x")}).value(),
            provider::TerminateState::done);
}

TEST(LocalProvider, StartsWhatACrashLeftBetweenItsMakingAndItsStart) {
  Harness harness({plain_zone("harbour")}, idle_agent);
  // A launcher that dies at once after publishing: its machine program does nothing.
  LocalOptions dying = harness.options;
  dying.machine_program = {"/bin/true"};
  const auto crashed = LocalProvider::open(dying, harness.clock()).value();
  const provider::LaunchRequest asked = harness.request("l-1", "harbour", Purchase::on_demand);
  const Result<Launched> first = crashed->launch(asked);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(harness.processes("l-1").empty());
  const Result<Launched> again = harness.provider().launch(asked);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->ref, first->ref);
  EXPECT_EQ(again->launched_at, first->launched_at);
  EXPECT_TRUE(harness.reaches("l-1", InstanceState::running));
  // Another one is found by looking alone.
  ASSERT_TRUE(crashed->launch(harness.request("l-2", "harbour", Purchase::on_demand)).ok());
  EXPECT_TRUE(harness.reaches("l-2", InstanceState::running));
}

TEST(LocalProvider, EndsWhatWasNeverStartedWithoutStartingIt) {
  Harness harness({plain_zone("harbour")}, "touch \"$1/started\"; exec sleep 600");
  LocalOptions dying = harness.options;
  dying.machine_program = {"/bin/true"};
  const auto crashed = LocalProvider::open(dying, harness.clock()).value();
  const Result<Launched> made = crashed->launch(harness.request("l-1", "harbour", Purchase::on_demand));
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(harness.provider().terminate(made->ref).value(), provider::TerminateState::done);
  EXPECT_EQ(harness.find("l-1")->reason, "terminated on request");
  EXPECT_FALSE(io::path_exists(harness.notes() / "started"));
}

TEST(LocalProvider, SweepsUpAHalfMadeFolder) {
  Harness harness({plain_zone("harbour")}, idle_agent);
  const std::filesystem::path half = harness.root() / "instances" / ".new-abc123";
  ASSERT_TRUE(io::make_folders(half).ok());
  harness.launch("l-1", "harbour");
  EXPECT_FALSE(io::path_exists(half));
}

TEST(LocalProvider, ForgetsEndedInstancesAfterADayButNotTheirTokens) {
  Harness harness({plain_zone("harbour")}, "exit 0");
  const InstanceRef ref = harness.launch("l-1", "harbour");
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  ASSERT_TRUE(eventually([&] { return !io::FileLock::is_held(harness.folder("l-1").alive_lock()); }));
  StateRecord old = harness.folder("l-1").state().value();
  old.terminated_at = harness.clock().now() - std::chrono::hours(25);
  ASSERT_TRUE(harness.folder("l-1").write(old).ok());
  EXPECT_FALSE(harness.find("l-1").has_value());
  EXPECT_FALSE(io::path_exists(harness.folder("l-1").path()));
  EXPECT_EQ(harness.launch("l-1", "harbour"), ref);
  EXPECT_FALSE(harness.find("l-1").has_value()) << "nothing was launched";
  EXPECT_EQ(harness.provider().terminate(ref).value(), provider::TerminateState::done);
}

TEST(LocalProvider, CountsATraceWithTheZonesClockFromItsFirstUse) {
  Zone zone = plain_zone("harbour");
  zone.trace = Trace{TraceClock::zone, seconds(1), 1, false, false, {{1, 1}, {0, 1}}};
  Harness harness({zone}, idle_agent);
  harness.launch("l-1", "harbour", Purchase::spot);
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  EXPECT_TRUE(harness.find("l-1")->preempted);
  const Result<Launched> refused =
      harness.open_another()->launch(harness.request("l-2", "harbour", Purchase::spot));
  ASSERT_FALSE(refused.ok()) << "a new driver knows when the zone began";
  EXPECT_EQ(refused.error().code, Code::insufficient_capacity);
  harness.launch("l-3", "harbour", Purchase::on_demand);
  EXPECT_TRUE(harness.reaches("l-3", InstanceState::running)) << "on demand is not taken back";
}

TEST(LocalProvider, SaysWhichFileIsCorrupt) {
  Harness harness({plain_zone("harbour")}, "exit 0");
  harness.launch("l-1", "harbour");
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  const std::string right = io::read_file(harness.folder("l-1").launch_file()).value();
  std::ofstream(harness.folder("l-1").launch_file()) << "{";
  const Result<InstancePage> page = harness.provider().instances(test_owner, "");
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, Code::corrupt);
  EXPECT_NE(page.error().message.find("launch.json"), std::string::npos);
  std::ofstream(harness.folder("l-1").launch_file()) << right;
}

}  // namespace
}  // namespace tradewind::local

// The machines of these tests are this program itself.
int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "local-machine") {
    return tradewind::local::run_machine(std::string(argv[2]).substr(std::string("--dir=").size()));
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
