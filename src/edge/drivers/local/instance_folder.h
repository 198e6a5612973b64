// An instance on disk. The driver, its machine and people who look for what went wrong read the same files:
//   <root>/lock                     held while instances are made, counted or cleared up
//   <root>/zones/<zone>/epoch       the zone's first use (RFC 3339), from which its trace counts
//   <root>/instances/<token>/       one instance; published by one rename, so it is whole or absent
//     launch.json                   what was asked and the zone as it was; never changes
//     machine.json                  written by the machine when it begins; touched while it lives
//     state.json                    written by the machine; absent: pending
//     alive                         locked (flock) as long as the machine lives, however it dies
//     terminate                     appears when the end is asked for
//     notice                        appears when a preemption is announced
//     limit                         appears when the agent was ordered to run on beyond its hard limit (RFC
//     3339) scratch/                      the instance's disk; gone with it agent.log, machine.log
//   <root>/ended/<token>/           launch.json and state.json of those no longer shown: tokens stay used
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/model/instance.h"
#include "edge/drivers/lending/lending_watch.h"
#include "edge/drivers/local/zone.h"
#include "edge/io/process_table.h"

namespace tradewind::local {

// launch.json
struct LaunchRecord {
  std::string token;  // also the instance's id
  OwnerId owner;
  JobId job;
  Offer offer;
  Zone zone;
  Time zone_epoch;
  Time launched_at;
  Time hard_limit;
  std::vector<std::string> agent;  // program and the caller's arguments; the machine adds its own
  // Whose rules the instance keeps to, where the machine is lent by its owner.
  std::optional<lending::Places> lending = std::nullopt;
};
json::value to_json(const LaunchRecord& record);
Result<LaunchRecord> launch_record_from_json(const json::value& value, const std::string& path);

// state.json
struct StateRecord {
  InstanceState state = InstanceState::pending;
  Time changed_at;
  std::optional<Time> terminated_at = std::nullopt;
  bool preempted = false;
  std::string reason = {};
};
json::value to_json(const StateRecord& record);
Result<StateRecord> state_record_from_json(const json::value& value, const std::string& path);

// machine.json
struct MachineRecord {
  io::ProcessIdentity identity;
  std::string boot_id;
  std::vector<std::string> cgroups;  // folders made for this instance
};
json::value to_json(const MachineRecord& record);
Result<MachineRecord> machine_record_from_json(const json::value& value, const std::string& path);

// [A-Za-z0-9._-], at most 64, not beginning with '.': safe as a folder's name.
bool is_token(std::string_view text);

class InstanceFolder {
 public:
  explicit InstanceFolder(std::filesystem::path path) : path_(std::move(path)) {}

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path launch_file() const { return path_ / "launch.json"; }
  std::filesystem::path machine_file() const { return path_ / "machine.json"; }
  std::filesystem::path state_file() const { return path_ / "state.json"; }
  std::filesystem::path alive_lock() const { return path_ / "alive"; }
  std::filesystem::path terminate_request() const { return path_ / "terminate"; }
  std::filesystem::path notice() const { return path_ / "notice"; }
  std::filesystem::path limit() const { return path_ / "limit"; }
  std::filesystem::path scratch() const { return path_ / "scratch"; }
  std::filesystem::path agent_log() const { return path_ / "agent.log"; }
  std::filesystem::path machine_log() const { return path_ / "machine.log"; }

  // not_found; corrupt.
  Result<LaunchRecord> launch() const;
  Result<MachineRecord> machine() const;
  // Pending when there is none yet.
  Result<StateRecord> state() const;
  Status write(const LaunchRecord& record) const;
  Status write(const MachineRecord& record) const;
  Status write(const StateRecord& record) const;

 private:
  std::filesystem::path path_;
};

// "TRADEWIND_INSTANCE=<token>": every process of the instance has it in its environment.
inline constexpr const char* marker_variable = "TRADEWIND_INSTANCE";
std::string marker_of(const std::string& token);

}  // namespace tradewind::local
