#include "edge/io/mounts.h"

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sys/mount.h>
#include <unistd.h>

#include "base/reversed.h"
#include "base/text.h"
#include "edge/io/errno_error.h"
#include "edge/io/process.h"

namespace tradewind::io {
namespace {

namespace fs = std::filesystem;

constexpr Duration helper_patience = std::chrono::seconds(10);

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

// The kernel writes blanks, tabs, line ends and backslashes as "\040".
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
                           is_octal(text[i + 2]) && is_octal(text[i + 3]);
    if (!is_escape) {
      plain += text[i];
      continue;
    }
    plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
    i += 3;
  }
  return plain;
}

}  // namespace

std::vector<MountPoint> parse_mountinfo(std::string_view text) {
  constexpr std::size_t path_field = 4;
  std::vector<MountPoint> found;
  for (const std::string& line : split(text, '\n')) {
    const std::size_t separator = line.find(" - ");
    if (separator == std::string::npos) continue;
    const std::vector<std::string> before = split(line.substr(0, separator), ' ');
    const std::vector<std::string> after = split(line.substr(separator + 3), ' ');
    if (before.size() <= path_field || after.empty()) continue;
    found.push_back({unescaped(before[path_field]), after.front()});
  }
  return found;
}

std::vector<MountPoint> mount_points() {
  std::ifstream file("/proc/self/mountinfo");
  return parse_mountinfo(std::string(std::istreambuf_iterator<char>(file), {}));
}

Status detach_mount(const fs::path& path) {
  if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) return {};
  if (errno != EPERM) return errno_error(errno, "unmount " + path.string());
  SpawnRequest request;
  request.argv = {"fusermount3", "-u", "-z", "-q", path.string()};
  request.environment = current_environment();
  TW_ASSIGN_OR_RETURN(const CommandOutput done, run_command(request, helper_patience));
  if (done.status.success()) return {};
  return Error{Code::unavailable,
               "cannot unmount " + path.string() + ": fusermount3 " + to_text(done.status)};
}

void detach_mounts_below(const fs::path& folder, std::string_view type) {
  const std::vector<MountPoint> all = mount_points();
  for (const MountPoint& mount : reversed(all)) {
    const fs::path relative = mount.path.lexically_relative(folder);
    if (mount.type != type || relative.empty() || *relative.begin() == "..") continue;
    static_cast<void>(detach_mount(mount.path));
  }
}

}  // namespace tradewind::io
