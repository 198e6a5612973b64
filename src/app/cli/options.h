// What a command line asks for, as plain values: one struct for each verb.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "app/cli/terminal.h"
#include "base/money.h"
#include "core/task/sbatch_options.h"
#include "edge/checkpoint/retention.h"

namespace tradewind::cli {

struct OffersOptions {
  std::vector<std::string> words;  // the first may be an accelerator, all others must occur in the offer
  std::vector<std::string> infra;  // any one of these locations
  std::string count;               // "8", "4+"
  bool spot = false;
  bool on_demand = false;
  bool reserved = false;
  bool cpu_only = false;
  double vcpus_min = 0;
  double memory_gib_min = 0;
  std::string instance_type;
  std::string price_max;  // of an hour, a decimal
  std::string sort = "price";
  std::string group;
  std::optional<std::size_t> limit;  // nothing: 20 for people, all for programs
  bool all = false;
};

// Changes to a task file from the command line.
struct TaskChanges {
  std::string name;
  std::vector<std::string> envs;  // "K=V", or "K" for its value here
};

struct PlanOptions {
  std::string file;
  std::string explain;  // an offer's key
  std::size_t limit = 10;
  bool rejected = false;
  std::vector<std::string> infra;  // consider these places only
  TaskChanges changes;
};

struct RunOptions {
  std::string file;
  std::vector<std::string> command;  // after "--"; then there is no file
  std::vector<std::string> infra;
  TaskChanges changes;
  bool detach = false;
};

// Slurm's sbatch.
struct SbatchOptions {
  std::vector<task::SbatchGiven> given;
  std::string script;  // empty: stdin, or the command of --wrap
  std::vector<std::string> arguments;
};

struct JobsOptions {
  bool all = false;
  std::string state;  // several: "running,queued"; also Slurm's letters: "R,PD"
  std::string name;
  std::size_t limit = 20;
  std::string output;  // "wide", "json", "name"; empty: the usual table
  bool watch = false;
};

// Slurm's squeue.
struct SqueueOptions {
  std::vector<std::string> jobs = {};
  std::string states = {};
  std::string name = {};
  std::string user = {};
  std::string format = {};
  bool bare = false;  // without titles
  bool all = false;
};

// Slurm's scancel.
struct ScancelOptions {
  std::vector<std::string> jobs = {};
  std::string name = {};
  std::string state = {};
  std::string user = {};
  bool mine = false;
};

struct JobOptions {
  std::string job = "-";
  bool receipt = false;
  bool decisions = false;
  std::string svg;  // file
  std::string metric = "loss";
};

struct LogsOptions {
  std::string job = "-";
  bool follow = false;
  std::string lease;
};

struct CancelOptions {
  std::vector<std::string> jobs;
};

struct MoveOptions {
  std::string job;
  std::string to;
  bool wait = false;
};

// The key of a store, or a job, that is encrypted.
struct SealOptions {
  std::string key_file;     // that holds a key or a passphrase
  std::string key_command;  // that prints it
  bool encrypt = false;     // begin to encrypt a store that is empty
  bool plain = false;       // it is not encrypted, whatever keys there are
};

enum class CheckpointAction { list, verify, prune, restore, show, diff, repair, rekey };
struct CheckpointOptions {
  CheckpointAction action = CheckpointAction::list;
  std::string job = "-";
  std::string store;              // a URL: read it there, without a server
  std::string folder;             // restore: into this one
  std::optional<double> step;     // restore: of this step; nothing: the newest
  std::string which;              // show, diff: a step or the beginning of an id; empty: the newest
  std::string against;            // diff: the second of the two
  std::vector<std::string> from;  // repair: from these stores; empty: from the job's other ones
  checkpoint::Retention keep = {.last = 0};  // prune; 0: as the job says
  bool dry_run = false;
  bool read_back = false;  // restore: read every byte again from the disk
  bool flush = false;      // restore: wait until the disk has all
  SealOptions seal = {};
  SealOptions new_seal = {};  // rekey: opens it from now on
  bool keep_old = false;      // rekey: and so do those that opened it before
};

// What a job has kept: listed, or brought into a folder.
struct OutputsOptions {
  std::string job = "-";
  std::vector<std::string> paths;  // these alone, and what lies below them; empty: all
  std::string folder;              // brought into this one; empty: listed
  std::string store;               // a URL: read it there, without a server
  bool overwrite = false;          // files there that differ are replaced
  SealOptions seal = {};
};

// A folder's checkpoints in a store, without a job and a server.
enum class ArchiveAction { save, restore, copy, list, verify, prune, show, diff, repair, rekey, new_key };
struct ArchiveOptions {
  ArchiveAction action = ArchiveAction::list;
  std::string store;     // a URL or a path
  std::string folder;    // saved, or restored into
  std::string target;    // copy: into this store
  std::string manifest;  // restore: this one; empty: the newest. copy: empty: all. show, diff: or a step
  std::string against;   // diff: the second of the two
  std::vector<std::string> from;  // repair: from these stores
  std::optional<double> step;     // save: of this step; restore: the newest of this step
  bool dry_run = false;
  bool read_data = false;  // verify: every byte, not only what is there
  bool read_back = false;  // restore: read every byte again from the disk
  bool flush = false;      // restore: wait until the disk has all
  SealOptions seal = {};
  SealOptions new_seal = {};                 // rekey: opens it from now on
  std::vector<std::string> metrics = {};     // save: "loss=2.3"
  checkpoint::Retention keep = {.last = 0};  // prune; 0: not said
  std::string bandwidth = {};                // "50M": bytes in a second; empty: unlimited
  bool keep_old = false;                     // rekey: and so do those that opened it before
};

enum class ServerAction { run, start, stop, status };
struct ServerRunOptions {
  ServerAction action = ServerAction::run;
  std::optional<std::uint16_t> listen;
  std::string zones;                     // a file
  std::optional<std::string> idle_exit;  // a duration; "0": never
  bool background = false;               // started by a CLI: says on stdout when it is ready, then is silent
};

struct EventsOptions {
  bool follow = false;
  std::string subject;
  std::uint64_t after = 0;
};

struct CheckOptions {
  std::string zones;
  std::string one;  // the URL of an object store, or a supplier: then it is checked, and nothing else
};
struct VersionOptions {};

struct SimulateOptions {
  std::uint64_t seed = 1;
  std::uint64_t seeds = 1;
  bool faults = false;
  bool log = false;
  // Of policies over markets: with files, or synthetic.
  std::vector<std::string> files = {};  // scenarios and task files
  std::string traces = {};              // a folder
  std::vector<std::string> policies = {};
  std::vector<std::string> classes = {};  // empty: all
  std::string log_file = {};
  std::string score = {};  // a log
  std::string svg = {};
  std::string html = {};
  std::uint64_t starts = 0;  // 0: each scenario at its own time
  int jobs = 0;              // 0: as many as there are cores
  bool synthetic = false;
  bool no_optimum = false;
  double checkpoint_gb = 20;  // of a task file's job
};

enum class TracesAction { list, show, stats, import, export_csv, synthesise };
struct TracesOptions {
  TracesAction action = TracesAction::list;
  std::vector<std::string> words = {};  // traces, or files to import
  std::string folder = {};              // empty: this user's own
  bool mine = false;                    // those of the user's own jobs, from the control plane
  std::string id = {};
  std::string provider = {};
  std::string zone = {};
  std::string instance = {};
  std::string polarity = {};  // "available", "unavailable", or empty
  std::string gaps = "refuse";
  std::optional<double> tick_s = {};
  int nodes = 0;  // 0: of import and synthesise one, else all that the trace has
  std::uint64_t seed = 1;
  double days = 30;
};

// Plays a spot policy over stdin and stdout.
struct PolicyOptions {
  std::string name;  // empty: lists what there is
};

// This machine in the pool, as its owner lends it; add and remove are of the control plane's machine.
enum class NodeAction { join, leave, status, pause, resume, add, remove };
struct NodeOptions {
  NodeAction action = NodeAction::status;
  std::string control;  // join, leave: where the control plane is, [USER@]HOST; empty: nowhere, or as joined
  std::string name;     // of the host there
  std::string host;     // by which the control plane's machine reaches it
  std::string user;
  int port = 0;
  std::vector<std::pair<std::string, std::string>> fields;  // add: more of ssh.yaml
  std::vector<std::string> hours;                           // "22:00-07:00"; "always"
  std::optional<int> gpus;
  std::optional<int> cores;
  std::optional<double> memory_gib;
  std::string yield;       // a duration; empty: as it is
  std::string away_after;  // the same
  std::optional<bool> share;
  std::string pause_for;  // a duration; empty: until resume
};

// A supplier's program that somebody wrote, tried by all that a supplier must keep.
struct ProviderTestOptions {
  std::vector<std::string> command;
  std::string offer;    // its key; empty: the cheapest
  std::string timeout;  // of one question, a duration; empty: a minute
  int capacity = 0;     // how often the offer can be had at once; 0: not known
  bool yes = false;     // launch though it costs something
};

struct CompletionOptions {
  std::string shell;
};

using Command = std::variant<OffersOptions, PlanOptions, RunOptions, SbatchOptions, JobsOptions,
                             SqueueOptions, ScancelOptions, JobOptions, LogsOptions, CancelOptions,
                             MoveOptions, OutputsOptions, CheckpointOptions, ArchiveOptions, ServerRunOptions,
                             EventsOptions, CheckOptions, VersionOptions, SimulateOptions, TracesOptions,
                             PolicyOptions, NodeOptions, ProviderTestOptions, CompletionOptions>;

struct CommandLine {
  Command command;
  bool json = false;
  ColourWish colour = ColourWish::automatic;
};

// Ended without a command: help was asked for, or the line is wrong.
struct ParseEnd {
  bool wrong = false;
  std::string text;   // help, or the problem in one sentence
  std::string hint;   // how it is done right
  bool json = false;  // the line asked for JSON
};

// `arguments` without the program's name. Reads nothing but the line.
std::variant<CommandLine, ParseEnd> parse_command_line(const std::vector<std::string>& arguments);

// The verbs and their flags, for completion: taken from the same tables that the parser uses.
struct VerbWords {
  std::string verb;
  std::string description;
  std::vector<std::string> flags;
  std::vector<std::string> words;  // fixed ones, as `checkpoint list`
};
std::vector<VerbWords> verb_words();

}  // namespace tradewind::cli
