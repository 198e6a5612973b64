#include "edge/io/process_table.h"

#include <cerrno>
#include <charconv>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <memory>
#include <set>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unordered_map>

#include "base/text.h"
#include "edge/io/errno_error.h"
#include "edge/io/unique_fd.h"

namespace tradewind::io {
namespace {

// /proc files have no size: read until the end.
Result<std::string> read_proc(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return errno_error(errno, "read " + path);
  std::string text;
  char buffer[4096];
  while (true) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error(errno, "read " + path);
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
  }
}

std::string proc_path(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

template <class Number>
bool read_number(const std::string& text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool holds_entry(std::string_view environment, std::string_view entry) {
  std::size_t start = 0;
  while (start < environment.size()) {
    std::size_t end = environment.find('\0', start);
    if (end == std::string_view::npos) end = environment.size();
    if (environment.substr(start, end - start) == entry) return true;
    start = end + 1;
  }
  return false;
}

std::vector<pid_t> list_pids() {
  std::vector<pid_t> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  if (!proc) return pids;
  while (const dirent* entry = ::readdir(proc.get())) {  // NOLINT(concurrency-mt-unsafe): own stream
    pid_t pid = 0;
    if (read_number(entry->d_name, pid)) pids.push_back(pid);
  }
  return pids;
}

// A parent that ended while the table was read hands its children on: reads the new parent of those whose
// parent is not in the table.
void mend_parents(std::map<pid_t, ProcessInfo>& table) {
  for (auto entry = table.begin(); entry != table.end();) {
    if (entry->second.parent == 0 || table.contains(entry->second.parent)) {
      ++entry;
      continue;
    }
    const Result<ProcessInfo> again = process_info(entry->first);
    if (!again) {
      entry = table.erase(entry);
      continue;
    }
    entry->second = *again;
    ++entry;
  }
}

}  // namespace

Result<ProcessInfo> parse_stat(std::string_view line) {
  const Error bad{Code::corrupt, "'" + std::string(line.substr(0, 60)) + "' is no process status line"};
  const std::size_t open = line.find(" (");
  const std::size_t close = line.rfind(") ");  // the name may hold brackets
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return bad;
  ProcessInfo info;
  if (!read_number(std::string(line.substr(0, open)), info.identity.pid)) return bad;
  // What follows begins with stat's third field.
  const std::vector<std::string> fields = split(trim(line.substr(close + 2)), ' ');
  if (fields.size() < 20 || fields[0].size() != 1) return bad;
  info.state = fields[0][0];
  const bool numbers = read_number(fields[1], info.parent) && read_number(fields[2], info.group) &&
                       read_number(fields[3], info.session) && read_number(fields[17], info.threads) &&
                       read_number(fields[19], info.identity.start_ticks);
  if (!numbers) return bad;
  return info;
}

Result<ProcessInfo> process_info(pid_t pid) {
  const Result<std::string> line = read_proc(proc_path(pid, "stat"));
  if (!line) return Error{Code::not_found, "there is no process " + std::to_string(pid)};
  return parse_stat(*line);
}

Result<ProcessIdentity> own_identity() {
  TW_ASSIGN_OR_RETURN(const ProcessInfo info, process_info(::getpid()));
  return info.identity;
}

bool is_running(const ProcessIdentity& identity) {
  const Result<ProcessInfo> info = process_info(identity.pid);
  return info && info->identity == identity && !info->ended();
}

std::vector<ProcessInfo> list_processes() {
  // The names come in one go and the statuses after it: what was forked in between is missing, and a family
  // that forks and exits without end would never be caught. So look again until nothing new turns up.
  std::map<pid_t, ProcessInfo> table;
  constexpr int rounds_max = 8;
  for (int round = 0; round < rounds_max; ++round) {
    bool fresh = false;
    for (const pid_t pid : list_pids()) {
      if (table.contains(pid)) continue;
      const Result<ProcessInfo> info = process_info(pid);
      if (!info) continue;
      table.emplace(pid, *info);
      fresh = true;
    }
    if (!fresh) break;
  }
  mend_parents(table);
  std::vector<ProcessInfo> processes;
  processes.reserve(table.size());
  for (const auto& entry : table) processes.push_back(entry.second);
  return processes;
}

std::vector<ProcessInfo> descendants(const std::vector<ProcessInfo>& table, pid_t ancestor) {
  std::unordered_map<pid_t, std::vector<const ProcessInfo*>> children;
  for (const ProcessInfo& info : table) children[info.parent].push_back(&info);
  std::vector<ProcessInfo> found;
  std::vector<pid_t> open = {ancestor};
  std::set<pid_t> seen = {ancestor};  // a torn snapshot can hold a ring
  while (!open.empty()) {
    const pid_t parent = open.back();
    open.pop_back();
    for (const ProcessInfo* child : children[parent]) {
      if (!seen.insert(child->identity.pid).second) continue;
      found.push_back(*child);
      open.push_back(child->identity.pid);
    }
  }
  return found;
}

std::vector<ProcessInfo> find_by_environment(const std::vector<ProcessInfo>& table, std::string_view entry) {
  std::vector<ProcessInfo> found;
  for (const ProcessInfo& info : table) {
    if (info.ended()) continue;
    const Result<std::string> environment = read_proc(proc_path(info.identity.pid, "environ"));
    if (environment && holds_entry(*environment, entry)) found.push_back(info);
  }
  return found;
}

Result<std::string> boot_id() {
  TW_ASSIGN_OR_RETURN(const std::string text, read_proc("/proc/sys/kernel/random/boot_id"));
  return std::string(trim(text));
}

bool send_signal(const ProcessIdentity& identity, int signal_number) {
  // The pidfd pins the process before its identity is checked, so nobody else can take the number between.
  const UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, identity.pid, 0)));
  if (!fd.valid() && errno == ESRCH) return false;
  if (!is_running(identity)) return false;
  if (fd.valid()) return ::syscall(SYS_pidfd_send_signal, fd.get(), signal_number, nullptr, 0) == 0;
  return ::kill(identity.pid, signal_number) == 0;  // a kernel without pidfds
}

}  // namespace tradewind::io
