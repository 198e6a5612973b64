// Whole agents, each in a process of its own, with real programs and a file store.
#include "app/agent/runner.h"

#include <chrono>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/text.h"
#include "edge/checkpoint/ledger.h"
#include "edge/io/files.h"
#include "edge/io/process_tree.h"
#include "edge/io/system_clock.h"
#include "edge/mailbox/mailbox.h"
#include "edge/objectstore/file_store.h"
#include "edge/objectstore/sftp/sftp_store.h"
#include "edge/objectstore/testing/ssh_server.h"
#include "edge/objectstore/wrappers.h"

namespace tradewind::agent {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds, std::chrono::seconds;

// Counts to `total`, saves when asked and when told to end, and goes on from its checkpoint.
std::string counting_program(int total, const std::string& pause) {
  return R"(
C="$TRADEWIND_CHECKPOINT_DIR"; n=0
[ -f "$C/n" ] && n=$(cat "$C/n")
echo "begins at $n"
save() { echo "$n" > "$C/.n"; mv "$C/.n" "$C/n"; echo '{"checkpoint":"saved","step":'$n'}' >> "$TRADEWIND_PROGRESS"; }
trap save USR1
trap 'save; exit 143' TERM
while [ $n -lt )" +
         std::to_string(total) + R"( ]; do
  n=$((n+1)); echo '{"step":'$n',"total":)" +
         std::to_string(total) + R"(,"metrics":{"loss":0.5}}' >> "$TRADEWIND_PROGRESS"; sleep )" + pause + R"(
done
save; echo "ends at $n"
)";
}

class RunnerTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(io::become_subreaper().ok());
    spec_.name = "test";
    spec_.run = "true";
    fs::create_directories(dir_.path() / "저장 store");
    store_ = *objectstore::open_file_store(dir_.path() / "저장 store");
  }
  void TearDown() override {
    EXPECT_TRUE(io::kill_descendants(::getpid(), seconds(20)).ok());
    io::reap_adopted({});
  }

  mailbox::Mailbox box() { return mailbox::Mailbox(*store_, OwnerId("0a"), JobId("j-1")); }
  fs::path scratch(const std::string& lease) const { return dir_.path() / ("scratch 한글 " + lease); }
  fs::path notice(const std::string& lease) const { return dir_.path() / ("notice " + lease); }
  fs::path outage() const { return dir_.path() / "outage"; }
  fs::path slow_progress() const { return dir_.path() / "slow progress"; }

  AgentOptions options_of(const std::string& lease) {
    AgentOptions options;
    options.store_url = store_->url();
    options.owner = OwnerId("0a");
    options.job = JobId("j-1");
    options.lease = LeaseId(lease);
    options.scratch = scratch(lease);
    options.notice = notice(lease);
    options.location = Location{"local", "harbour", ""};
    options.lease_term = seconds(3);
    options.poll = milliseconds(20);
    options.grace = seconds(1);
    return options;
  }

  void keep_checkpoints(const std::string& signal) {
    spec_.checkpoint.path = "state dir";
    spec_.checkpoint.signal = signal;
    spec_.checkpoint.interval = std::chrono::hours(1);
  }

  // Starts an agent; its store answers `unavailable` while the file outage() exists.
  pid_t start(const AgentOptions& options) {
    EXPECT_TRUE(box().write_spec(spec_).ok());
    fs::create_directories(options.scratch);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(99);
    const io::SystemClock clock;
    io::HelperProcesses helpers;
    const auto inner = sftp_url_.empty()
                           ? *objectstore::open_file_store(dir_.path() / "저장 store")
                           : *objectstore::open_sftp_store(sftp_url_, sftp_environment_, {}, &helpers);
    objectstore::FaultStore faulty(*inner, [this](const objectstore::FaultStore::Call& call) -> Status {
      if (call.key.find("/progress/") != std::string_view::npos && io::path_exists(slow_progress())) {
        std::this_thread::sleep_for(milliseconds(150));
      }
      if (io::path_exists(outage())) return Error{Code::unavailable, "the store is away"};
      return {};
    });
    std::unique_ptr<objectstore::ObjectStore> local;
    if (!options.local_store_url.empty()) local = *objectstore::open_file_store(dir_.path() / "local");
    RunnerParts parts;
    parts.options = options;
    parts.clock = &clock;
    parts.home = &faulty;
    parts.local = local.get();
    parts.helpers = &helpers;
    parts.seed = static_cast<std::uint64_t>(::getpid());
    parts.say = [log = dir_.path() / (options.lease.text() + ".log")](const std::string& line) {
      std::ofstream(log, std::ios::app) << line << '\n';
    };
    ::_exit(run_agent(std::move(parts)));
  }

  bool wait_until(const std::function<bool()>& done, Duration patience = seconds(30)) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return true;
  }
  // The agent's exit code; -1 when it does not end.
  int wait_for_end(pid_t pid) {
    int status = 0;
    const bool ended = wait_until([&] { return ::waitpid(pid, &status, WNOHANG) == pid; });
    return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  AgentStatus status(const std::string& lease) {
    return box().read_status(LeaseId(lease)).value_or(AgentStatus{});
  }
  std::string phase(const std::string& lease) { return std::string(to_text(status(lease).phase)); }
  bool wait_for_phase(const std::string& lease, const std::string& wanted) {
    return wait_until([&] { return phase(lease) == wanted; });
  }
  bool wait_for_step(const std::string& lease, double step) {
    return wait_until([&] { return status(lease).step >= step; });
  }
  void order(const std::string& lease, std::uint64_t number, OrderKind kind, bool discard = false) {
    const Order order{number, kind, io::SystemClock().now(), "as told", std::nullopt, discard};
    ASSERT_TRUE(box().write_order(LeaseId(lease), order).ok());
  }
  std::string log(const std::string& lease) {
    std::string text;
    const auto segments = box().read_log(LeaseId(lease), 0, 10000);
    if (segments.ok()) {
      for (const mailbox::Segment& segment : *segments) text += segment.bytes;
    }
    return text;
  }
  std::string progress(const std::string& lease) {
    std::string text;
    const auto segments = box().read_progress(LeaseId(lease), 0, 10000);
    if (segments.ok()) {
      for (const mailbox::Segment& segment : *segments) text += segment.bytes;
    }
    return text;
  }
  std::vector<LedgerRecord> ledger() {
    return checkpoint::read_ledger(*store_, box().prefix(), 0).value_or(std::vector<LedgerRecord>{});
  }
  // "claim checkpoint:20 finish:succeeded"
  std::string ledger_text() {
    std::vector<std::string> words;
    for (const LedgerRecord& record : ledger()) {
      std::string word(to_text(record.kind));
      if (record.kind == LedgerKind::checkpoint) word += ":" + std::to_string(static_cast<int>(record.step));
      if (record.kind == LedgerKind::finish) word += ":" + std::string(to_text(record.outcome));
      words.push_back(word);
    }
    return join(words, " ");
  }
  int processes_of(const std::string& lease) {
    const auto found = io::find_by_environment(io::list_processes(), "TRADEWIND_LEASE_ID=" + lease);
    return static_cast<int>(found.size());
  }

  io::TempDir dir_ = *io::TempDir::make("tw-agent-");
  std::unique_ptr<objectstore::ObjectStore> store_;
  JobSpec spec_;
  std::string sftp_url_;  // how the agent reaches the store; "": as a folder
  std::map<std::string, std::string> sftp_environment_;
};

