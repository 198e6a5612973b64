#include "edge/drivers/local/machine.h"

#include <chrono>
#include <gtest/gtest.h>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include "base/text.h"
#include "edge/drivers/local/cgroup.h"
#include "edge/drivers/local/testing/harness.h"
#include "edge/io/process.h"
#include "edge/io/process_tree.h"

namespace tradewind::local {
namespace {

using std::chrono::seconds;

// Programs of an instance that do all they can to stay.
constexpr const char* clinging_agent = R"(
trap '' TERM HUP INT
setsid sh -c 'trap "" TERM; sleep 600 & setsid sh -c "cd /; sleep 600 & exec sleep 600" & exec sleep 600' &
( exec <&- >&- 2>&-; sleep 600 ) &
env -i setsid sh -c '(cd /; sleep 600) & exec sleep 600' &
touch "$1/up"
while :; do sleep 600; done
)";

// Running processes below the machine, also those that hide from the marker.
std::vector<io::ProcessInfo> family(const Harness& harness, const std::string& token) {
  std::vector<io::ProcessInfo> running;
  for (const io::ProcessInfo& info : io::descendants(io::list_processes(), harness.machine_pid(token))) {
    if (!info.ended()) running.push_back(info);
  }
  return running;
}

bool can_make_cgroups() {
  const Cgroup probe = Cgroup::create("probe-" + std::to_string(::getpid()), {}, own_hierarchies());
  return probe.remove() && !probe.folders().empty();
}

bool none_runs(const std::vector<io::ProcessInfo>& processes) {
  for (const io::ProcessInfo& info : processes) {
    if (io::is_running(info.identity)) return false;
  }
  return true;
}

class MachineTest : public testing::Test {
 protected:
  // Launched, up, with its processes.
  std::vector<io::ProcessInfo> start(Harness& harness, const std::string& token, Purchase purchase,
                                     std::size_t processes_min) {
    harness.launch(token, "harbour", purchase);
    EXPECT_TRUE(eventually([&] { return io::path_exists(harness.notes() / "up"); }));
    EXPECT_TRUE(eventually([&] { return family(harness, token).size() >= processes_min; }));
    return family(harness, token);
  }
  void expect_gone(Harness& harness, const std::string& token,
                   const std::vector<io::ProcessInfo>& processes) {
    EXPECT_TRUE(none_runs(processes));
    EXPECT_TRUE(harness.processes(token).empty());
    EXPECT_FALSE(io::path_exists(harness.folder(token).scratch()));
    EXPECT_FALSE(io::path_exists(harness.folder(token).notice()));
    EXPECT_TRUE(eventually([&] { return !io::FileLock::is_held(harness.folder(token).alive_lock()); }));
    const Result<MachineRecord> machine = harness.folder(token).machine();
    ASSERT_TRUE(machine.ok());
    for (const std::string& cgroup : machine->cgroups) EXPECT_FALSE(io::path_exists(cgroup)) << cgroup;
  }
};

TEST_F(MachineTest, LeavesNothingWhenTerminated) {
  Harness harness({plain_zone("harbour")}, clinging_agent);
  const auto processes = start(harness, "l-1", Purchase::on_demand, 8);
  ASSERT_TRUE(harness.provider().terminate({{"local", "harbour"}, InstanceId("l-1")}).ok());
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  EXPECT_EQ(harness.find("l-1")->reason, "terminated on request");
  EXPECT_FALSE(harness.find("l-1")->preempted);
  expect_gone(harness, "l-1", processes);
}

TEST_F(MachineTest, LeavesNothingOfAForkBombOfFiveHundred) {
  Harness harness(
      {plain_zone("harbour")},
      "setsid sh -c 'i=0; while [ $i -lt 500 ]; do (n=0; while [ $n -lt 300 ]; do (exit 0) & wait; "
      "n=$((n+1)); done; sleep 600) & i=$((i+1)); done; wait' & touch \"$1/up\"; wait");
  const auto processes = start(harness, "l-1", Purchase::on_demand, 300);
  ASSERT_TRUE(harness.provider().terminate({{"local", "harbour"}, InstanceId("l-1")}).ok());
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  expect_gone(harness, "l-1", processes);
}

TEST_F(MachineTest, LeavesNothingWhenItsAgentEnds) {
  Harness harness({plain_zone("harbour")}, R"(
    setsid sh -c 'trap "" TERM; exec sleep 600' &
    touch "$1/up"
    while [ ! -e "$1/end" ]; do sleep 0.05; done
    exit 7)");
  const auto processes = start(harness, "l-1", Purchase::on_demand, 2);
  ASSERT_TRUE(io::write_file_atomic(harness.notes() / "end", "").ok());
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  EXPECT_EQ(harness.find("l-1")->reason, "the agent ended: exit code 7");
  expect_gone(harness, "l-1", processes);
}

TEST_F(MachineTest, EndsWhenItsAgentIsKilled) {
  Harness harness({plain_zone("harbour")}, clinging_agent);
  const auto processes = start(harness, "l-1", Purchase::on_demand, 8);
  // The agent is the machine's own child.
  for (const io::ProcessInfo& info : processes) {
    if (info.parent == harness.machine_pid("l-1") && info.group == info.identity.pid) {
      io::send_signal(info.identity, SIGKILL);
      break;
    }
  }
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  expect_gone(harness, "l-1", processes);
}

TEST_F(MachineTest, PreemptsWithoutNotice) {
  Zone zone = plain_zone("harbour");
  zone.trace = Trace{TraceClock::instance, seconds(2), 1, false, false, {{1, 1}, {0, 1}}};
  Harness harness({zone}, clinging_agent);
  const auto processes = start(harness, "l-1", Purchase::spot, 8);
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  const Instance seen = *harness.find("l-1");
  EXPECT_TRUE(seen.preempted);
  EXPECT_NE(seen.reason.find("preempted"), std::string::npos);
  EXPECT_GE(*seen.terminated_at - seen.launched_at, seconds(2));
  expect_gone(harness, "l-1", processes);
}

TEST_F(MachineTest, AnnouncesAPreemptionAndLetsTheAgentWorkUntilThen) {
  Zone zone = plain_zone("harbour");
  zone.notice_lead = seconds(2);
  zone.trace = Trace{TraceClock::instance, seconds(3), 1, true, false, {{1, 1}, {0, 1}}};
  Harness harness({zone}, R"(
    for argument; do case $argument in --notice=*) notice=${argument#--notice=};; esac; done
    [ -e "$notice" ] && exit 1
    while [ ! -e "$notice" ]; do sleep 0.02; done
    date +%s.%N > "$1/seen"
    cp "$notice" "$1/notice"
    while :; do date +%s.%N > "$1/last.new"; mv "$1/last.new" "$1/last"; sleep 0.05; done)");
  harness.launch("l-1", "harbour", Purchase::spot);
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  const Instance seen = *harness.find("l-1");
  EXPECT_TRUE(seen.preempted);
  const Result<json::value> notice = parse_json(io::read_file(harness.notes() / "notice").value());
  ASSERT_TRUE(notice.ok());
  EXPECT_EQ(notice->at("action"), "terminate");
  EXPECT_FALSE(notice->at("reason").as_string().empty());
  const Time deadline = parse_utc(std::string(notice->at("deadline").as_string())).value();
  EXPECT_GE(*seen.terminated_at, deadline) << "not before the announced time";
  const double noticed = std::stod(io::read_file(harness.notes() / "seen").value());
  const double last = std::stod(io::read_file(harness.notes() / "last").value());
  EXPECT_GT(last, noticed + 0.1) << "the agent went on after the notice";
  EXPECT_FALSE(io::path_exists(harness.folder("l-1").scratch()));
}

TEST_F(MachineTest, EndsAtItsHardLimit) {
  Harness harness({plain_zone("harbour")}, clinging_agent);
  provider::LaunchRequest request = harness.request("l-1", "harbour", Purchase::on_demand);
  request.hard_limit = harness.clock().now() + seconds(1);
  ASSERT_TRUE(harness.provider().launch(request).ok());
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  EXPECT_NE(harness.find("l-1")->reason.find("hard limit"), std::string::npos);
  EXPECT_TRUE(harness.processes("l-1").empty());
}

TEST_F(MachineTest, RunsOnWhenItsAgentWasGivenMoreTime) {
  Harness harness({plain_zone("harbour")}, R"(
    for argument; do case $argument in --limit-file=*) limit=${argument#--limit-file=};; esac; done
    echo nonsense > "$limit"
    date -u -d '+4 seconds' +%Y-%m-%dT%H:%M:%SZ > "$limit.new" && mv "$limit.new" "$limit"
    touch "$1/up"
    sleep 600)");
  provider::LaunchRequest request = harness.request("l-1", "harbour", Purchase::on_demand);
  request.hard_limit = harness.clock().now() + seconds(1);
  ASSERT_TRUE(harness.provider().launch(request).ok());
  ASSERT_TRUE(eventually([&] { return io::path_exists(harness.notes() / "up"); }));
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  const Instance seen = *harness.find("l-1");
  EXPECT_NE(seen.reason.find("hard limit"), std::string::npos) << seen.reason;
  EXPECT_GE(*seen.terminated_at - request.hard_limit, seconds(2)) << "not at its first limit";
  EXPECT_TRUE(harness.processes("l-1").empty());
}

TEST_F(MachineTest, WaitsTheColdStartAndCanBeEndedInIt) {
  Zone zone = plain_zone("harbour");
  zone.cold_start = seconds(600);
  Harness harness({zone}, "touch \"$1/up\"; exec sleep 600");
  harness.launch("l-1", "harbour");
  ASSERT_TRUE(eventually([&] { return harness.folder("l-1").machine().ok(); }));
  EXPECT_EQ(harness.find("l-1")->state, InstanceState::pending);
  ASSERT_TRUE(harness.provider().terminate({{"local", "harbour"}, InstanceId("l-1")}).ok());
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  EXPECT_FALSE(io::path_exists(harness.notes() / "up"));
}

TEST_F(MachineTest, OutlivesTheDriverThatLaunchedIt) {
  Harness harness({plain_zone("harbour")}, clinging_agent);
  {
    const auto other = harness.open_another();
    ASSERT_TRUE(other->launch(harness.request("l-1", "harbour", Purchase::on_demand)).ok());
  }
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::running));
  const Result<io::ProcessInfo> machine = io::process_info(harness.machine_pid("l-1"));
  ASSERT_TRUE(machine.ok());
  EXPECT_NE(machine->parent, ::getpid()) << "nobody has to collect it";
  EXPECT_NE(machine->session, ::getsid(0)) << "no terminal's hangup reaches it";
}

