#include "app/server/server_lock.h"

#include <unistd.h>

#include "base/text.h"

namespace tradewind::server {
namespace {

constexpr std::size_t pid_bytes_max = 32;

}  // namespace

Result<io::FileLock> lock_state_folder(const api::StateFolder& folder) {
  TW_RETURN_IF_ERROR(io::with_cure(io::make_folders(folder.path, 0700), api::unusable_folder_cure));
  Result<io::FileLock> lock = io::FileLock::acquire(folder.server_lock(), Duration{});
  if (!lock.ok() && lock.error().code == Code::conflict) {
    const std::string pid(trim(io::read_file(folder.server_pid(), pid_bytes_max).value_or("")));
    return Error{Code::conflict,
                 "a server runs already for the state folder " + folder.path +
                     (pid.empty() ? "" : " (process " + pid + ")"),
                 "tradewind server stop ends it; its jobs go on"};
  }
  if (!lock.ok()) return io::with_cure(lock.error(), api::unusable_folder_cure);
  const std::string pid = std::to_string(::getpid()) + "\n";
  TW_RETURN_IF_ERROR(io::with_cure(io::write_file_atomic(folder.server_pid(), pid, {0600, false}),
                                   api::unusable_folder_cure));
  return lock;
}

}  // namespace tradewind::server
