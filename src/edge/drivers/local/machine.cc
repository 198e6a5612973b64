#include "edge/drivers/local/machine.h"

#include <cstdio>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "edge/drivers/local/instance_life.h"
#include "edge/drivers/local/machine_environment.h"
#include "edge/drivers/local/salvage.h"
#include "edge/io/files.h"
#include "edge/io/process_tree.h"
#include "edge/io/system_clock.h"

namespace tradewind::local {
namespace {

void note(const std::string& text) {
  std::fprintf(stderr, "%s %s\n", format_utc(io::SystemClock().now()).c_str(), text.c_str());
}

// Keeps the lock that the launcher handed over as standard input, or takes it. Nothing: somebody else has it.
std::optional<io::UniqueFd> take_alive_lock(const InstanceFolder& folder) {
  struct stat given = {};
  struct stat lock = {};
  const bool handed_over = ::fstat(STDIN_FILENO, &given) == 0 &&
                           ::stat(folder.alive_lock().c_str(), &lock) == 0 && given.st_dev == lock.st_dev &&
                           given.st_ino == lock.st_ino;
  if (handed_over) {
    io::UniqueFd kept(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    const io::UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (nothing.valid()) ::dup2(nothing.get(), STDIN_FILENO);
    return kept;
  }
  Result<io::FileLock> taken = io::FileLock::acquire(folder.alive_lock(), Duration(0));
  if (!taken) return std::nullopt;
  return io::UniqueFd(::fcntl(taken->fd(), F_DUPFD_CLOEXEC, 3));
}

int live(const InstanceFolder& folder, const LaunchRecord& launch, Secrets secrets) {
  const Status lived = live_instance(folder, launch, std::move(secrets));
  if (lived) return 0;
  note("the machine could not begin: " + describe(lived.error()));
  const Time now = io::SystemClock().now();
  const Status written = folder.write(StateRecord{InstanceState::terminated, now, now, false,
                                                  "the machine did not start: " + describe(lived.error())});
  if (!written) note("state.json: " + describe(written.error()));
  return 1;
}

// Waits until the machine is gone, however it went, and ends what it may have left behind.
int guard(pid_t machine, const InstanceFolder& folder, const std::string& token) {
  int status = 0;
  while (::waitpid(machine, &status, 0) < 0 && errno == EINTR) {
  }
  const Status killed = io::kill_descendants(::getpid(), std::chrono::minutes(10));
  if (!killed) note("after the machine: " + describe(killed.error()));
  io::reap_adopted({});
  const Result<StateRecord> state = folder.state();
  if (state && state->state == InstanceState::terminated) return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  note("the machine died before its instance");
  const Status salvaged = salvage(folder, token, io::SystemClock().now());
  if (!salvaged) note("salvage: " + describe(salvaged.error()));
  return 1;
}

// Two processes, each of which ends the instance when the other is killed: the guardian as the subreaper of
// all that the machine leaves behind, the machine by leading the instance to its end without a guardian.
int live_guarded(const std::filesystem::path& dir, Secrets secrets) {
  const InstanceFolder folder(dir);
  const std::optional<io::UniqueFd> alive = take_alive_lock(folder);
  if (!alive || !alive->valid()) {
    note(dir.string() + " is being run already");
    return 1;
  }
  const Result<LaunchRecord> launch = folder.launch();
  if (!launch) {
    note("the machine: " + describe(launch.error()));
    return 1;
  }
  const Status subreaper = io::become_subreaper();
  if (!subreaper) note(describe(subreaper.error()));
  const pid_t machine = ::fork();
  if (machine > 0) return guard(machine, folder, launch->token);
  return live(folder, *launch,
              std::move(secrets));  // also unguarded, when there is no room for a second process
}

}  // namespace

int run_machine(const std::filesystem::path& dir) {
  Secrets secrets = take_secrets();
  // Handed to init (or the next subreaper), so that the launcher need not outlive it nor collect it.
  const pid_t pid = ::fork();
  if (pid < 0) {
    std::perror("tradewind local-machine");
    return 1;
  }
  return pid > 0 ? 0 : live_guarded(dir, std::move(secrets));
}

}  // namespace tradewind::local
