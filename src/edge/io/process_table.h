// What runs on this machine, read from /proc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/result.h"

namespace tradewind::io {

// Names one process for ever: a pid alone is used again.
struct ProcessIdentity {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  // clock ticks after boot (proc(5), stat field 22)
  bool operator==(const ProcessIdentity&) const = default;
};

struct ProcessInfo {
  ProcessIdentity identity;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  char state = '?';  // proc(5): R S D T t Z X I
  int threads = 1;
  // A program whose first thread has ended while others run shows as a zombie, yet it runs.
  bool ended() const { return (state == 'Z' || state == 'X') && threads <= 1; }
};

// Reads one line of /proc/<pid>/stat. corrupt when it is none. The name in it may hold spaces and brackets.
Result<ProcessInfo> parse_stat(std::string_view line);

// not_found when there is no such process. Zombies are found (and ended()).
Result<ProcessInfo> process_info(pid_t pid);
Result<ProcessIdentity> own_identity();
// False for zombies and for a pid that is somebody else's now.
bool is_running(const ProcessIdentity& identity);

// Every process that this user may see, zombies too. A snapshot: what forks while it is read may be missing.
std::vector<ProcessInfo> list_processes();
// Those of `table` below `ancestor` by parenthood, without it.
std::vector<ProcessInfo> descendants(const std::vector<ProcessInfo>& table, pid_t ancestor);
// Those of `table` that run and whose environment held "NAME=value" when they were executed (or their
// parent's, when they were only forked). The environment of other users' processes is not readable: not
// found.
std::vector<ProcessInfo> find_by_environment(const std::vector<ProcessInfo>& table, std::string_view entry);

// Changes at every boot: stored beside an identity it tells whether the identity still means anything.
Result<std::string> boot_id();

// The signal reaches that very process or nobody. True when it was sent; false when the process is gone.
bool send_signal(const ProcessIdentity& identity, int signal_number);

}  // namespace tradewind::io
