// The whole way of a job on real processes: server state, loop, local zones, machines, agents, a program that
// counts. This program is also what a machine runs: `control_plane_test local-machine --dir=DIR`.
#include "app/main/control_plane.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <utility>

#include "edge/checkpoint/checkpoint.h"
#include "edge/checkpoint/ledger.h"
#include "edge/drivers/local/instance_folder.h"
#include "edge/drivers/local/machine.h"
#include "edge/io/process_table.h"
#include "edge/io/system_clock.h"

namespace tradewind {
namespace {

namespace fs = std::filesystem;

// Counts to 60, ten steps a second; each step is a line of `count`, which is the whole state.
constexpr const char* counting_program = R"(
mkdir -p "$TRADEWIND_CHECKPOINT_DIR"
state="$TRADEWIND_CHECKPOINT_DIR/count"
n=0; [ -f "$state" ] && n=$(wc -l < "$state")
trap 'exit 143' TERM
while [ "$n" -lt 60 ]; do
  n=$((n+1))
  { [ -f "$state" ] && cat "$state"; echo "step $n"; } > "$state.new" && mv "$state.new" "$state"
  echo "{\"step\":$n,\"total\":60,\"metrics\":{\"loss\":$((60-n))}}" >> "$TRADEWIND_PROGRESS"
  echo "{\"checkpoint\":\"saved\",\"step\":$n}" >> "$TRADEWIND_PROGRESS"
  sleep 0.1
done
)";

class EndToEnd : public ::testing::Test {
 protected:
  EndToEnd() {
    std::string name = (fs::temp_directory_path() / "tw-e2e-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~EndToEnd() override {
    plane_.reset();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }

  void start(const std::string& zones_yaml) {
    std::ofstream(folder_ / "zones.yaml") << zones_yaml;
    app::ControlPlaneOptions options;
    options.database = (folder_ / "state.db").string();
    options.store_folder = folder_ / "store";
    options.drivers.folders = {folder_ / "config", folder_ / "state", folder_ / "data", folder_ / "cache"};
    options.drivers.zones_file = folder_ / "zones.yaml";
    options.drivers.machine_program = {fs::read_symlink("/proc/self/exe").string(), "local-machine"};
    options.drivers.agent_program = {TRADEWIND_AGENT};
    options.drivers.environment = {{"PATH", "/usr/bin:/bin"}};
    auto plane = app::start_control_plane(options, clock_);
    ASSERT_TRUE(plane.ok()) << describe(plane.error());
    plane_ = *std::move(plane);
  }

  static JobSpec counting_job() {
    JobSpec spec;
    spec.name = "count";
    spec.run = counting_program;
    spec.work.total = 60;
    spec.duration = Duration(10'000);
    spec.checkpoint.path = "state";
    spec.checkpoint.interval = Duration(1000);
    spec.checkpoint.keep = 100;  // all of them: tests read earlier ones
    return spec;
  }
  JobId submit(const JobSpec& spec = counting_job()) {
    const Result<JobId> job = plane_->service->submit(spec);
    EXPECT_TRUE(job.ok()) << describe(job.error());
    return job.value_or(JobId());
  }

  JobRecord job(const JobId& id) {
    JobRecord found;
    EXPECT_TRUE(plane_->service->view([&](const ClusterState& state) { found = state.jobs.at(id); }).ok());
    return found;
  }
  std::vector<LeaseRecord> leases() {
    std::vector<LeaseRecord> found;
    EXPECT_TRUE(plane_->service
                    ->view([&](const ClusterState& state) {
                      for (const auto& [id, lease] : state.leases) found.push_back(lease);
                    })
                    .ok());
    return found;
  }
  // Of the job, in order of intent; without those that no instance was had for.
  std::vector<LeaseRecord> launched_leases(const JobId& id) {
    std::vector<LeaseRecord> found;
    EXPECT_TRUE(plane_->service
                    ->view([&](const ClusterState& state) {
                      for (const LeaseId& lease : state.jobs.at(id).leases) {
                        if (state.leases.at(lease).launched_at) found.push_back(state.leases.at(lease));
                      }
                    })
                    .ok());
    return found;
  }
  bool wait_for(const std::function<bool()>& condition) {
    for (int i = 0; i < 900; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }
  std::string story() {
    std::string text;
    const auto history = plane_->service->history({});
    for (const auto& entry : *history) text += entry.kind + " " + entry.subject + ": " + entry.detail + "\n";
    return text;
  }
  // The program's state as its newest checkpoint has it.
  std::string saved_count(const JobId& id) {
    const auto place = plane_->service->chunks_of(id);
    const auto restored = checkpoint::restore(*place, {job(id).saved->manifest, folder_ / "restored"});
    EXPECT_TRUE(restored.ok());
    std::ifstream file(folder_ / "restored" / "count");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // The root digest of the newest checkpoint that an epoch brought into the ledger; empty: none.
  std::string last_digest_of(const JobId& id, std::uint64_t epoch) {
    const auto place = plane_->service->chunks_of(id);
    const auto ledger = checkpoint::read_ledger(*place->home, place->job_prefix, 0);
    EXPECT_TRUE(ledger.ok());
    std::string digest;
    for (const LedgerRecord& record : *ledger) {
      if (record.kind != LedgerKind::checkpoint || record.epoch != epoch) continue;
      const auto manifest = checkpoint::read_manifest(*place, record.manifest);
      EXPECT_TRUE(manifest.ok());
      digest = manifest->root_digest;
    }
    return digest;
  }
  void expect_nothing_left() {
    EXPECT_TRUE(wait_for([&] {
      for (const LeaseRecord& lease : leases()) {
        if (lease.state != LeaseState::ended) return false;
      }
      return true;
    })) << story();
    for (const LeaseRecord& lease : leases()) {
      const std::string marker = local::marker_of(lease.id.text());
      EXPECT_TRUE(wait_for([&] { return io::find_by_environment(io::list_processes(), marker).empty(); }))
          << marker;
    }
  }
  // The first zone is the cheaper one and its spot capacity ends after some seconds, for good: the job begins
  // there and goes on in the second from the newest checkpoint.
  void expect_continued_elsewhere(const JobId& id) {
    ASSERT_TRUE(wait_for([&] { return is_final(job(id).state); })) << story();
    EXPECT_EQ(job(id).state, JobState::succeeded) << story();
    const std::vector<LeaseRecord> tried = launched_leases(id);
    ASSERT_EQ(tried.size(), 2U) << story();
    EXPECT_EQ(tried[0].offer.location.region, "shoal");
    EXPECT_EQ(tried[0].offer.purchase, Purchase::spot);
    EXPECT_EQ(tried[0].end, LeaseEnd::preempted) << story();
    EXPECT_EQ(tried[1].offer.location.region, "harbour");
    ASSERT_TRUE(tried[1].status.has_value());
    EXPECT_GT(tried[1].status->resumed_step, 0);
    EXPECT_LT(tried[1].status->resumed_step, 60);
    EXPECT_FALSE(tried[1].status->restored_digest.empty());
    EXPECT_EQ(tried[1].status->restored_digest, last_digest_of(id, 1)) << story();
    EXPECT_EQ(saved_count(id), whole_count());
    expect_nothing_left();
  }
  static std::string whole_count() {
    std::string text;
    for (int i = 1; i <= 60; ++i) text += "step " + std::to_string(i) + "\n";
    return text;
  }

  fs::path folder_;
  io::SystemClock clock_;
  std::unique_ptr<app::RunningControlPlane> plane_;
};

TEST_F(EndToEnd, AJobRunsToItsEndAndNothingIsLeftRunning) {
  start("zones:\n  - {name: harbour, on_demand_price_per_hour: 0.10, cold_start: 100ms}\n");
  const JobId id = submit();
  ASSERT_TRUE(wait_for([&] { return is_final(job(id).state); })) << story();
  EXPECT_EQ(job(id).state, JobState::succeeded) << story();
  EXPECT_EQ(saved_count(id), whole_count());
  EXPECT_TRUE(wait_for([&] { return leases().front().state == LeaseState::ended; })) << story();
}

// Zones that differ in price alone: the job runs in the first, the second's store is far from it.
TEST_F(EndToEnd, CheckpointsAreKeptInEveryStoreThatTheTaskNames) {
  start(
      "zones:\n"
      "  - {name: island, price_per_hour: 0.20, spot: no}\n"
      "  - {name: cape, price_per_hour: 0.30, spot: no}\n");
  JobSpec spec = counting_job();
  spec.checkpoint.stores = {"home", "local/cape", "local/nowhere"};
  const Result<JobId> refused = plane_->service->submit(spec);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
  EXPECT_NE(describe(refused.error()).find("local/nowhere"), std::string::npos);

  spec.checkpoint.stores = {"home", "local/cape"};
  const JobId id = submit(spec);
  ASSERT_TRUE(wait_for([&] { return is_final(job(id).state); })) << story();
  EXPECT_EQ(job(id).state, JobState::succeeded) << story();
  checkpoint::ChunkPlace place = *plane_->service->chunks_of(id);
  ASSERT_EQ(place.standby.size(), 1U);
  // As if the home store were lost: all that is needed lies in the other one.
  place.home = std::exchange(place.standby, {}).front();
  EXPECT_EQ(place.home, plane_->world.stores.at("local/cape"));
  ASSERT_TRUE(checkpoint::restore(place, {job(id).saved->manifest, folder_ / "from standby"}).ok());
  std::ifstream file(folder_ / "from standby" / "count");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), whole_count());
  expect_nothing_left();
}

TEST_F(EndToEnd, AMoveLosesNoStep) {
  start(
      "zones:\n"
      "  - {name: island, on_demand_price_per_hour: 0.20, cold_start: 100ms}\n"
      "  - {name: cape, on_demand_price_per_hour: 0.30, cold_start: 100ms}\n");
  const JobId id = submit();
  std::string here;
  ASSERT_TRUE(wait_for([&] {
    for (const LeaseRecord& lease : leases()) {
      if (lease.state == LeaseState::active && job(id).state == JobState::running)
        here = lease.offer.location.region;
    }
    return !here.empty();
  })) << story();
  const Location target{"local", here == "cape" ? "island" : "cape", ""};
  const Result<MoveId> move = plane_->service->move(id, target);
  ASSERT_TRUE(move.ok()) << describe(move.error()) << story();
  ASSERT_TRUE(wait_for([&] { return is_final(job(id).state); })) << story();
  EXPECT_EQ(job(id).state, JobState::succeeded) << story();
  MoveRecord record;
  EXPECT_TRUE(plane_->service->view([&](const ClusterState& state) { record = state.moves.at(*move); }).ok());
  EXPECT_EQ(record.state, MoveState::done) << story();
  EXPECT_EQ(record.step_saved, record.step_resumed);
  EXPECT_EQ(record.digest_saved, record.digest_restored);
  EXPECT_FALSE(record.digest_saved.empty());
  EXPECT_EQ(saved_count(id), whole_count());
}

TEST_F(EndToEnd, APreemptionWithoutNoticeLosesOnlyWhatWasNotSaved) {
  start(
      "zones:\n"
      "  - name: shoal\n"
      "    price_per_hour: 0.10\n"
      "    cold_start: 100ms\n"
      "    trace: {clock: zone, tick: 1s, notice: false, runs: [[1, 3], [0, 600]]}\n"
      "  - {name: harbour, spot: no, price_per_hour: 0.30, cold_start: 100ms}\n");
  const JobId id = submit();
  expect_continued_elsewhere(id);
  EXPECT_FALSE(launched_leases(id)[0].status->notice.has_value());
}

TEST_F(EndToEnd, APreemptionWithNoticeLosesNoStep) {
  start(
      "zones:\n"
      "  - name: shoal\n"
      "    price_per_hour: 0.10\n"
      "    cold_start: 100ms\n"
      "    notice_lead: 3s\n"
      "    trace: {clock: zone, tick: 1s, notice: true, runs: [[1, 6], [0, 600]]}\n"
      "  - {name: harbour, spot: no, price_per_hour: 0.30, cold_start: 100ms}\n");
  const JobId id = submit();
  expect_continued_elsewhere(id);
  const std::vector<LeaseRecord> tried = launched_leases(id);
  ASSERT_TRUE(tried[0].status->notice.has_value()) << story();
  EXPECT_EQ(tried[0].status->phase, AgentPhase::stopped);
  EXPECT_EQ(tried[0].status->saved_digest, tried[1].status->restored_digest);
  // The program was told to end and its last state was kept: what it had reported is what it resumed from.
  EXPECT_GE(tried[1].status->resumed_step, tried[0].status->step);
}

}  // namespace
}  // namespace tradewind

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "local-machine") {
    return tradewind::local::run_machine(std::string(argv[2]).substr(std::string("--dir=").size()));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