// The agent ends all that its job started; the programs over which it speaks to its store are none of that.
TEST_F(RunnerTest, AStoreOverSshIsNotTakenForAProgramOfTheJob) {
  const objectstore::SshServer server;
  fs::rename(dir_.path() / "저장 store", dir_.path() / "store");
  fs::create_directory_symlink(dir_.path() / "store", dir_.path() / "저장 store");
  sftp_url_ = objectstore::SshServer::url((dir_.path() / "store").string());
  sftp_environment_ = server.environment();
  const fs::path starts = dir_.path() / "starts";
  const fs::path counted = dir_.path() / "counted-ssh";
  std::ofstream(counted) << "#!/bin/sh\necho start >> '" << starts.string() << "'\nexec "
                         << sftp_environment_["TRADEWIND_SSH"] << " \"$@\"\n";
  fs::permissions(counted, fs::perms::owner_all);
  sftp_environment_["TRADEWIND_SSH"] = counted.string();
  keep_checkpoints("SIGUSR1");
  spec_.setup = "sleep 60 & true";  // left behind, and ended with the stage
  spec_.run = "trap '' TERM; sleep 60 & " + counting_program(10, "0.05");
  EXPECT_EQ(wait_for_end(start(options_of("l-1"))), 0);
  EXPECT_EQ(ledger_text(), "claim checkpoint:10 finish:succeeded");
  EXPECT_EQ(processes_of("l-1"), 0);
  const auto count = split(trim(io::read_file(starts).value_or("")), '\n').size();
  EXPECT_LE(count, 4U) << "as many as a store has connections: none was started again";
}

TEST_F(RunnerTest, AJobRunsToItsEndAndLeavesLogProgressCheckpointsAndOutputs) {
  keep_checkpoints("SIGUSR1");
  const fs::path workdir = dir_.path() / "my 작업";
  fs::create_directories(workdir);
  std::ofstream(workdir / "input 1") << "from the workdir";
  spec_.workdir = workdir;
  spec_.setup = "echo \"setup in $(basename \"$PWD\")\"; echo prepared > prepared";
  spec_.run =
      "cat 'input 1' prepared; echo \"$MODE $TRADEWIND_LOCATION $SKYPILOT_NUM_NODES\"; mkdir -p out; "
      "echo result > 'out/결 과'; echo more > \"$TRADEWIND_OUTPUT_DIR/more\"; " +
      counting_program(10, "0.02");
  spec_.envs = {{"MODE", "fast and 'quoted'"}};
  spec_.outputs = {"out", "missing"};
  EXPECT_EQ(wait_for_end(start(options_of("l-1"))), 0);
  const AgentStatus last = status("l-1");
  EXPECT_EQ(to_text(last.phase), "finished");
  EXPECT_EQ(last.exit_code, 0);
  EXPECT_EQ(last.step, 10);
  EXPECT_EQ(last.total_steps, 10);
  EXPECT_EQ(last.metrics.at("loss"), 0.5);
  EXPECT_EQ(last.saved_step, 10);
  EXPECT_EQ(last.message, "outputs not kept: missing");
  EXPECT_EQ(log("l-1"),
            "setup in work\nfrom the workdirprepared\nfast and 'quoted' local/harbour 1\nbegins at 0\nends "
            "at 10\n");
  EXPECT_EQ(split(trim(progress("l-1")), '\n').size(), 11U);
  EXPECT_EQ(ledger_text(), "claim checkpoint:10 finish:succeeded");
  EXPECT_EQ(*store_->get(box().prefix() + "outputs/out/_EA_B2_B0_20_EA_B3_BC.0001"), "result\n");
  EXPECT_EQ(*store_->get(box().prefix() + "outputs/more.0001"), "more\n");
  EXPECT_EQ(last.log_segments, box().read_log(LeaseId("l-1"), 0, 1000)->size());
}