pid_t guardian_of(const Harness& harness, const std::string& token) {
  const Result<io::ProcessInfo> machine = io::process_info(harness.machine_pid(token));
  EXPECT_TRUE(machine.ok());
  return machine ? machine->parent : -1;
}

TEST_F(MachineTest, WhenKilledHasAGuardianThatEndsTheInstance) {
  Harness harness({plain_zone("harbour")}, clinging_agent);
  const auto processes = start(harness, "l-1", Purchase::on_demand, 8);
  ASSERT_EQ(::kill(harness.machine_pid("l-1"), SIGKILL), 0);
  // Nobody asks the supplier: the guardian does it by itself.
  ASSERT_TRUE(eventually([&] { return !io::FileLock::is_held(harness.folder("l-1").alive_lock()); }));
  EXPECT_EQ(harness.folder("l-1").state()->state, InstanceState::terminated);
  expect_gone(harness, "l-1", processes);
  const Instance seen = *harness.find("l-1");
  EXPECT_FALSE(seen.preempted);
  EXPECT_NE(seen.reason.find("died"), std::string::npos);
}

TEST_F(MachineTest, GoesOnWhenItsGuardianIsKilled) {
  Harness harness({plain_zone("harbour")}, clinging_agent);
  const auto processes = start(harness, "l-1", Purchase::on_demand, 8);
  ASSERT_EQ(::kill(guardian_of(harness, "l-1"), SIGKILL), 0);
  std::this_thread::sleep_for(Duration(100));
  EXPECT_EQ(harness.find("l-1")->state, InstanceState::running);
  EXPECT_FALSE(harness.processes("l-1").empty());
  ASSERT_TRUE(harness.provider().terminate({{"local", "harbour"}, InstanceId("l-1")}).ok());
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  EXPECT_EQ(harness.find("l-1")->reason, "terminated on request");
  expect_gone(harness, "l-1", processes);
}

