#include "edge/io/process.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/text.h"
#include "edge/io/errno_error.h"

namespace tradewind::io {
namespace {

// What the child needs, made before the fork: between fork and exec only async-signal-safe calls are allowed.
struct Prepared {
  std::string program;
  std::vector<char*> argv;
  std::vector<std::string> entries;
  std::vector<char*> envp;
  std::vector<const char*> join_files;
  const char* cwd = nullptr;
  int in = -1;
  int out = -1;
  int err = -1;
  bool new_session = true;
  bool die_with_parent = false;
  pid_t parent = 0;
};

enum class Stage : int { session, directory, streams, execute };
struct Failure {
  Stage stage;
  int error_number;
};

bool holds_nul(const std::string& text) {
  return text.find('\0') != std::string::npos;
}

std::string find_program(const std::string& name, const std::map<std::string, std::string>& environment) {
  if (name.find('/') != std::string::npos) return name;
  const auto path = environment.find("PATH");
  const std::string folders = path == environment.end() ? "/usr/local/bin:/usr/bin:/bin" : path->second;
  std::string denied;
  for (const std::string& folder : split(folders, ':')) {
    std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    if (denied.empty() && ::access(candidate.c_str(), F_OK) == 0) denied = candidate;
  }
  return denied;  // found but not executable: exec says why; empty: not found
}

Result<Prepared> prepare(const SpawnRequest& request) {
  if (request.argv.empty() || request.argv[0].empty()) {
    return Error{Code::invalid_argument, "cannot start a program without a name"};
  }
  bool nul = holds_nul(request.cwd);
  for (const std::string& argument : request.argv) nul |= holds_nul(argument);
  for (const auto& [name, value] : request.environment) nul |= holds_nul(name) || holds_nul(value);
  if (nul) {
    return Error{Code::invalid_argument,
                 "an argument or a variable of '" + request.argv[0] + "' holds a NUL byte"};
  }
  Prepared prepared;
  prepared.program = find_program(request.argv[0], request.environment);
  if (prepared.program.empty()) {
    return Error{Code::not_found, "there is no program '" + request.argv[0] + "' in the PATH",
                 "install it, or name it with its full path"};
  }
  // execve() takes char* for historical reasons and does not write.
  for (const std::string& argument : request.argv)
    prepared.argv.push_back(const_cast<char*>(argument.c_str()));
  prepared.argv.push_back(nullptr);
  for (const auto& [name, value] : request.environment) {
    std::string& entry = prepared.entries.emplace_back(name);
    entry.append("=").append(value);
  }
  for (std::string& entry : prepared.entries) prepared.envp.push_back(entry.data());
  prepared.envp.push_back(nullptr);
  for (const std::string& file : request.join_files) prepared.join_files.push_back(file.c_str());
  prepared.cwd = request.cwd.empty() ? nullptr : request.cwd.c_str();
  prepared.in = request.stdin_fd;
  prepared.out = request.stdout_fd;
  prepared.err = request.stderr_fd;
  prepared.new_session = request.new_session;
  prepared.die_with_parent = request.die_with_parent;
  prepared.parent = ::getpid();
  return prepared;
}

// --- in the child: no allocation, no locks ---

[[noreturn]] void give_up(int report_fd, Stage stage) {
  const Failure failure{stage, errno};
  [[maybe_unused]] const ssize_t n = ::write(report_fd, &failure, sizeof failure);
  ::_exit(127);
}

void reset_signals() {
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Duplicates first to numbers above 2, so that a source is not overwritten before it is used.
bool place_streams(const Prepared& prepared) {
  const int sources[3] = {prepared.in, prepared.out, prepared.err};
  int copies[3] = {};
  for (int i = 0; i < 3; ++i) {
    copies[i] = sources[i] >= 0 ? ::fcntl(sources[i], F_DUPFD_CLOEXEC, 3)
                                : ::open("/dev/null", (i == 0 ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
    if (copies[i] >= 0 && copies[i] < 3) copies[i] = ::fcntl(copies[i], F_DUPFD_CLOEXEC, 3);
    if (copies[i] < 0) return false;
  }
  for (int i = 0; i < 3; ++i) {
    if (::dup2(copies[i], i) < 0) return false;
  }
  return true;
}

void hide_other_descriptors() {
#ifdef SYS_close_range
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
#endif
  rlimit limit = {};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const int last = static_cast<int>(limit.rlim_cur < 65536 ? limit.rlim_cur : 65536);
  for (int fd = 3; fd < last; ++fd) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

[[noreturn]] void become(const Prepared& prepared, int report_fd) {
  reset_signals();
  if (prepared.new_session && ::setsid() < 0) give_up(report_fd, Stage::session);
  if (prepared.die_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != prepared.parent) ::_exit(127);  // it died before we asked
  }
  for (const char* file : prepared.join_files) {
    const int fd = ::open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0) continue;
    [[maybe_unused]] const ssize_t n = ::write(fd, "0", 1);
    ::close(fd);
  }
  if (!place_streams(prepared)) give_up(report_fd, Stage::streams);
  if (prepared.cwd != nullptr && ::chdir(prepared.cwd) != 0) give_up(report_fd, Stage::directory);
  hide_other_descriptors();
  ::execve(prepared.program.c_str(), prepared.argv.data(), prepared.envp.data());
  give_up(report_fd, Stage::execute);
}

// --- in the parent again ---

Error explain(const Failure& failure, const SpawnRequest& request, const std::string& program) {
  switch (failure.stage) {
    case Stage::session:
      return errno_error(failure.error_number, "make a session for " + program);
    case Stage::directory:
      return errno_error(failure.error_number, "enter the folder " + request.cwd + " for " + program);
    case Stage::streams:
      return errno_error(failure.error_number, "connect the output of " + program);
    case Stage::execute:
      break;
  }
  return errno_error(failure.error_number, "execute " + program);
}

ExitStatus exit_status(const siginfo_t& info) {
  return {info.si_code != CLD_EXITED, info.si_status};
}

Status wait_readable(int fd, Duration timeout) {
  pollfd entry = {fd, POLLIN, 0};
  const auto ms = std::clamp<Duration::rep>(timeout.count(), 0, 1'000'000'000);
  if (::poll(&entry, 1, static_cast<int>(ms)) < 0 && errno != EINTR) {
    return errno_error(errno, "wait for a process");
  }
  return {};
}

// Appends what can be read now, cut at max_bytes (the rest is read and dropped). False at the end.
bool drain(int fd, std::string& text, std::size_t max_bytes) {
  char buffer[16384];
  const ssize_t n = ::read(fd, buffer, sizeof buffer);
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  const std::size_t room = max_bytes - std::min(max_bytes, text.size());
  text.append(buffer, std::min(static_cast<std::size_t>(n), room));
  return n > 0;
}

// Reads both pipes until they end, the program has ended and they are empty, or the deadline comes (false).
bool read_streams(const Child& child, Pipe& out, Pipe& err, CommandOutput& output, std::size_t max_bytes,
                  std::chrono::steady_clock::time_point deadline) {
  while (out.read_end.valid() || err.read_end.valid()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) return false;
    pollfd entries[3] = {
        {out.read_end.get(), POLLIN, 0}, {err.read_end.get(), POLLIN, 0}, {child.pidfd(), POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
    const auto ms = std::min<std::chrono::milliseconds::rep>(left.count(), 1'000'000);
    if (::poll(entries, 3, static_cast<int>(ms)) < 0 && errno != EINTR) return true;
    if (entries[0].revents != 0 && !drain(out.read_end.get(), output.out, max_bytes)) out.read_end.close();
    if (entries[1].revents != 0 && !drain(err.read_end.get(), output.err, max_bytes)) err.read_end.close();
    // A daemon it left behind may hold the pipes for ever: its own end is the end.
    if (entries[2].revents != 0 && entries[0].revents == 0 && entries[1].revents == 0) return true;
  }
  return true;
}

}  // namespace

std::string to_text(const ExitStatus& status) {
  if (!status.signaled) return "exit code " + std::to_string(status.code);
  const char* name = ::sigabbrev_np(status.code);
  return "killed by " +
         (name != nullptr ? "SIG" + std::string(name) : "signal " + std::to_string(status.code));
}

Result<std::optional<ExitStatus>> Child::collect(bool block) {
  if (ended_) return ended_;
  siginfo_t info = {};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | (block ? 0 : WNOHANG)) != 0) {
    if (errno == EINTR) continue;
    return Error{Code::internal,
                 "the exit status of process " + std::to_string(pid_) + " was taken by somebody else"};
  }
  if (info.si_pid == pid_) ended_ = exit_status(info);
  return ended_;
}

Result<ExitStatus> Child::wait() {
  TW_ASSIGN_OR_RETURN(const std::optional<ExitStatus> status, collect(true));
  return *status;
}

Result<std::optional<ExitStatus>> Child::wait_for(Duration timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    TW_ASSIGN_OR_RETURN(const std::optional<ExitStatus> status, collect(false));
    const auto now = std::chrono::steady_clock::now();
    if (status || now >= deadline) return status;
    const auto left = std::chrono::ceil<Duration>(deadline - now);
    if (pidfd_.valid()) {
      TW_RETURN_IF_ERROR(wait_readable(pidfd_.get(), left));
    } else {
      std::this_thread::sleep_for(std::min(left, Duration(20)));
    }
  }
}

Status Child::signal(int signal_number) {
  TW_ASSIGN_OR_RETURN(const std::optional<ExitStatus> status, collect(false));
  if (status) return {};  // the number may be somebody else's by now
  if (::kill(pid_, signal_number) != 0 && errno != ESRCH) {
    return errno_error(errno, "signal process " + std::to_string(pid_));
  }
  return {};
}

Status Child::signal_group(int signal_number) {
  if (!own_group_) return signal(signal_number);
  // While any member of the group lives its number is given to no new process. So once ours was collected, a
  // process of that number means that the group is gone and the number is somebody else's.
  const bool taken = ::kill(pid_, 0) == 0 || errno == EPERM;
  if (ended_ && taken) return {};
  if (::kill(-pid_, signal_number) != 0 && errno != ESRCH) {
    return errno_error(errno, "signal process group " + std::to_string(pid_));
  }
  return {};
}

Result<Child> spawn(const SpawnRequest& request) {
  TW_ASSIGN_OR_RETURN(const Prepared prepared, prepare(request));
  TW_ASSIGN_OR_RETURN(Pipe report, make_pipe());
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error(errno, "start " + prepared.program);
  if (pid == 0) become(prepared, report.write_end.get());
  report.write_end.close();
  Failure failure{};
  ssize_t n = 0;
  do {
    n = ::read(report.read_end.get(), &failure, sizeof failure);
  } while (n < 0 && errno == EINTR);
  if (n == sizeof failure) {
    ::waitpid(pid, nullptr, 0);
    return explain(failure, request, prepared.program);
  }
  return Child(pid, request.new_session, UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))));
}

