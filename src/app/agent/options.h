// The agent's command line, which the supplier's driver puts together from the broker's arguments and its
// own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/agent/metadata_watch.h"
#include "base/id.h"
#include "base/result.h"
#include "base/time.h"
#include "core/model/offer.h"

namespace tradewind::agent {

struct AgentOptions {
  std::string store_url;                       // the job's home: ledger, mailbox, chunks
  std::string local_store_url = {};            // the place's own store; empty: none
  std::vector<std::string> standby_urls = {};  // further copies of the checkpoints
  std::vector<std::string> data_urls = {};     // stores that the job's data comes from or goes to
  std::filesystem::path data_cache =
      {};  // where brought data stays for the next job; empty: beside the place's store
  OwnerId owner;
  JobId job;
  LeaseId lease;
  bool standby = false;
  bool packed = false;     // the task's own files come from the job's home (checkpoint/package.h)
  bool encrypted = false;  // the job's stores are sealed by the data key in the environment
  std::optional<Time> hard_limit = std::nullopt;
  Duration lease_term = std::chrono::seconds(30);
  std::filesystem::path scratch;      // a folder of this lease alone
  std::filesystem::path notice = {};  // the file in which a preemption notice appears; empty: none comes
  // The cloud whose metadata service tells of a preemption; nothing: none is asked.
  std::optional<MetadataSource> metadata = std::nullopt;
  std::filesystem::path limit_file = {};  // where the machine learns of a later hard limit; empty: nowhere
  Location location = {};
  Purchase purchase = Purchase::on_demand;
  std::optional<Accelerator> accelerator = std::nullopt;
  int attempt = 1;
  // Where the lease has several nodes (gang.h): what starts programs on all of them, and their addresses, the
  // head's first.
  std::filesystem::path launcher = {};
  std::vector<std::string> node_ips = {};
  Duration poll = std::chrono::milliseconds(250);
  Duration grace = std::chrono::seconds(10);
  double hazard_per_hour = 0;
  std::optional<Duration> notice_lead = std::nullopt;
};

// invalid_argument names the option, what was found and what is allowed.
Result<AgentOptions> parse_options(const std::vector<std::string>& arguments);

// What --help prints.
std::string help_text();

}  // namespace tradewind::agent
