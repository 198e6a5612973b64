// What a user asks for: the content of a task file. Parsed by core/task, stored and sent in its JSON form.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/money.h"
#include "base/time.h"
#include "core/model/job_data.h"
#include "core/model/json.h"
#include "core/model/offer.h"

namespace tradewind {

// The policies that a job may ask for by name. core/policy makes their players; a test of the scheduler
// compares the two lists.
inline constexpr std::array<std::string_view, 6> policy_names = {
    "tradewind", "on_demand", "greedy", "failover", "uniform_progress", "uniform_multi"};

struct AcceleratorRequest {
  std::string model;
  double count = 1;
  bool operator==(const AcceleratorRequest&) const = default;
};

// "4" is exactly 4, "4+" at least 4.
struct AmountRequest {
  double amount = 0;
  bool or_more = false;
  bool accepts(double offered) const { return or_more ? offered >= amount : offered == amount; }
  bool operator==(const AmountRequest&) const = default;
};

struct ResourceRequest {
  std::vector<AcceleratorRequest> accelerators;  // any one of them
  std::vector<Location> infra;                   // any one of them; empty: anywhere
  std::string instance_type;
  std::optional<AmountRequest> cpus;
  std::optional<AmountRequest> memory_gib;
  std::optional<bool> use_spot;  // true: spot only; false: on-demand only; nothing: whatever is cheapest
  std::optional<Money> max_hourly_cost;
  int disk_size_gb = 0;            // 0: not said
  int max_restarts_on_errors = 0;  // job_recovery.max_restarts_on_errors
  std::vector<std::string> ports;
  std::map<std::string, std::string> labels;
  std::vector<ResourceRequest> any_of;   // cheapest of them
  std::vector<ResourceRequest> ordered;  // first that can be had
  bool operator==(const ResourceRequest&) const = default;
};

struct WorkRequest {
  std::string unit = "step";
  double total = 0;                               // in units; 0: not said
  std::map<std::string, double> rate_per_s = {};  // units a second by accelerator model, "cpu" for none
  bool operator==(const WorkRequest&) const = default;
};

// Of the checkpoints whose program told this of them.
struct KeepBest {
  std::string metric;
  int count = 1;
  bool highest = false;  // those with the highest value, not the lowest
  bool operator==(const KeepBest&) const = default;
};

struct CheckpointRequest {
  std::string path;                  // relative to the working folder, or absolute; empty: no checkpoints
  std::optional<Duration> interval;  // nothing: auto
  std::string signal = {};           // "SIGUSR1"; empty: the program saves by itself
  int keep = 3;                      // newest checkpoints kept; at least 1
  std::vector<std::string> stores;   // names or URLs; the first holds the ledger; empty: the server's own
  int keep_hourly = 0;               // besides the newest, the newest of each of so many hours that have one
  int keep_daily = 0;                // the same of days
  std::optional<KeepBest> keep_best = {};
  bool encrypt = false;  // all that the job has in its stores is sealed by a key of the user's
  // Of saves while the program runs: as BandwidthTable::parse() reads it, or "@" and the absolute path of a
  // file on the node that holds it; empty: no limit.
  std::string bandwidth = {};
  bool operator==(const CheckpointRequest&) const = default;
};

struct JobSpec {
  std::string name;
  ResourceRequest resources;
  int num_nodes = 1;
  std::string workdir;  // absolute path on the submitting machine; empty: none
  std::string setup;
  std::string run;
  std::map<std::string, std::string> envs;
  std::vector<std::string>
      secrets;  // names only; values are taken from the submitter's environment and never stored
  FileMounts file_mounts;
  JobInputs inputs;
  std::vector<std::string> outputs;                       // paths kept when the job ends
  std::map<std::string, std::string> output_copies = {};  // path → the URL that it is copied to as well
  std::optional<Duration> duration;                       // the user's own estimate of the running time
  WorkRequest work;
  std::optional<Duration> deadline_after;  // relative to submission
  std::optional<Time> deadline_at;
  std::optional<Money> budget;
  CheckpointRequest checkpoint;
  std::vector<Location> avoid;
  std::map<std::string, double> max_share;           // supplier → largest share of the spend, 0 to 1
  int priority = 0;                                  // higher first
  std::string policy = {};                           // that decides where it runs; empty: the default
  std::optional<Money> waiting_cost = std::nullopt;  // what an hour until the end is worth
  json::object kept;  // fields that are understood but not acted on yet, as they were written
  bool operator==(const JobSpec&) const = default;
};

// Of file_mounts, inputs and outputs, each once, ascending.
std::vector<std::string> data_urls(const JobSpec& spec);

json::value to_json(const ResourceRequest& request);
Result<ResourceRequest> resource_request_from_json(const json::value& value, const std::string& path);
json::value to_json(const JobSpec& spec);
Result<JobSpec> job_spec_from_json(const json::value& value, const std::string& path);

}  // namespace tradewind
