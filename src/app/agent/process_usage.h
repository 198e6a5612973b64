// What a family of processes uses, and which of them handle a signal: from /proc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "edge/io/process_table.h"

namespace tradewind::agent {

struct ProcessUsage {
  double cpu_s = 0;  // user and system, their ended children's included
  std::uint64_t resident_bytes = 0;
  bool operator==(const ProcessUsage&) const = default;
};

// Of one line of /proc/<pid>/stat (proc(5), fields 14 to 17 and 24). Zero when it is none.
ProcessUsage parse_usage(std::string_view stat_line, long ticks_per_s, std::uint64_t page_bytes);

// Sum over those that still exist.
ProcessUsage usage_of(std::span<const io::ProcessInfo> processes);

// Whether the process has a handler of its own for the signal (SigCgt of proc(5)): the others would be ended
// by it, or not hear it.
bool handles_signal(pid_t pid, int signal_number);
bool parse_handles_signal(std::string_view status_text, int signal_number);

// Of `processes`, those that handle the signal and whose parent does not: a program rather than the workers
// that it forked with its handlers.
std::vector<io::ProcessInfo> first_handlers(std::span<const io::ProcessInfo> processes, int signal_number);

// "SIGUSR1", "USR1", "sigusr1". 0 when there is no such signal.
int signal_number(std::string_view name);

}  // namespace tradewind::agent
