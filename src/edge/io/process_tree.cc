#include "edge/io/process_tree.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <set>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "edge/io/errno_error.h"

namespace tradewind::io {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using Identity = std::pair<pid_t, std::uint64_t>;

// The calling thread goes before others for as long as this lives, where the user may ask for that.
class Urgency {
 public:
  Urgency() : before_(::getpriority(PRIO_PROCESS, 0)) { raised_ = ::setpriority(PRIO_PROCESS, 0, -20) == 0; }
  ~Urgency() {
    if (raised_) ::setpriority(PRIO_PROCESS, 0, before_);
  }
  Urgency(const Urgency&) = delete;
  Urgency& operator=(const Urgency&) = delete;

 private:
  int before_;
  bool raised_ = false;
};

// The caller, its ancestors and pid 1.
std::set<pid_t> untouchable(const std::vector<ProcessInfo>& table) {
  std::map<pid_t, pid_t> parents;
  for (const ProcessInfo& info : table) parents[info.identity.pid] = info.parent;
  std::set<pid_t> spared = {0, 1};
  for (pid_t pid = ::getpid(); spared.insert(pid).second;) pid = parents.contains(pid) ? parents[pid] : 0;
  return spared;
}

struct Round {
  std::vector<ProcessInfo> targets;  // running
  std::vector<pid_t> whole_groups;   // of which every member is a target
};

Round look(const TargetPicker& picker) {
  const std::vector<ProcessInfo> table = list_processes();
  const std::set<pid_t> spared = untouchable(table);
  Round round;
  std::set<pid_t> pids;
  for (const ProcessInfo& info : picker(table)) {
    if (info.ended() || spared.contains(info.identity.pid)) continue;
    if (pids.insert(info.identity.pid).second) round.targets.push_back(info);
  }
  std::set<pid_t> groups;
  for (const ProcessInfo& info : round.targets) groups.insert(info.group);
  for (const ProcessInfo& info : table) {
    if (!info.ended() && !pids.contains(info.identity.pid)) groups.erase(info.group);
  }
  groups.erase(0);
  groups.erase(1);
  groups.erase(::getpgrp());
  round.whole_groups.assign(groups.begin(), groups.end());
  return round;
}

void signal_round(const Round& round, int signal_number) {
  for (const pid_t group : round.whole_groups) ::kill(-group, signal_number);
  for (const ProcessInfo& info : round.targets) {
    const bool reached = std::binary_search(round.whole_groups.begin(), round.whole_groups.end(), info.group);
    if (!reached) send_signal(info.identity, signal_number);
  }
}

// Stops what is picked until nothing new turns up. Stopping first keeps the dying from being replaced.
void stop_all(const TargetPicker& picker, SteadyTime deadline) {
  std::set<Identity> stopped;
  while (std::chrono::steady_clock::now() < deadline) {
    const Round round = look(picker);
    bool fresh = false;
    for (const ProcessInfo& info : round.targets) {
      fresh |= stopped.emplace(info.identity.pid, info.identity.start_ticks).second;
    }
    if (!fresh) return;
    signal_round(round, SIGSTOP);
  }
}

}  // namespace

Status become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return errno_error(errno, "become a subreaper");
  return {};
}

Status kill_all(const TargetPicker& targets, Duration limit, std::span<const pid_t> groups_first) {
  const SteadyTime start = std::chrono::steady_clock::now();
  const Urgency urgency;
  for (const pid_t group : groups_first) {
    if (group > 1 && group != ::getpgrp()) ::kill(-group, SIGKILL);
  }
  // Half of the time for stopping: whatever could not be stopped is still killed.
  stop_all(targets, start + limit / 2);
  auto pause = std::chrono::milliseconds(1);
  // What forks faster than it can be looked at may be missing from one look, hardly from several.
  constexpr int clean_looks_needed = 3;
  for (int clean_looks = 0; clean_looks < clean_looks_needed;) {
    const Round round = look(targets);
    clean_looks = round.targets.empty() ? clean_looks + 1 : 0;
    if (round.targets.empty()) continue;
    signal_round(round, SIGKILL);
    if (std::chrono::steady_clock::now() >= start + limit) {
      return Error{Code::unavailable,
                   std::to_string(round.targets.size()) + " processes have not ended after " +
                       format_duration(limit) + ", among them " +
                       std::to_string(round.targets.front().identity.pid),
                   "a process in state D waits for a disk or a network file system"};
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(20));
  }
  return {};
}

Status kill_descendants(pid_t ancestor, Duration limit, std::span<const pid_t> groups_first) {
  return kill_all([ancestor](const std::vector<ProcessInfo>& table) { return descendants(table, ancestor); },
                  limit, groups_first);
}

int reap_adopted(std::span<const pid_t> keep) {
  const auto kept = [keep](pid_t pid) { return std::find(keep.begin(), keep.end(), pid) != keep.end(); };
  int reaped = 0;
  // The kernel names ended children one by one, until it names one that stays.
  while (true) {
    siginfo_t info = {};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return reaped;
    if (kept(info.si_pid)) break;
    if (::waitpid(info.si_pid, nullptr, WNOHANG) > 0) ++reaped;
  }
  const pid_t self = ::getpid();
  for (const ProcessInfo& info : list_processes()) {
    if (info.parent != self || !info.ended() || kept(info.identity.pid)) continue;
    if (::waitpid(info.identity.pid, nullptr, WNOHANG) > 0) ++reaped;
  }
  return reaped;
}

}  // namespace tradewind::io
