// Starting programs and waiting for them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "edge/io/unique_fd.h"

namespace tradewind::io {

struct SpawnRequest {
  // argv[0] is an absolute path, or a plain name that is looked up in the PATH of `environment`.
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;  // all of it: nothing is inherited
  std::string cwd = {};                            // empty: the caller's
  // Its own session and process group, whose number is the child's pid: signal_group() then reaches all that
  // the child starts and that does not leave the group.
  bool new_session = true;
  // Only these three descriptors reach the child. -1: /dev/null. They stay open in the caller.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
  // SIGKILL to the child when the calling THREAD ends: call from one that lives as long as the program.
  bool die_with_parent = false;
  // The child writes "0" into each before it executes: a cgroup's cgroup.procs, which it thereby joins with
  // all that it will ever start. What cannot be written is passed over.
  std::vector<std::string> join_files = {};
};

struct ExitStatus {
  bool signaled = false;
  int code = 0;  // the exit code, or the signal's number
  bool success() const { return !signaled && code == 0; }
  // 0-255; 128 + signal as shells have it.
  int shell_code() const { return signaled ? 128 + code : code; }
  bool operator==(const ExitStatus&) const = default;
};
// "exit code 3", "killed by SIGKILL".
std::string to_text(const ExitStatus& status);

// A started program. Destroying it neither ends nor waits for the program.
class Child {
 public:
  Child(pid_t pid, bool own_group, UniqueFd pidfd)
      : pid_(pid), own_group_(own_group), pidfd_(std::move(pidfd)) {}

  pid_t pid() const { return pid_; }
  // Readable (poll) once the program has ended. -1 where the kernel has no pidfds (before 5.3).
  int pidfd() const { return pidfd_.get(); }
  // Blocks until it has ended. internal when somebody else took its status.
  Result<ExitStatus> wait();
  // Nothing when it still runs after that long. Zero asks without waiting.
  Result<std::optional<ExitStatus>> wait_for(Duration timeout);
  // To the program alone. An ended one counts as success.
  Status signal(int signal_number);
  // To its whole process group (REQUIRES new_session); success also when nothing of it is left.
  Status signal_group(int signal_number);

 private:
  Result<std::optional<ExitStatus>> collect(bool block);
  pid_t pid_;
  bool own_group_;
  UniqueFd pidfd_;
  std::optional<ExitStatus> ended_;
};

// The program has been executed when this returns a Child. Errors name the program: not_found, unauthorized
// (not executable), invalid_argument (not a program, empty argv, a NUL byte), unavailable (out of processes).
// Signal mask and handlers of the child are the defaults.
Result<Child> spawn(const SpawnRequest& request);

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};
// Both ends close on exec.
Result<Pipe> make_pipe();

struct CommandOutput {
  ExitStatus status;
  std::string out;
  std::string err;
};
// Runs a program to its end with its output caught, each stream cut after `max_bytes`. At the timeout its
// process group is killed and the answer is unavailable. stdout_fd and stderr_fd of the request are ignored.
Result<CommandOutput> run_command(SpawnRequest request, Duration timeout,
                                  std::size_t max_bytes = std::size_t{16} << 20);

// This process's own environment, for requests that pass it on.
std::map<std::string, std::string> current_environment();
// Takes those whose names begin so out of this process's environment, and wipes their values where the kernel
// shows them (/proc/PID/environ). Before the first thread: the environment is nobody's while it changes.
std::map<std::string, std::string> take_environment(std::string_view prefix);

}  // namespace tradewind::io
