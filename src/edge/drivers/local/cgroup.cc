#include "edge/drivers/local/cgroup.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <fcntl.h>
#include <set>
#include <signal.h>
#include <thread>
#include <unistd.h>

#include "base/text.h"
#include "edge/io/files.h"

namespace tradewind::local {
namespace {

using std::filesystem::path;

constexpr std::string_view wanted_controllers[] = {"memory", "cpu", "pids", "freezer"};

struct Membership {
  std::vector<std::string> controllers;  // empty: v2
  std::string folder;
};

// "4:memory:/a/b", "0::/a/b"
std::vector<Membership> parse_memberships(std::string_view text) {
  std::vector<Membership> found;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = line.substr(first + 1, second - first - 1);
    found.push_back(
        {names.empty() ? std::vector<std::string>() : split(names, ','), line.substr(second + 1)});
  }
  return found;
}

struct Mount {
  std::string root;
  std::string point;
  bool v2 = false;
  std::vector<std::string> options;  // of v1: the controllers are among them
};

// "31 23 0:27 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu" (proc(5), mountinfo)
std::vector<Mount> parse_mounts(std::string_view text) {
  std::vector<Mount> found;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    const std::vector<std::string> before = split(line.substr(0, dash), ' ');
    const std::vector<std::string> after = split(line.substr(dash + 3), ' ');
    if (before.size() < 5 || after.size() < 3) continue;
    if (after[0] != "cgroup" && after[0] != "cgroup2") continue;
    found.push_back({before[3], before[4], after[0] == "cgroup2", split(after[2], ',')});
  }
  return found;
}

bool holds(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool is_mount_of(const Mount& mount, const Membership& membership) {
  if (mount.v2 || membership.controllers.empty()) return mount.v2 && membership.controllers.empty();
  return holds(mount.options, membership.controllers.front());
}

// Inside a container the mount shows only what lies below its root.
path folder_in(const Mount& mount, const std::string& folder) {
  std::string below = folder;
  if (mount.root != "/") {
    const bool inside = below == mount.root || below.starts_with(mount.root + "/");
    below = inside ? below.substr(mount.root.size()) : "";
  }
  if (!below.empty() && below.front() == '/') below.erase(0, 1);
  return below.empty() || below.starts_with("..") ? path(mount.point) : path(mount.point) / below;
}

// These files are the kernel's: no temporary file, no rename.
bool write_control(const path& file, const std::string& text) {
  const io::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.valid() && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

void set_limits(const path& folder, const Hierarchy& hierarchy, const CgroupLimits& limits) {
  const auto bytes = std::to_string(static_cast<long long>(limits.memory_gib * 1024 * 1024 * 1024));
  const auto quota = std::to_string(std::max(1000LL, std::llround(limits.cpus * 100'000)));
  if (limits.memory_gib > 0)
    write_control(folder / (hierarchy.v2 ? "memory.max" : "memory.limit_in_bytes"), bytes);
  if (limits.cpus > 0 && hierarchy.v2) write_control(folder / "cpu.max", quota + " 100000");
  if (limits.cpus > 0 && !hierarchy.v2) {
    write_control(folder / "cpu.cfs_period_us", "100000");
    write_control(folder / "cpu.cfs_quota_us", quota);
  }
  if (limits.processes_max > 0) write_control(folder / "pids.max", std::to_string(limits.processes_max));
}

std::vector<pid_t> members_of(const path& folder) {
  std::vector<pid_t> members;
  const Result<std::string> text = io::read_file(folder / "cgroup.procs");
  if (!text) return members;
  for (const std::string& line : split(*text, '\n')) {
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), pid);
    if (error == std::errc() && end == line.data() + line.size() && pid > 0) members.push_back(pid);
  }
  return members;
}

// Waits a little for the freezer to have all: it fails to when a process sits in the kernel.
void wait_frozen(const path& folder) {
  for (int i = 0; i < 50; ++i) {
    const Result<std::string> state = io::read_file(folder / "freezer.state");
    if (!state || trim(*state) != "FREEZING") return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

std::vector<Hierarchy> parse_hierarchies(std::string_view cgroup_text, std::string_view mountinfo_text) {
  const std::vector<Mount> mounts = parse_mounts(mountinfo_text);
  std::vector<Hierarchy> found;
  std::set<path> folders;
  for (const Membership& membership : parse_memberships(cgroup_text)) {
    const bool v2 = membership.controllers.empty();
    const bool wanted = v2 || std::any_of(std::begin(wanted_controllers), std::end(wanted_controllers),
                                          [&](auto name) { return holds(membership.controllers, name); });
    if (!wanted) continue;
    for (const Mount& mount : mounts) {
      if (!is_mount_of(mount, membership)) continue;
      const path folder = folder_in(mount, membership.folder);
      if (folders.insert(folder).second) found.push_back({membership.controllers, v2, folder});
      break;
    }
  }
  return found;
}

std::vector<Hierarchy> own_hierarchies() {
  const Result<std::string> memberships = io::read_file("/proc/self/cgroup");
  const Result<std::string> mounts = io::read_file("/proc/self/mountinfo");
  if (!memberships || !mounts) return {};
  return parse_hierarchies(*memberships, *mounts);
}

Cgroup Cgroup::create(const std::string& name, const CgroupLimits& limits,
                      const std::vector<Hierarchy>& hierarchies) {
  Cgroup group;
  for (const Hierarchy& hierarchy : hierarchies) {
    const path folder = hierarchy.own_folder / ("tradewind-" + name);
    // v2 hands controllers to children only where the parent says so, and refuses while it has processes.
    for (const char* controller : {"+memory", "+cpu", "+pids"}) {
      if (hierarchy.v2) write_control(hierarchy.own_folder / "cgroup.subtree_control", controller);
    }
    std::error_code error;
    std::filesystem::create_directory(folder, error);
    if (error || !io::path_exists(folder / "cgroup.procs")) continue;
    set_limits(folder, hierarchy, limits);
    group.folders_.push_back(folder.string());
  }
  return group;
}

std::vector<std::string> Cgroup::join_files() const {
  std::vector<std::string> files;
  for (const std::string& folder : folders_) files.push_back(folder + "/cgroup.procs");
  return files;
}

std::vector<pid_t> Cgroup::members() const {
  std::set<pid_t> pids;
  for (const std::string& folder : folders_) {
    for (const pid_t pid : members_of(folder)) pids.insert(pid);
  }
  return {pids.begin(), pids.end()};
}

void Cgroup::kill() const {
  for (const std::string& folder : folders_) {
    if (write_control(path(folder) / "freezer.state", "FROZEN")) wait_frozen(folder);
    write_control(path(folder) / "cgroup.freeze", "1");
  }
  for (const pid_t pid : members()) {
    if (pid != ::getpid()) ::kill(pid, SIGKILL);
  }
  // A frozen process of v1 dies when it is thawed, one of v2 at once.
  for (const std::string& folder : folders_) write_control(path(folder) / "freezer.state", "THAWED");
  for (const std::string& folder : folders_) write_control(path(folder) / "cgroup.freeze", "0");
}

bool Cgroup::remove() const {
  bool all = true;
  for (const std::string& folder : folders_) {
    bool gone = false;
    for (int i = 0; i < 100 && !gone; ++i) {  // the kernel takes a moment after the last process
      gone = ::rmdir(folder.c_str()) == 0 || errno == ENOENT;
      if (!gone) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    all &= gone;
  }
  return all;
}

}  // namespace tradewind::local