TEST_F(RunnerTest, ASaveOrderMakesACheckpointWhileTheProgramRunsOn) {
  keep_checkpoints("SIGUSR1");
  spec_.run = counting_program(10000, "0.02");
  const pid_t pid = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 3));
  order("l-1", 1, OrderKind::save);
  ASSERT_TRUE(wait_until([&] { return status("l-1").orders_done == 1; }));
  const AgentStatus saved = status("l-1");
  EXPECT_GE(saved.saved_step, 3);
  EXPECT_FALSE(saved.saved_digest.empty());
  EXPECT_GT(saved.bytes_saved, 0U);
  ASSERT_TRUE(wait_for_step("l-1", saved.saved_step + 3));
  EXPECT_EQ(status("l-1").phase, AgentPhase::running);
  order("l-1", 2, OrderKind::stop, true);
  EXPECT_EQ(wait_for_end(pid), 0);
}

TEST_F(RunnerTest, AStoppedJobGoesOnElsewhereFromExactlyWhatWasSaved) {
  keep_checkpoints("SIGUSR1");
  spec_.run = counting_program(60, "0.02");
  const pid_t first = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 5));
  order("l-1", 1, OrderKind::stop);
  EXPECT_EQ(wait_for_end(first), 0);
  const AgentStatus stopped = status("l-1");
  EXPECT_EQ(to_text(stopped.phase), "stopped");
  EXPECT_EQ(stopped.message, "as told");
  EXPECT_EQ(stopped.exit_code, 143);
  ASSERT_TRUE(stopped.program_stopped_at.has_value());
  EXPECT_EQ(processes_of("l-1"), 0);

  EXPECT_EQ(wait_for_end(start(options_of("l-2"))), 0);
  const AgentStatus resumed = status("l-2");
  EXPECT_EQ(to_text(resumed.phase), "finished");
  EXPECT_EQ(resumed.epoch, 2U);
  EXPECT_EQ(resumed.resumed_step, stopped.saved_step);
  EXPECT_EQ(resumed.restored_digest, stopped.saved_digest);
  EXPECT_GT(resumed.bytes_moved, 0U);
  EXPECT_EQ(log("l-2"),
            "begins at " + std::to_string(static_cast<int>(stopped.saved_step)) + "\nends at 60\n");
}

TEST_F(RunnerTest, AKilledAgentLosesNothingThatWasSaved) {
  keep_checkpoints("SIGUSR1");
  spec_.run = counting_program(60, "0.02");
  const pid_t first = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 3));
  order("l-1", 1, OrderKind::save);
  ASSERT_TRUE(wait_until([&] { return status("l-1").orders_done == 1; }));
  const AgentStatus saved = status("l-1");
  ::kill(first, SIGKILL);
  ASSERT_EQ(::waitpid(first, nullptr, 0), first);
  EXPECT_TRUE(wait_until([&] { return processes_of("l-1") == 0; }))
      << "the program must not outlive its agent";
  EXPECT_EQ(wait_for_end(start(options_of("l-2"))), 0);
  EXPECT_EQ(status("l-2").restored_digest, saved.saved_digest);
  EXPECT_EQ(status("l-2").resumed_step, saved.saved_step);
}

TEST_F(RunnerTest, ANoticeIsAnsweredWithACheckpointBeforeItsDeadline) {
  keep_checkpoints("SIGUSR1");
  spec_.run = counting_program(10000, "0.02");
  const pid_t pid = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 3));
  const Time deadline = io::SystemClock().now() + seconds(10);
  std::ofstream(notice("l-1")) << R"({"deadline":")" + format_utc(deadline) +
                                      R"(","reason":"spot capacity"})";
  EXPECT_EQ(wait_for_end(pid), 0);
  EXPECT_LT(io::SystemClock().now(), deadline);
  const AgentStatus last = status("l-1");
  EXPECT_EQ(to_text(last.phase), "stopped");
  EXPECT_EQ(last.notice->deadline, deadline);
  EXPECT_EQ(last.message, "preempted: spot capacity");
  EXPECT_GE(last.saved_step, 3);
  EXPECT_EQ(last.saved_step, last.step) << "SIGTERM gave the newest state, and it was captured too";
}

