#include "app/agent/stage_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "edge/io/errno_error.h"
#include "edge/io/files.h"
#include "edge/io/process_tree.h"

namespace tradewind::agent {
namespace {

// One argument of a program may be 128 KiB long (execve(2), MAX_ARG_STRLEN).
constexpr std::size_t argument_bytes_max = 100 << 10;
constexpr Duration kill_patience = std::chrono::seconds(2);

std::string shell() {
  for (const char* candidate : {"/bin/bash", "/usr/bin/bash", "/bin/sh"}) {
    if (::access(candidate, X_OK) == 0) return candidate;
  }
  return "bash";  // wherever the PATH has it
}

Duration steady_now() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

bool runs(const io::ProcessInfo& process) {
  return !process.ended();
}

// This program, as a rank on each node.
Result<std::vector<std::string>> gang_command(const StageRequest& request) {
  TW_RETURN_IF_ERROR(GangFolder(request.gang_folder).begin(request.script));
  std::error_code problem;
  const std::string own = std::filesystem::read_symlink("/proc/self/exe", problem).string();
  return std::vector<std::string>{request.launcher.string(), own, "rank",
                                  "--dir=" + request.gang_folder.string()};
}

Result<std::vector<std::string>> command(const StageRequest& request) {
  if (!request.launcher.empty()) return gang_command(request);
  if (request.script.size() <= argument_bytes_max)
    return std::vector<std::string>{shell(), "-c", request.script};
  TW_RETURN_IF_ERROR(io::write_file_atomic(request.script_file, request.script, {0600, false}));
  return std::vector<std::string>{shell(), request.script_file.string()};
}

}  // namespace

Result<StageProcess> StageProcess::start(const StageRequest& request) {
  io::SpawnRequest spawn;
  TW_ASSIGN_OR_RETURN(spawn.argv, command(request));
  spawn.environment = request.environment;
  spawn.cwd = request.cwd.string();
  spawn.die_with_parent = true;
  TW_ASSIGN_OR_RETURN(io::Pipe pipe, io::make_pipe());
  spawn.stdout_fd = pipe.write_end.get();
  spawn.stderr_fd = pipe.write_end.get();
  TW_ASSIGN_OR_RETURN(io::Child leader, io::spawn(spawn));
  if (::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK) != 0)
    return io::errno_error(errno, "read the program's output");
  return StageProcess(std::move(leader), std::move(pipe.read_end), request);
}

std::vector<io::ProcessInfo> StageProcess::family(const std::vector<io::ProcessInfo>& table) const {
  const std::vector<io::ProcessInfo> all = io::descendants(table, ::getpid());
  return helpers_ == nullptr ? all : helpers_->without_helpers(all);
}

std::vector<io::ProcessInfo> StageProcess::family() const {
  return family(io::list_processes());
}

Status StageProcess::kill_family() const {
  return io::kill_all([this](const std::vector<io::ProcessInfo>& table) { return family(table); },
                      kill_patience);
}

void StageProcess::reap_family(bool with_leader) const {
  std::vector<pid_t> keep = helpers_ == nullptr ? std::vector<pid_t>() : helpers_->pids();
  if (!with_leader) keep.push_back(leader_.pid());
  io::reap_adopted(keep);
}

void StageProcess::read_output(std::size_t bytes_max, const std::function<void(std::string_view)>& take) {
  std::array<char, 64 << 10> buffer;
  while (output_.valid() && bytes_max > 0) {
    const ssize_t n = ::read(output_.get(), buffer.data(), std::min(buffer.size(), bytes_max));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) {
      output_.close();
      return;
    }
    take(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
    bytes_max -= static_cast<std::size_t>(n);
  }
}

int StageProcess::send_save(int signal_number) {
  if (gang_) return gang_->folder().order("save " + std::to_string(signal_number)).ok() ? 1 : 0;
  int sent = 0;
  for (const io::ProcessInfo& process : first_handlers(family(), signal_number)) {
    if (io::send_signal(process.identity, signal_number)) ++sent;
  }
  return sent;
}

void StageProcess::terminate() {
  if (terminating_) return;
  terminating_ = true;
  if (gang_ && gang_->folder().order("terminate").ok()) return;
  for (const io::ProcessInfo& process : family()) {
    if (runs(process)) io::send_signal(process.identity, SIGTERM);
  }
}

// The launcher last: without it nobody tells when the ranks have ended.
void StageProcess::kill_gang() {
  if (!gang_->folder().order("kill").ok()) return;
  static_cast<void>(leader_.wait_for(kill_patience).ok());
}

void StageProcess::kill() {
  terminating_ = true;
  if (gang_) kill_gang();
  // Some may be left when the time runs out: ended() then stays empty, and the caller comes again.
  static_cast<void>(kill_family().ok());
}

std::optional<StageEnd> StageProcess::ended() {
  reap_family(false);
  if (gang_) gang_->watch(terminating_);
  Result<std::optional<io::ExitStatus>> status = leader_.wait_for(Duration::zero());
  // Somebody else took its status: it is gone, and not in order.
  if (!status.ok()) status = std::optional(io::ExitStatus{true, SIGKILL});
  if (!*status) return std::nullopt;
  const std::vector<io::ProcessInfo> left = family();
  if (std::any_of(left.begin(), left.end(), runs)) {
    if (terminating_) return std::nullopt;
    if (!kill_family().ok()) return std::nullopt;
  }
  reap_family(true);
  if (!gang_) return StageEnd{**status, -1, (*status)->signaled};
  std::optional<GangEnd> end = gang_->ended(**status, terminating_, steady_now());
  if (!end) return std::nullopt;
  return StageEnd{end->status, end->rank, end->killed, std::move(end->lost)};
}

ProcessUsage StageProcess::usage() const {
  const std::vector<io::ProcessInfo> processes = family();
  ProcessUsage sum = usage_of(processes);
  rusage collected = {};
  ::getrusage(RUSAGE_CHILDREN, &collected);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  sum.cpu_s += seconds(collected.ru_utime) + seconds(collected.ru_stime);
  return sum;
}

}  // namespace tradewind::agent
