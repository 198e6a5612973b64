// What the agent's logic is told and what it asks for. Values alone: the acting edge (runner.h) turns the
// world into events and carries actions out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/model/agent_status.h"
#include "core/model/job.h"
#include "core/model/ledger_record.h"

namespace tradewind::agent {

// Both clocks at one instant. Deadlines of others arrive as wall time; the logic itself counts on `steady`.
struct Moment {
  Time wall;
  Duration steady{};
};

enum class Stage { setup, program };
enum class Life { alive, ended, killed };  // killed: by a signal that it could not answer

// Work of the state thread: everything that reads or writes the ledger, checkpoints and outputs.
struct ReadSpec {};
struct Prefetch {};  // the newest checkpoint's chunks into the place's own store
struct Claim {};
struct BringData {};   // file_mounts and inputs, to where the program looks for them
struct Restore {};     // the newest checkpoint into the checkpoint folder, then a look whether we are fenced
struct CheckFence {};  // reads the ledger on
struct Capture {
  std::optional<double> announced = std::nullopt;  // step of the newest "saved" line; nothing: it says none
  double reported = 0;                             // step of the newest progress line
  Life life = Life::alive;
  bool insist = false;  // take what lies there although it is newer than what was announced
  std::map<std::string, double> metrics = {};  // as reported when the save was announced
  bool paced = false;  // nobody waits for it: it takes no more of the network than the task says
};
struct Prune {};
struct KeepOutputs {
  bool succeeded = true;  // else they are copied nowhere
};
struct Finish {
  Outcome outcome = Outcome::succeeded;
  int exit_code = 0;
  std::string message = {};
};
using Task = std::variant<ReadSpec, Prefetch, Claim, BringData, Restore, CheckFence, Capture, Prune,
                          KeepOutputs, Finish>;

// Actions.
struct RunTask {
  Task task;
};
struct StartStage {
  Stage stage = Stage::program;
};
struct SendSave {
};  // checkpoint.signal to every process of the program that handles it; answered by SaveSent
struct LiftBandwidth {};  // the capture under way is waited for: it may take all of the network
struct Terminate {};      // SIGTERM to all processes of the stage
struct Kill {};           // SIGKILL to all of them
struct StopTasks {};      // what the state thread does now is no longer wanted
struct Leave {};          // the last action: deliver logs and the last status, then end
using Action = std::variant<RunTask, StartStage, SendSave, LiftBandwidth, Terminate, Kill, StopTasks, Leave>;

// Events.
struct Tick {};  // time has passed
struct SpecRead {
  JobSpec spec;
  std::string problem = {};  // why the task cannot run on any machine like this one; empty: it can
};
struct Prefetched {
  std::uint64_t bytes_moved = 0;       // of the checkpoint
  std::uint64_t data_bytes_moved = 0;  // of file_mounts and inputs
};
struct Claimed {
  std::uint64_t epoch = 0;
  std::optional<double> saved_step = std::nullopt;  // of the newest checkpoint; nothing: the job starts fresh
};
struct DataBrought {
  std::uint64_t bytes_moved = 0;
  std::uint64_t bytes_reused = 0;
  std::vector<std::string> lines = {};  // what was brought, for people
};
struct Restored {
  double step = 0;
  std::string root_digest;
  std::uint64_t bytes_moved = 0;
  std::uint64_t bytes_reused = 0;
  std::string note = {};  // what was unusual, for people
};
struct FenceChecked {};
struct Captured {
  bool committed = false;  // false: nothing to save, or nothing new since the last one
  double step = 0;
  std::string root_digest = {};
  std::uint64_t bytes_moved = 0;
  Duration took{};
};
struct Pruned {};
struct OutputsKept {
  std::string note = {};                // outputs that could not be kept, or copied
  std::vector<std::string> lines = {};  // what was copied and what not, for people
};
struct FinishWritten {};
struct TaskFailed {
  Task task;
  Error error;
};
struct StageEnded {  // every process of the stage is gone
  Stage stage = Stage::program;
  int exit_code = 0;  // 128+n: ended by signal n
  bool killed = false;
  int rank = -1;          // of several nodes, the one that failed first
  std::string lost = {};  // not empty: its place ended rather than it: who
};
struct Progressed {  // the newest of a batch of progress lines
  double step = 0;
  double total = 0;
  std::map<std::string, double> metrics;
};
struct SaveAnnounced {
  std::optional<double> step = std::nullopt;
};
struct BadProgress {
  std::uint64_t lines = 0;  // so far
  std::string problem;      // of the newest
};
struct SaveSent {
  int processes = 0;  // that were sent the signal; 0: none handles it (yet)
};
struct NoticeSeen {
  PreemptionNotice notice;
};
struct SaveAdvised {  // an interruption is likelier than usual
  std::string reason;
};
struct OrderSeen {
  Order order;
};
struct StopRequested {  // SIGTERM or SIGINT to the agent itself
  int signal = 0;
};
struct UsageSeen {
  double cpu_s = 0;
  std::uint64_t resident_bytes = 0;
};
struct Warned {  // from the edge: a disk that is full, a store that does not answer
  std::string message;
};
using Event =
    std::variant<Tick, SpecRead, Prefetched, Claimed, DataBrought, Restored, FenceChecked, Captured, Pruned,
                 OutputsKept, FinishWritten, TaskFailed, StageEnded, Progressed, SaveAnnounced, BadProgress,
                 SaveSent, NoticeSeen, SaveAdvised, OrderSeen, StopRequested, UsageSeen, Warned>;

}  // namespace tradewind::agent