TEST_F(RunnerTest, AProgramThatIgnoresSigtermIsKilledAndItsStateKept) {
  keep_checkpoints("");
  spec_.run =
      "trap '' TERM; echo 7 > \"$TRADEWIND_CHECKPOINT_DIR/n\"; echo '{\"step\":7}' >> "
      "\"$TRADEWIND_PROGRESS\"; "
      "(trap '' TERM; while :; do sleep 0.1; done) & while :; do sleep 0.1; done";
  const pid_t pid = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 7));
  order("l-1", 1, OrderKind::stop);
  EXPECT_EQ(wait_for_end(pid), 0);
  EXPECT_EQ(status("l-1").exit_code, 137);
  EXPECT_EQ(status("l-1").saved_step, 7);
  EXPECT_EQ(processes_of("l-1"), 0);
}

TEST_F(RunnerTest, ALogIsKeptByteForByte) {
  spec_.run =
      "head -c 3000000 /dev/urandom | tee ../made; printf 'no newline' >&2; printf 'no newline' >> ../made";
  EXPECT_EQ(wait_for_end(start(options_of("l-1"))), 0);
  EXPECT_TRUE(log("l-1") == *io::read_file(scratch("l-1") / "made"));
}

TEST_F(RunnerTest, MuchOutputNeedsLittleMemory) {
  spec_.run = "head -c 40000000 /dev/zero; echo '{\"step\":1}' >> \"$TRADEWIND_PROGRESS\"; sleep 60";
  const pid_t pid = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 1));
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  long peak_kib = 0;
  while (std::getline(file, line)) {
    if (line.rfind("VmHWM:", 0) == 0) peak_kib = std::stol(line.substr(6));
  }
  EXPECT_GT(peak_kib, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  EXPECT_LT(peak_kib, 32 << 10);
#endif
  order("l-1", 1, OrderKind::stop, true);
  EXPECT_EQ(wait_for_end(pid), 0);
  EXPECT_EQ(log("l-1").size(), 40000000U);
}

TEST_F(RunnerTest, NothingThatTheProgramStartedOutlivesIt) {
  spec_.run = "for i in $(seq 150); do (setsid sleep 1000 >/dev/null 2>&1 &) ; done; (sleep 1000 &); exit 3";
  EXPECT_EQ(wait_for_end(start(options_of("l-1"))), 0);
  EXPECT_EQ(status("l-1").exit_code, 3);
  EXPECT_EQ(status("l-1").message, "the program ended with exit code 3");
  EXPECT_EQ(ledger_text(), "claim finish:failed");
  EXPECT_EQ(processes_of("l-1"), 0);
}

TEST_F(RunnerTest, AFailingSetupFailsTheJob) {
  spec_.setup = "echo cannot install >&2; exit 9";
  EXPECT_EQ(wait_for_end(start(options_of("l-1"))), 0);
  EXPECT_EQ(status("l-1").message, "setup ended with exit code 9");
  EXPECT_EQ(log("l-1"), "cannot install\n");
  EXPECT_EQ(ledger_text(), "claim finish:failed");
}

TEST_F(RunnerTest, AMissingWorkdirFailsTheJobAndIsNamed) {
  spec_.workdir = "/nowhere/at all";
  EXPECT_EQ(wait_for_end(start(options_of("l-1"))), 0);
  EXPECT_EQ(status("l-1").exit_code, 2);
  EXPECT_NE(status("l-1").message.find("/nowhere/at all"), std::string::npos);
}

TEST_F(RunnerTest, AProgramThatDiesOfASignalHasTheShellsExitCode) {
  spec_.run = "kill -SEGV $$";
  EXPECT_EQ(wait_for_end(start(options_of("l-1"))), 0);
  EXPECT_EQ(status("l-1").exit_code, 139);
  EXPECT_EQ(status("l-1").message, "the program was ended by signal 11");
}

