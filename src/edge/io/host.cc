#include "edge/io/host.h"

#include <sys/mman.h>
#include <unistd.h>

#include "edge/io/errno_error.h"

namespace tradewind::io {

Result<UniqueFd> as_input(std::string_view bytes) {
  UniqueFd file(::memfd_create("input", MFD_CLOEXEC));
  if (!file.valid()) return errno_error(errno, "make room for a program's input");
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return errno_error(errno, "make room for a program's input");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return errno_error(errno, "rewind a program's input");
  return file;
}

std::string shell_quoted(std::string_view text) {
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./-";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) return std::string(text);
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'') {
      quoted += "'\\''";
    } else {
      quoted += letter;
    }
  }
  return quoted + "'";
}

Result<CommandOutput> LocalHost::run(const HostCommand& command) {
  SpawnRequest request;
  request.argv = command.argv;
  request.environment = environment_;
  UniqueFd input;
  if (!command.input.empty()) {
    TW_ASSIGN_OR_RETURN(input, as_input(command.input));
    request.stdin_fd = input.get();
  }
  return run_command(request, command.timeout, command.output_bytes_max);
}

}  // namespace tradewind::io