TEST_F(MachineTest, IsSalvagedByTheDriverWhenBothAreKilled) {
  Harness harness({plain_zone("harbour")}, clinging_agent);
  const auto processes = start(harness, "l-1", Purchase::on_demand, 8);
  const pid_t machine = harness.machine_pid("l-1");
  ASSERT_EQ(::kill(guardian_of(harness, "l-1"), SIGKILL), 0);
  ASSERT_EQ(::kill(machine, SIGKILL), 0);
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  EXPECT_NE(harness.find("l-1")->reason.find("died"), std::string::npos);
  EXPECT_TRUE(harness.processes("l-1").empty());
  EXPECT_FALSE(io::path_exists(harness.folder("l-1").scratch()));
  // Those that cleared their environment and left the scratch folder are found where cgroups are to be had.
  EXPECT_TRUE(!can_make_cgroups() || none_runs(processes));
  EXPECT_TRUE(io::kill_all(
                  [&](const std::vector<io::ProcessInfo>& table) {
                    std::vector<io::ProcessInfo> left;
                    for (const io::ProcessInfo& info : table) {
                      for (const io::ProcessInfo& known : processes) {
                        if (known.identity == info.identity) left.push_back(info);
                      }
                    }
                    return left;
                  },
                  seconds(30))
                  .ok());
}

