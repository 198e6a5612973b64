// The hosts of one's own that are reached by SSH, as ssh.yaml lists them (docs/suppliers/ssh.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/offer.h"
#include "core/task/task_error.h"
#include "edge/drivers/node/node_wire.h"

namespace tradewind::ssh {

struct HostConfig {
  std::string name;       // [a-z0-9._-]+; the second part of its location, "ssh/<name>"
  std::string host;       // what ssh connects to: a name, an address, or a Host of ~/.ssh/config; the name
  std::string user = {};  // empty: ssh's own choice
  int port = 0;           // 0: ssh's own choice
  std::string jump = {};  // "user@bastion:22", several with commas: ssh -J
  std::string identity = {};          // a private key's file; empty: the agent and ssh's own choice
  std::string known_hosts = {};       // a file; empty: ssh's own
  std::string folder = ".tradewind";  // on the host; a relative one lies in the home
  std::string claims = "/tmp/tradewind-claims";    // on the host; the same for all who share it
  Money price_per_hour;                            // of the whole host: power, amortisation, or nothing
  Money egress_per_gb;                             // for a gigabyte (10^9 bytes) that leaves
  int slots = 1;                                   // of a host without GPUs: how many jobs share it
  int cpus = 0;                                    // 0: as it says itself
  double memory_gib = 0;                           // 0: as it says itself
  std::optional<Accelerator> gpus = std::nullopt;  // nothing: as it says itself
  // How long the host remembers an instance that ended; then nothing of it is left there.
  Duration forget_after = std::chrono::minutes(10);
  bool operator==(const HostConfig&) const = default;
};

struct HostsOutcome {
  std::vector<HostConfig> hosts;
  std::vector<task::TaskError> errors;  // in the order of the file
};
HostsOutcome parse_hosts(std::string_view yaml, const std::string& home);
// All that is wrong with the file in one error, with its lines. `home`: what "~/" stands for.
Result<std::vector<HostConfig>> read_hosts_file(const std::filesystem::path& file, const std::string& home);

// The shapes in which a host is sold, as zones of its machine: "gpu-1", "gpu-2", "gpu-4" … with their share
// of cores and memory; of a host without GPUs "whole", and "slot" where several share it. Where its owner has
// rules, no more than he lends, and as spot: he may want it back.
std::vector<local::Zone> shapes_of(const HostConfig& host, const node::HostFacts& facts);

}  // namespace tradewind::ssh
