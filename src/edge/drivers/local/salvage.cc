#include "edge/drivers/local/salvage.h"

#include <algorithm>
#include <array>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/io/files.h"
#include "edge/io/process_tree.h"

namespace tradewind::local {
namespace {

constexpr Duration patience = std::chrono::seconds(60);

bool works_in(const io::ProcessInfo& info, const std::string& scratch) {
  std::array<char, 4096> target{};
  const std::string link = "/proc/" + std::to_string(info.identity.pid) + "/cwd";
  const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
  if (length <= 0) return false;
  const std::string_view folder(target.data(), static_cast<std::size_t>(length));
  return folder == scratch || folder.starts_with(scratch + "/");
}

// When the machine last said that it lives; `now` when that cannot be told.
Time last_seen(const InstanceFolder& folder, Time now) {
  struct stat status = {};
  if (::stat(folder.machine_file().c_str(), &status) != 0) return now;
  const auto since_epoch =
      std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
  return std::min(now, Time(std::chrono::ceil<Duration>(since_epoch)));
}

}  // namespace

Status kill_leftovers(const InstanceFolder& folder, const std::string& token, const Cgroup& cgroup,
                      Duration limit) {
  cgroup.kill();
  const std::string marker = marker_of(token);
  std::error_code error;
  const std::string scratch = std::filesystem::weakly_canonical(folder.scratch(), error).string();
  return io::kill_all(
      [&](const std::vector<io::ProcessInfo>& table) {
        std::vector<io::ProcessInfo> targets = io::find_by_environment(table, marker);
        const std::vector<pid_t> members = cgroup.members();
        for (const io::ProcessInfo& info : table) {
          const bool member = std::binary_search(members.begin(), members.end(), info.identity.pid);
          if (member || (!scratch.empty() && works_in(info, scratch))) targets.push_back(info);
        }
        return targets;
      },
      limit);
}

Status salvage(const InstanceFolder& folder, const std::string& token, Time now) {
  const Result<MachineRecord> machine = folder.machine();
  const Cgroup cgroup(machine ? machine->cgroups : std::vector<std::string>());
  TW_RETURN_IF_ERROR(kill_leftovers(folder, token, cgroup, patience));
  TW_RETURN_IF_ERROR(io::remove_tree(folder.scratch()));
  cgroup.remove();
  const Result<std::string> boot = io::boot_id();
  const bool rebooted = machine && boot && machine->boot_id != *boot;
  StateRecord state;
  state.state = InstanceState::terminated;
  state.changed_at = now;
  state.terminated_at = last_seen(folder, now);
  state.reason = io::path_exists(folder.terminate_request()) ? "terminated on request"
                 : rebooted                                  ? "this machine was started anew"
                                                             : "the process that stood for the machine died";
  return folder.write(state);
}

}  // namespace tradewind::local