TEST_F(MachineTest, EndsCleanlyWhenToldBySignal) {
  Harness harness({plain_zone("harbour")}, clinging_agent);
  const auto processes = start(harness, "l-1", Purchase::on_demand, 8);
  ASSERT_EQ(::kill(harness.machine_pid("l-1"), SIGTERM), 0);
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::terminated));
  EXPECT_EQ(harness.find("l-1")->reason, "this machine is going down");
  expect_gone(harness, "l-1", processes);
}

TEST_F(MachineTest, IsNotRunTwice) {
  Harness harness({plain_zone("harbour")}, "echo run >> \"$1/runs\"; exec sleep 600");
  harness.launch("l-1", "harbour");
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::running));
  ASSERT_TRUE(eventually([&] { return io::path_exists(harness.notes() / "runs"); }));
  const pid_t before = harness.machine_pid("l-1");
  io::SpawnRequest request;
  request.argv = harness.options.machine_program;
  request.argv.push_back("--dir=" + harness.folder("l-1").path().string());
  request.environment = harness.options.environment;
  ASSERT_TRUE(io::run_command(request, seconds(30)).ok());
  harness.launch("l-1", "harbour");
  std::this_thread::sleep_for(Duration(100));
  EXPECT_EQ(harness.machine_pid("l-1"), before);
  EXPECT_EQ(io::read_file(harness.notes() / "runs").value(), "run\n");
}

TEST_F(MachineTest, RestsWhileNothingHappens) {
  Harness harness({plain_zone("harbour")}, "touch \"$1/up\"; exec sleep 600");
  start(harness, "l-1", Purchase::on_demand, 1);
  const auto ticks = [&] {
    const std::string stat =
        io::read_file("/proc/" + std::to_string(harness.machine_pid("l-1")) + "/stat").value();
    const auto fields = split(stat.substr(stat.rfind(')') + 2), ' ');
    return std::stol(fields[11]) + std::stol(fields[12]);  // user and system time, in hundredths of a second
  };
  ASSERT_TRUE(harness.reaches("l-1", InstanceState::running));
  const long before = ticks();
  std::this_thread::sleep_for(seconds(2));
  EXPECT_LE(ticks() - before, 1);
}

}  // namespace
}  // namespace tradewind::local