TEST_F(RunnerTest, AnOlderLeaseThatSeesANewerClaimKillsItsProgramAndStandsDown) {
  keep_checkpoints("SIGUSR1");
  spec_.run = counting_program(10000, "0.02");
  const pid_t older = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 3));
  const pid_t newer = start(options_of("l-2"));
  EXPECT_EQ(wait_for_end(older), 3);
  EXPECT_EQ(phase("l-1"), "fenced");
  EXPECT_EQ(status("l-1").message, "epoch 2 of lease l-2 owns the job");
  EXPECT_EQ(processes_of("l-1"), 0);
  ASSERT_TRUE(wait_for_step("l-2", 2));
  order("l-2", 1, OrderKind::stop);
  EXPECT_EQ(wait_for_end(newer), 0);
  for (const LedgerRecord& record : ledger()) {
    EXPECT_EQ(record.lease.text(), record.epoch == 2 ? "l-2" : "l-1");
  }
}

TEST_F(RunnerTest, AStoreThatIsAwayForAWhileHoldsNothingUp) {
  keep_checkpoints("SIGUSR1");
  spec_.checkpoint.interval = seconds(1);
  spec_.run = counting_program(100, "0.02");
  const pid_t pid = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 3));
  std::ofstream(outage()) << "x";
  // The program ends in the meantime: it was not held up.
  const fs::path state = scratch("l-1") / "work/state dir/n";
  EXPECT_TRUE(wait_until([&] { return io::read_file(state).value_or("") == "100\n"; }));
  EXPECT_NE(phase("l-1"), "finished");
  fs::remove(outage());
  EXPECT_EQ(wait_for_end(pid), 0);
  EXPECT_EQ(phase("l-1"), "finished");
  EXPECT_EQ(status("l-1").saved_step, 100);
  EXPECT_EQ(log("l-1"), "begins at 0\nends at 100\n");
  EXPECT_GE(split(trim(progress("l-1")), '\n').size(), 101U);
}

TEST_F(RunnerTest, AStandbyPrefetchesAndGoesOnWhenItIsStarted) {
  keep_checkpoints("SIGUSR1");
  spec_.run = counting_program(80, "0.02");
  const pid_t source = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 3));
  order("l-1", 1, OrderKind::save);
  AgentOptions options = options_of("l-2");
  options.standby = true;
  fs::create_directories(dir_.path() / "local");
  options.local_store_url = "given";
  const pid_t target = start(options);
  ASSERT_TRUE(wait_for_phase("l-2", "standby"));
  EXPECT_EQ(status("l-2").epoch, 0U);
  order("l-1", 2, OrderKind::stop);
  EXPECT_EQ(wait_for_end(source), 0);
  order("l-2", 1, OrderKind::start);
  EXPECT_EQ(wait_for_end(target), 0);
  EXPECT_EQ(phase("l-2"), "finished");
  EXPECT_EQ(status("l-2").restored_digest, status("l-1").saved_digest);
  EXPECT_EQ(status("l-2").resumed_step, status("l-1").saved_step);
  EXPECT_GE(status("l-2").program_started_at, status("l-1").program_stopped_at);
}

TEST_F(RunnerTest, AProgramWithRetriesLeftIsStartedAgainInPlace) {
  keep_checkpoints("");
  spec_.resources.max_restarts_on_errors = 2;
  spec_.run =
      "cd \"$TRADEWIND_CHECKPOINT_DIR\"; n=$(cat n 2>/dev/null || echo 0); echo \"run $n\"; n=$((n+1)); "
      "echo $n > n; echo '{\"checkpoint\":\"saved\",\"step\":'$n'}' >> \"$TRADEWIND_PROGRESS\"; [ $n -ge 3 ]";
  EXPECT_EQ(wait_for_end(start(options_of("l-1"))), 0);
  EXPECT_EQ(phase("l-1"), "finished");
  EXPECT_EQ(log("l-1"), "run 0\nrun 1\nrun 2\n");
  EXPECT_EQ(ledger_text(), "claim checkpoint:1 checkpoint:2 checkpoint:3 finish:succeeded");
}

