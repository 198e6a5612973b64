#include "app/agent/process_usage.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <string>
#include <unistd.h>

#include "base/text.h"

namespace tradewind::agent {
namespace {

// Without trusting the file's size, which /proc gives as 0. Empty when the process is gone.
std::string read_proc(pid_t pid, const char* name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/" + name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::uint64_t number_from(const std::string& text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

ProcessUsage parse_usage(std::string_view stat_line, long ticks_per_s, std::uint64_t page_bytes) {
  // The name in brackets may hold spaces and brackets: fields are counted behind the last one.
  const std::size_t bracket = stat_line.rfind(')');
  if (bracket == std::string_view::npos || ticks_per_s <= 0) return {};
  const std::vector<std::string> fields = split(trim(stat_line.substr(bracket + 1)), ' ');
  constexpr std::size_t first = 3;  // number of fields[0] in proc(5)
  if (fields.size() <= 24 - first) return {};
  std::uint64_t ticks = 0;
  for (std::size_t field = 14; field <= 17; ++field) ticks += number_from(fields[field - first]);
  return {static_cast<double>(ticks) / static_cast<double>(ticks_per_s),
          number_from(fields[24 - first]) * page_bytes};
}

ProcessUsage usage_of(std::span<const io::ProcessInfo> processes) {
  const long ticks_per_s = ::sysconf(_SC_CLK_TCK);
  const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  ProcessUsage sum;
  for (const io::ProcessInfo& process : processes) {
    const ProcessUsage usage = parse_usage(read_proc(process.identity.pid, "stat"), ticks_per_s, page_bytes);
    sum.cpu_s += usage.cpu_s;
    sum.resident_bytes += usage.resident_bytes;
  }
  return sum;
}

bool parse_handles_signal(std::string_view status_text, int signal_number) {
  constexpr std::string_view label = "\nSigCgt:";
  const std::size_t at = status_text.find(label);
  if (at == std::string_view::npos || signal_number < 1 || signal_number > 64) return false;
  const std::string_view text = trim(status_text.substr(at + label.size(), 32));
  std::uint64_t mask = 0;
  std::from_chars(text.data(), text.data() + text.size(), mask, 16);
  return ((mask >> (signal_number - 1)) & 1U) != 0;
}

bool handles_signal(pid_t pid, int signal_number) {
  return parse_handles_signal(read_proc(pid, "status"), signal_number);
}

std::vector<io::ProcessInfo> first_handlers(std::span<const io::ProcessInfo> processes, int signal_number) {
  std::vector<io::ProcessInfo> handlers;
  for (const io::ProcessInfo& process : processes) {
    if (!process.ended() && handles_signal(process.identity.pid, signal_number)) handlers.push_back(process);
  }
  std::vector<io::ProcessInfo> first;
  for (const io::ProcessInfo& process : handlers) {
    const bool inherited = std::any_of(
        handlers.begin(), handlers.end(),
        [&process](const io::ProcessInfo& other) { return other.identity.pid == process.parent; });
    if (!inherited) first.push_back(process);
  }
  return first;
}

int signal_number(std::string_view name) {
  if (starts_with_ignoring_case(name, "SIG")) name.remove_prefix(3);
  for (int number = 1; number < NSIG; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && lower(name) == lower(known)) return number;
  }
  return 0;
}

}  // namespace tradewind::agent