Result<Pipe> make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error(errno, "make a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<CommandOutput> run_command(SpawnRequest request, Duration timeout, std::size_t max_bytes) {
  TW_ASSIGN_OR_RETURN(Pipe out, make_pipe());
  TW_ASSIGN_OR_RETURN(Pipe err, make_pipe());
  request.stdout_fd = out.write_end.get();
  request.stderr_fd = err.write_end.get();
  TW_ASSIGN_OR_RETURN(Child child, spawn(request));
  out.write_end.close();
  err.write_end.close();
  CommandOutput output;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::optional<ExitStatus> ended;
  if (read_streams(child, out, err, output, max_bytes, deadline)) {
    const auto left = std::chrono::ceil<Duration>(deadline - std::chrono::steady_clock::now());
    TW_ASSIGN_OR_RETURN(ended, child.wait_for(std::max(left, Duration(0))));
  }
  if (!ended) {
    TW_RETURN_IF_ERROR(child.signal_group(SIGKILL));
    TW_RETURN_IF_ERROR(child.signal(SIGKILL));
    TW_ASSIGN_OR_RETURN(output.status, child.wait());
    return Error{Code::unavailable, "'" + request.argv[0] + "' did not end within " +
                                        format_duration(timeout) + " and was killed"};
  }
  output.status = *ended;
  return output;
}

std::map<std::string, std::string> current_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

std::map<std::string, std::string> take_environment(std::string_view prefix) {
  std::map<std::string, std::string> taken;
  for (const auto& [name, value] : current_environment()) {
    if (!name.starts_with(prefix)) continue;
    taken.emplace(name, value);
    if (char* const shown = ::getenv(name.c_str())) ::explicit_bzero(shown, value.size());
    ::unsetenv(name.c_str());
  }
  return taken;
}

}  // namespace tradewind::io