TEST_F(RunnerTest, AnAgentThatIsToldToEndSavesFirst) {
  keep_checkpoints("SIGUSR1");
  spec_.run = counting_program(10000, "0.02");
  const pid_t pid = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 3));
  ::kill(pid, SIGTERM);
  EXPECT_EQ(wait_for_end(pid), 0);
  EXPECT_EQ(phase("l-1"), "stopped");
  EXPECT_GE(status("l-1").saved_step, 3);
}

TEST_F(RunnerTest, SavesArePausedByAFileAndTheLastOneIsNot) {
  keep_checkpoints("");
  spec_.checkpoint.bandwidth = "@" + (dir_.path() / "limit").string();
  const auto limit = [&](const std::string& text) { std::ofstream(dir_.path() / "limit") << text; };
  spec_.run = R"(trap 'exit 143' TERM; cd "$TRADEWIND_CHECKPOINT_DIR"; n=0
while n=$((n+1)); do echo "$n" > .new.n; mv .new.n n; sleep 0.1
  printf '{"step":%d}\n{"checkpoint":"saved","step":%d}\n' $n $n >> "$TRADEWIND_PROGRESS"
done)";
  limit("pause");
  const pid_t pid = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 12));
  EXPECT_EQ(ledger_text(), "claim");
  limit("off");
  ASSERT_TRUE(wait_until([&] { return ledger().size() > 2; }));
  limit("pause");
  std::this_thread::sleep_for(seconds(2));
  const std::string before = ledger_text();
  const double step = status("l-1").step + 5;
  ASSERT_TRUE(wait_for_step("l-1", step));
  EXPECT_EQ(ledger_text(), before);
  order("l-1", 1, OrderKind::stop);
  ASSERT_EQ(wait_for_end(pid), 0);
  EXPECT_GE(status("l-1").saved_step, step) << "the pause does not hold for the last state";
}

TEST_F(RunnerTest, AnAgentWithNobodyLeftEndsAtItsHardLimit) {
  keep_checkpoints("SIGUSR1");
  spec_.run = counting_program(10000, "0.02");
  AgentOptions options = options_of("l-1");
  options.hard_limit = io::SystemClock().now() + seconds(10);
  const pid_t pid = start(options);
  EXPECT_EQ(wait_for_end(pid), 0);
  EXPECT_LT(io::SystemClock().now(), *options.hard_limit + seconds(1));
  EXPECT_EQ(status("l-1").message, "the lease reached its hard limit");
  EXPECT_GT(status("l-1").saved_step, 0);
}

TEST_F(RunnerTest, AnOrderMovesTheHardLimitAndTheMachineIsToldOfIt) {
  keep_checkpoints("SIGUSR1");
  spec_.run = counting_program(10000, "0.02");
  AgentOptions options = options_of("l-1");
  options.hard_limit = io::SystemClock().now() + seconds(12);  // it begins to end some seconds before
  options.limit_file = dir_.path() / "limit";
  const pid_t pid = start(options);
  ASSERT_TRUE(wait_for_step("l-1", 1));
  EXPECT_FALSE(io::path_exists(options.limit_file));
  const Time later = io::SystemClock().now() + std::chrono::hours(2);
  const Order extend{1, OrderKind::extend, io::SystemClock().now(), "", later, false};
  ASSERT_TRUE(box().write_order(LeaseId("l-1"), extend).ok());
  ASSERT_TRUE(wait_until([&] { return status("l-1").orders_done == 1; }));
  EXPECT_EQ(io::read_file(options.limit_file).value(), format_utc(later) + "\n");
  std::this_thread::sleep_until(*options.hard_limit + milliseconds(200));
  EXPECT_EQ(phase("l-1"), "running");
  ::kill(pid, SIGTERM);
  EXPECT_EQ(wait_for_end(pid), 0);
}

