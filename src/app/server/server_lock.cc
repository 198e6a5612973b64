#include "app/server/server_lock.h"

#include <unistd.h>

#include "base/text.h"

namespace tradewind::server {
namespace {

constexpr std::size_t pid_bytes_max = 32;

// A state folder that cannot be used is cured in one way only; a full disk and its like have a cure of their
// own.
Error with_cure(Error error) {
  if (error.code == Code::unavailable && !error.hint.empty()) return error;
  error.hint = "set TRADEWIND_HOME to a folder that you can write";
  return error;
}

}  // namespace

Result<io::FileLock> lock_state_folder(const api::StateFolder& folder) {
  const Status made = io::make_folders(folder.path, 0700);
  if (!made.ok()) return with_cure(made.error());
  Result<io::FileLock> lock = io::FileLock::acquire(folder.server_lock(), Duration{});
  if (!lock.ok() && lock.error().code == Code::conflict) {
    const std::string pid(trim(io::read_file(folder.server_pid(), pid_bytes_max).value_or("")));
    return Error{Code::conflict,
                 "a server runs already for the state folder " + folder.path +
                     (pid.empty() ? "" : " (process " + pid + ")"),
                 "tradewind server stop ends it; its jobs go on"};
  }
  if (!lock.ok()) return with_cure(lock.error());
  const Status written =
      io::write_file_atomic(folder.server_pid(), std::to_string(::getpid()) + "\n", {0600, false});
  if (!written.ok()) return with_cure(written.error());
  return lock;
}

}  // namespace tradewind::server