TEST_F(RunnerTest, ProgressThatCannotBeReadIsCountedAndMentioned) {
  spec_.run = "printf 'nonsense\\n{\"step\":4}\\n\\xff\\n' >> \"$TRADEWIND_PROGRESS\"; sleep 0.5";
  EXPECT_EQ(wait_for_end(start(options_of("l-1"))), 0);
  EXPECT_EQ(status("l-1").step, 4);
  EXPECT_EQ(phase("l-1"), "finished");
  EXPECT_EQ(split(trim(progress("l-1")), '\n').size(), 1U);
}

TEST_F(RunnerTest, ASilentProgramsFolderIsCapturedAtTheCadence) {
  keep_checkpoints("");
  spec_.checkpoint.interval = seconds(1);
  spec_.run = "echo state > \"$TRADEWIND_CHECKPOINT_DIR/file\"; sleep 60";
  const pid_t pid = start(options_of("l-1"));
  EXPECT_TRUE(wait_until([&] { return ledger_text() == "claim checkpoint:0"; }));
  std::this_thread::sleep_for(milliseconds(1500));
  EXPECT_EQ(ledger_text(), "claim checkpoint:0") << "an unchanged folder is not captured again";
  order("l-1", 1, OrderKind::stop, true);
  EXPECT_EQ(wait_for_end(pid), 0);
}

TEST_F(RunnerTest, NothingIsOnItsWayAnyMoreOnceTheLastStatusIsThere) {
  keep_checkpoints("USR1");
  spec_.run = counting_program(500, "0.02");
  std::ofstream(slow_progress()) << "yes";
  const pid_t pid = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_step("l-1", 10));
  order("l-1", 1, OrderKind::stop);
  ASSERT_TRUE(wait_for_phase("l-1", "stopped"));
  ::kill(pid, SIGKILL);  // as a machine ends that is given back
  wait_for_end(pid);
  const std::vector<std::string> lines = split(trim(progress("l-1")), '\n');
  const std::string saved = std::to_string(static_cast<int>(status("l-1").saved_step));
  EXPECT_NE(lines.back().find("\"saved\""), std::string::npos) << lines.back();
  EXPECT_NE(progress("l-1").find("\"step\":" + saved + ","), std::string::npos) << lines.back();
}

TEST_F(RunnerTest, TheStepsThatACheckpointCountsAreToldBeforeIt) {
  keep_checkpoints("");
  spec_.run = R"(C="$TRADEWIND_CHECKPOINT_DIR"
for n in $(seq 30); do echo '{"step":'$n'}' >> "$TRADEWIND_PROGRESS"; done
echo 30 > "$C/n"; echo '{"checkpoint":"saved","step":30}' >> "$TRADEWIND_PROGRESS"; sleep 60)";
  std::ofstream(slow_progress()) << "yes";
  const pid_t pid = start(options_of("l-1"));
  ASSERT_TRUE(wait_until([&] { return ledger_text() == "claim checkpoint:30"; }));
  ::kill(pid, SIGKILL);
  wait_for_end(pid);
  EXPECT_NE(progress("l-1").find("\"step\":30"), std::string::npos) << progress("l-1");
}

TEST_F(RunnerTest, AHeartbeatGoesOnWhileNothingChanges) {
  spec_.run = "sleep 60";
  const pid_t pid = start(options_of("l-1"));
  ASSERT_TRUE(wait_for_phase("l-1", "running"));
  const std::uint64_t before = status("l-1").sequence;
  EXPECT_TRUE(wait_until([&] { return status("l-1").sequence > before + 2; }));
  order("l-1", 1, OrderKind::stop, true);
  EXPECT_EQ(wait_for_end(pid), 0);
}

}  // namespace
}  // namespace tradewind::agent
